/** How long to wait for what somebody else has to let go of. */
export interface Patience {
  /** Milliseconds that one try waits for a lock, and everybody else behind it. */
  readonly lockTimeoutMs: number;
  /** Milliseconds after the first try after which there is no other. */
  readonly deadlineMs: number;
}

/** In 200 ms nobody who waits behind has given up; ten minutes are longer than any transaction that should be open. */
export const usualPatience: Patience = { lockTimeoutMs: 200, deadlineMs: 600_000 };

const firstPauseMs = 300;
/** Rare enough that readers are stalled for a few per cent of the time at most. */
const longestPauseMs = 5000;

/**
 * The pause before the next try: doubled each time, half of it by chance ("equal jitter",
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so that those who wait for the same do not meet again.
 * @param tries how many have failed, from 1 @param chance 0 to 1
 * @returns milliseconds
 */
export function pauseBefore(tries: number, chance: number): number {
  const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries - 1, 20));
  return most / 2 + (most / 2) * chance;
}
