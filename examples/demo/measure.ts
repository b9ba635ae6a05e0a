import type { Sample } from '../../src/load/samples.ts';

/**
 * How long a version went on answering requests after it had been told to stop: milliseconds from `at` to the start of
 * the first request after which no newly started one was answered by it. Null when no request was started after that.
 * @param at epoch milliseconds on the clock of the samples
 */
export function leftAfterMs(samples: Iterable<Sample>, version: string, at: number): number | null {
  const sent = [...samples].filter(({ sentAt }) => !Number.isNaN(sentAt));
  const last = Math.max(at, ...sent.filter((each) => each.version === version).map(({ sentAt }) => sentAt));
  const after = sent.map(({ sentAt }) => sentAt).filter((sentAt) => sentAt > last);
  return after.length === 0 ? null : Math.min(...after) - at;
}
