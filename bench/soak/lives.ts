/** How long a stream of the soak lives: over a switch or two, and well within the deadline of a drain. */
export const lifeMs = (): number => 800 + Math.random() * 1700;
