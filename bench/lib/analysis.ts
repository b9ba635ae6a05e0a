/** From requests and moments to figures: pure. All times are milliseconds since the epoch, with fractions. */
import { percentile } from '../../src/load/report.ts';
import type { Sample } from '../../src/load/samples.ts';

/** One change of the live version. */
export interface Move {
  readonly kind: 'switch' | 'rollback';
  /** The command is about to be written. */
  readonly at: number;
  /** The control plane has answered it. */
  readonly answeredAt: number;
  readonly from: string;
  readonly to: string;
}

/** A moment beside each move at which nothing happens. */
export interface Placebo {
  /** Begin of a window in which nothing is asked. */
  readonly windowAt: number;
  /** A question that changes nothing is about to be written. */
  readonly at: number;
  readonly answeredAt: number;
}

export interface Took {
  /** To the start of the first request after which none that starts is answered by the old side; null: never. */
  readonly ms: number | null;
  /** Between the last request that the old side answered and the next one: no figure is more exact than that. */
  readonly gapMs: number | null;
}

/** @param started the answered requests, by `sentAt` @param end when the next move begins, or the run ends */
export function timeOf(move: Move, started: readonly Sample[], end: number): Took {
  const first = started.findIndex(({ sentAt }) => sentAt >= move.at);
  if (first === -1) return { ms: null, gapMs: null };
  let last = first - 1;
  for (let index = first; index < started.length; index += 1) {
    const { sentAt, version } = started[index] as Sample;
    if (sentAt >= end) break;
    if (version === move.from) last = index;
  }
  const next = started[last + 1];
  if (next === undefined || next.sentAt >= end) return { ms: null, gapMs: null };
  const before = started[last]?.sentAt;
  return { ms: next.sentAt - move.at, gapMs: before === undefined ? null : next.sentAt - before };
}

/** The same for a question that changes nothing: to the first request that starts after its answer. */
export function placeboTime({ at, answeredAt }: Placebo, started: readonly Sample[]): number | null {
  const next = started.find(({ sentAt }) => sentAt >= answeredAt);
  return next === undefined ? null : next.sentAt - at;
}

/** Latencies, from the time a request was due, of the answered requests that were due within `ms` after any of the moments. */
export function latencies(
  samples: readonly Sample[],
  moments: readonly number[],
  ms: number,
): readonly number[] {
  return samples
    .filter(({ scheduledAt }) => moments.some((at) => scheduledAt >= at && scheduledAt < at + ms))
    .map(({ endedAt, scheduledAt }) => endedAt - scheduledAt);
}

/** By nearest rank. */
export interface Distribution {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** @param values null for what was never reached: longer than anything */
export function distribution(values: readonly (number | null)[]): Distribution {
  const sorted = Float64Array.from(values, (value) => value ?? Infinity).sort();
  const [median = NaN, p95 = NaN, p99 = NaN, max = NaN] = [50, 95, 99, 100].map((at) =>
    percentile(sorted, at),
  );
  return { count: sorted.length, median, p95, p99, max };
}
