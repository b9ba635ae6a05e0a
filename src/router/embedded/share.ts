/**
 * Which of how many workers this is. What is limited for all of them together (`max-in-flight`, the queue) is divided
 * among them for good: a worker that had to ask the others first could not decide in one synchronous block. The price
 * is that a busy worker cannot use what an idle one leaves.
 */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** All of it: for a single worker. */
export const whole: Share = { index: 0, of: 1 };

/**
 * This worker's part of a number; the parts of all workers add up to it. Never less than 1: a worker with nothing
 * could answer nobody, so teal.yaml is refused when there are more workers than that.
 */
export function partOf(total: number, { index, of }: Share): number {
  return Math.max(1, Math.floor(total / of) + (index < total % of ? 1 : 0));
}
