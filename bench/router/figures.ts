/** From the samples of a run to figures, and what they fall short of: pure. */
import { percentile } from '../../src/load/report.ts';
import { latencyGoal, scenarios, type ScenarioName } from './scenarios.ts';

/** Where no proxy is in between. */
export const floor = 'no proxy';

/** One proxy under one load in one round. */
export interface Sample {
  readonly proxy: string;
  readonly round: number;
  /** CPU microseconds of the proxy per request; null for the floor. */
  readonly cpu: number | null;
  /** Requests per second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
  /** Bytes right after the load; null for the floor. */
  readonly memory: number | null;
}

/** Latencies of one round at the fixed rate. */
export interface LatencyRound {
  /** p99 without a proxy before the first and after the last of the round. */
  readonly floors: readonly [number, number];
  /** The machine was not the same from begin to end: does not count, and is repeated. */
  readonly unsteady: boolean;
  /** By proxy; milliseconds. */
  readonly proxies: Readonly<
    Record<string, { readonly p50: number; readonly p99: number; readonly failed: number }>
  >;
}

export interface Latency {
  /** Requests per second. */
  readonly rate: number;
  readonly rounds: readonly LatencyRound[];
}

/** Bytes of a proxy that has just been started, and with idle connections to it. */
export interface Idle {
  readonly proxy: string;
  readonly connections: number;
  readonly before: number;
  readonly with: number;
}

export interface Measured {
  readonly full: boolean;
  readonly samples: Readonly<Partial<Record<ScenarioName, readonly Sample[]>>>;
  readonly latency: Latency | null;
  readonly idle: readonly Idle[];
}

/** Median and the quartiles around it, by nearest rank. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Verdict {
  readonly what: string;
  readonly ratio: Spread;
  readonly goal: number;
  readonly met: boolean;
}

export function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  return {
    median: percentile(sorted, 50),
    low: percentile(sorted, 25),
    high: percentile(sorted, 75),
  };
}

/** A floor that moves by more than this says more of the machine than of a proxy. */
const steadiness = 2;

export function isUnsteady([before, after]: readonly [number, number]): boolean {
  return !(Math.max(before, after) <= steadiness * Math.min(before, after));
}

/** Each round for itself, since what disturbs one of its proxies is likely to disturb the next as well. */
function ratios<Round>(
  rounds: readonly Round[],
  of: (round: Round) => readonly [number | null | undefined, number | null | undefined],
): readonly number[] {
  return rounds.flatMap((round) => {
    const [ours, theirs] = of(round);
    return typeof ours === 'number' && typeof theirs === 'number' ? [ours / theirs] : [];
  });
}

export function cpuVerdicts(name: ScenarioName, samples: readonly Sample[]): readonly Verdict[] {
  const {
    goals,
    label,
    subject = 'teal',
  } = scenarios.find((each) => each.name === name) ?? { goals: {}, label: name };
  const rounds = [...new Set(samples.map(({ round }) => round))];
  const cpu = (proxy: string, round: number): number | null | undefined =>
    samples.find((each) => each.proxy === proxy && each.round === round)?.cpu;
  return Object.entries(goals).flatMap(([peer, goal]) => {
    const each = ratios(rounds, (round) => [cpu(subject, round), cpu(peer, round)]);
    if (goal === undefined || each.length === 0) return [];
    const ratio = spread(each);
    return [{ what: `${label}: CPU of ${subject} ÷ ${peer}`, ratio, goal, met: ratio.median <= goal }];
  });
}

export function latencyVerdict({ rounds }: Latency): Verdict | null {
  const steady = rounds.filter(({ unsteady }) => !unsteady);
  const each = ratios(steady, ({ proxies }) => [proxies['teal']?.p99, proxies['haproxy']?.p99]);
  if (each.length === 0) return null;
  const ratio = spread(each);
  return {
    what: 'p99 at the fixed rate: teal ÷ haproxy',
    ratio,
    goal: latencyGoal.ratio,
    met: ratio.median <= latencyGoal.ratio,
  };
}

export function verdictsOf({ samples, latency }: Measured): readonly Verdict[] {
  const cpu = scenarios.flatMap(({ name }) => cpuVerdicts(name, samples[name] ?? []));
  const fixed = latency === null ? null : latencyVerdict(latency);
  return fixed === null ? cpu : [...cpu, fixed];
}

/** What a run is short of, in words; a goal whose peer is missing does not apply. */
export function shortOf(measured: Measured): readonly string[] {
  const verdicts = verdictsOf(measured)
    .filter(({ met }) => !met)
    .map(({ what, ratio, goal }) => `${what} is ${ratio.median.toFixed(2)}, not ${goal}`);
  const errors = scenarios.flatMap(({ name, label }) => {
    const count = (measured.samples[name] ?? [])
      .filter(({ proxy }) => proxy.startsWith('teal'))
      .reduce((sum, each) => sum + each.errors, 0);
    return count === 0 ? [] : [`${label}: ${count} requests to teal failed`];
  });
  return [...verdicts, ...errors, ...latencyShort(measured)];
}

function latencyShort({ full, latency }: Measured): readonly string[] {
  if (latency === null) return [];
  const steady = latency.rounds.filter(({ unsteady }) => !unsteady);
  const failed = latency.rounds.reduce((sum, { proxies }) => sum + (proxies['teal']?.failed ?? 0), 0);
  return [
    ...(full && steady.length < latencyGoal.rounds
      ? [
          `p99 at the fixed rate: ${steady.length} steady rounds, not ${latencyGoal.rounds}: the machine is too busy`,
        ]
      : []),
    ...(failed === 0 ? [] : [`at the fixed rate ${failed} requests to teal failed`]),
  ];
}
