/** Replays as figures, and the figures as goals: pure. */
import type { Replay } from './rule.ts';
import type { Scenario } from './scenarios.ts';

/** One rule in one scenario. */
export interface Row {
  readonly scenario: string;
  readonly rule: string;
  readonly runs: number;
  /** Rolled back after the onset; for a healthy version, at all. */
  readonly back: number;
  /** Rolled back before there was any harm. */
  readonly falsely: number;
  /** Seconds from the onset (or the start) to the rollback, of those that were; null: none. */
  readonly seconds: Quartiles | null;
  readonly harmed: Quartiles & { readonly mean: number };
  /** Minutes until everybody was on the new version, of those that came there. */
  readonly promoted: { readonly runs: number; readonly minutes: number | null };
  /** Each hour by itself. */
  readonly replays: readonly Replay[];
}

interface Quartiles {
  readonly q25: number;
  readonly median: number;
  readonly q75: number;
  readonly max: number;
}

export function rowOf(scenario: Scenario, rule: string, replays: readonly Replay[]): Row {
  const onset = scenario.onset ?? 0;
  const times = replays.flatMap(({ rolledBackAt }) => rolledBackAt ?? []);
  // What ends with the tick in which the harm begins has not seen it yet.
  const back = times.filter((at) => onset === 0 || at > onset);
  const harmed = replays.map((each) => each.harmed);
  const live = replays.flatMap(({ promotedAt }) => promotedAt ?? []);
  return {
    scenario: scenario.name,
    rule,
    runs: replays.length,
    back: back.length,
    falsely: scenario.onset === null ? times.length : times.length - back.length,
    seconds: back.length === 0 ? null : quartiles(back.map((at) => at - onset)),
    harmed: { ...quartiles(harmed), mean: harmed.reduce((sum, each) => sum + each, 0) / harmed.length },
    promoted: { runs: live.length, minutes: live.length === 0 ? null : quartiles(live).median / 60 },
    replays,
  };
}

function quartiles(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((one, two) => one - two);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { q25: at(0.25), median: at(0.5), q75: at(0.75), max: at(1) };
}

/** What has to hold. */
const goals = {
  /** Upper limit (95 %, one-sided) of the share of healthy releases that are rolled back. */
  falsely: 0.01,
  healthyRuns: 400,
  outage: { seconds: 20, harmed: 10, fewer: 25 },
  slow: { seconds: 90 },
  subtle: 0.95,
  late: 0.99,
} as const;

const find = (rows: readonly Row[], scenario: string, rule: string): Row | undefined =>
  rows.find((row) => row.scenario === scenario && row.rule === rule);

/** Falls short of what, in words; empty when all goals are met. A quick run has too few hours for most. */
export function shortOf(rows: readonly Row[], full: boolean): readonly string[] {
  const short: string[] = [];
  const want = (holds: boolean, what: string): void => {
    if (!holds) short.push(what);
  };
  const { falsely, runs } = healthyOf(rows);
  const bound = upper(falsely, runs, 0.95);
  if (full)
    want(
      runs >= goals.healthyRuns && bound <= goals.falsely,
      `false rollbacks: at most ${percent(bound)} of ${runs}`,
    );
  else want(falsely === 0, `${falsely} false rollbacks of ${runs}`);

  const [ours, theirs] = [
    find(rows, '+20 % errors', 'Teal, steps of 5'),
    find(rows, '+20 % errors', 'fixed threshold once a minute, 10 strikes'),
  ];
  want(
    (theirs?.harmed.mean ?? 0) >= goals.outage.fewer * (ours?.harmed.mean ?? Infinity),
    `+20 % errors: not ${goals.outage.fewer} times fewer harmed than by the fixed threshold`,
  );
  if (!full) return short;
  const outage = find(rows, '+20 % errors', 'Teal, fixed 5 %');
  want((outage?.seconds?.median ?? Infinity) <= goals.outage.seconds, '+20 % errors at 5 %: too late');
  want((outage?.harmed.median ?? Infinity) <= goals.outage.harmed, '+20 % errors at 5 %: too many harmed');
  const slow = find(rows, 'latency ×2', 'Teal, fixed 10 %');
  want((slow?.seconds?.median ?? Infinity) <= goals.slow.seconds, 'latency ×2 at 10 %: too late');
  const share = (row: Row | undefined): number => (row ? row.back / row.runs : 0);
  want(share(find(rows, '+0.4 % errors', 'Teal, gated')) >= goals.subtle, '+0.4 % errors: found too rarely');
  want(
    share(find(rows, '+20 % errors from minute 30', 'Teal, gated')) >= goals.late,
    'from minute 30: found too rarely',
  );
  return short;
}

/** Every healthy hour under the default ramp. */
export function healthyOf(rows: readonly Row[]): { readonly falsely: number; readonly runs: number } {
  const healthy = rows.filter(
    ({ scenario, rule }) => scenario.startsWith('healthy') && rule === 'Teal, gated',
  );
  return {
    falsely: healthy.reduce((sum, row) => sum + row.falsely, 0),
    runs: healthy.reduce((sum, row) => sum + row.runs, 0),
  };
}

/** The probability that is so high that so few successes would be seen in `1 − level` of all cases (Clopper & Pearson 1934), one-sided. */
export function upper(successes: number, runs: number, level: number): number {
  if (successes >= runs) return 1;
  return bisect((p) => cumulative(successes, runs, p) - (1 - level));
}

/** 95 %, two-sided. */
export const interval = (successes: number, runs: number): readonly [number, number] => [
  1 - upper(runs - successes, runs, 0.975),
  upper(successes, runs, 0.975),
];

function bisect(falling: (p: number) => number): number {
  let [low, high] = [0, 1];
  for (let index = 0; index < 60; index += 1) {
    const middle = (low + high) / 2;
    if (falling(middle) > 0) low = middle;
    else high = middle;
  }
  return high;
}

/** P(at most so many successes). */
function cumulative(successes: number, runs: number, p: number): number {
  let [log, sum] = [runs * Math.log1p(-p), 0];
  for (let count = 0; count <= successes; count += 1) {
    sum += Math.exp(log);
    log += Math.log((runs - count) / (count + 1)) + Math.log(p / (1 - p));
  }
  return sum;
}

export const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
