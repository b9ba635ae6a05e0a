import { secondsBounds, type Tally } from '../../router/tally.ts';
import type { EnvironmentCounts } from '../../router/router.ts';
import type { TrafficPoint } from './contract.ts';

/** What a router had counted of an environment at some moment. */
export interface Reading {
  readonly at: number;
  readonly version: string;
  readonly requests: number;
  readonly failed: number;
  readonly errors: number;
  readonly candidate: number;
  readonly buckets: readonly number[];
}

/** Previews are looks of those who work on it, copies nobody gets. */
const people = ['live', 'candidate', 'pinned'] as const;

/** @param at milliseconds since the epoch */
export function reading({ version, failed, tallies = {} }: EnvironmentCounts, at: number): Reading {
  const seen = people.flatMap((cohort) => tallies[cohort] ?? []);
  const sum = (of: (tally: Tally) => number): number => seen.reduce((all, each) => all + of(each), 0);
  return {
    at,
    version,
    failed,
    requests: sum(answers) + failed,
    errors: sum(({ classes }) => classes[4] ?? 0) + failed,
    candidate: tallies.candidate === undefined ? 0 : answers(tallies.candidate),
    buckets: Array.from({ length: secondsBounds.length + 1 }, (_, index) =>
      sum(({ buckets }) => buckets[index] ?? 0),
    ),
  };
}

const answers = ({ classes }: Tally): number => classes.reduce((all, each) => all + each, 0);

/** Between two readings; null when they are not of one count: another version, or another router process. */
export function between(before: Reading, now: Reading, colour: TrafficPoint['colour']): TrafficPoint | null {
  if (before.version !== now.version || now.requests < before.requests || now.at <= before.at) return null;
  const buckets = now.buckets.map((value, index) => Math.max(0, value - (before.buckets[index] ?? 0)));
  return {
    at: now.at,
    seconds: (now.at - before.at) / 1000,
    colour,
    version: now.version,
    requests: now.requests - before.requests,
    errors: Math.max(0, now.errors - before.errors),
    candidate: Math.max(0, now.candidate - before.candidate),
    p50: quantile(buckets, 0.5),
    p95: quantile(buckets, 0.95),
    p99: quantile(buckets, 0.99),
  };
}

/**
 * As Prometheus computes it (histogram_quantile): linear within a bucket, so that it is off by at most the bucket's width; what took
 * longer than the last bound counts as that. Null: there is nothing.
 */
function quantile(buckets: readonly number[], share: number): number | null {
  const total = buckets.reduce((all, each) => all + each, 0);
  if (total === 0) return null;
  const rank = share * total;
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    const upper = secondsBounds[index];
    if (upper === undefined) break;
    if (below + count >= rank && count > 0) {
      const lower = index === 0 ? 0 : (secondsBounds[index - 1] as number);
      return Number((lower + ((rank - below) / count) * (upper - lower)).toPrecision(4));
    }
    below += count;
  }
  return secondsBounds.at(-1) as number;
}
