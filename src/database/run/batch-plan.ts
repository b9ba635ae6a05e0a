/** How large the next batch is, how long it rests, and when all of it will be done: pure. */

/** Few enough to be no burden where each row is expensive; it doubles from there. */
export const firstBatch = 200;
const largestBatch = 50_000;
/** What a transaction costs by itself, on a server that is far or busy, would make batches ever smaller, and all of it never end. */
const smallestBatch = 20;

/** Aims at a time for a batch; never more than twice as many as before, since rows differ. @param tookMs of the last one */
export function nextSize(size: number, tookMs: number, targetMs: number): number {
  const factor = Math.min(2, Math.max(0.25, targetMs / Math.max(tookMs, 1)));
  return Math.max(smallestBatch, Math.min(largestBatch, Math.round(size * factor)));
}

/** A quarter of the time belongs to others, vacuum and replicas among them. */
export const restAfter = (tookMs: number): number => tookMs / 3;

/** @returns milliseconds; null when nobody can know yet, or the server's estimate was too low */
export function etaOf(seen: number, total: number, spentMs: number): number | null {
  if (seen <= 0 || total <= seen) return null;
  return ((total - seen) / seen) * spentMs;
}
