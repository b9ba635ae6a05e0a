/** Milliseconds since the epoch with fractions; in every thread of this process the same clock. */
export const epochNow = (): number => performance.timeOrigin + performance.now();
