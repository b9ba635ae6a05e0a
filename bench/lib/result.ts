/** One run as figures, and what they fall short of: pure. */
import type { EventView } from '../../src/control/contract.ts';
import { distribution, latencies, placeboTime, timeOf, type Distribution } from './analysis.ts';
import type { Cycle } from './cycle.ts';
import type { LoadRun } from './load.ts';
import { stagesOf, type Stages } from './stages.ts';

/** What has to hold. Switch and rollback are judged each for itself, which is stricter than both together. */
export const goals = {
  medianMs: 50,
  p95Ms: 100,
  /** p99 after the moves, over p99 of the placebo windows. */
  ratio: 2,
  /** In the windows of each of the two, in a full run. */
  windowRequests: 20_000,
  /** Fewer would not see when a switch happens. */
  probesPerSecond: 200,
} as const;

/** Long enough that a part of 100 windows holds thousands of requests. */
const partMs = 50;

/** Two clocks further apart than this cannot be compared to the millisecond. */
const skewMs = 1;

export interface Measured {
  readonly cycles: readonly Cycle[];
  readonly run: LoadRun;
  readonly events: readonly EventView[];
  readonly windowMs: number;
  /** The load's clock against that of the commands, at the begin and at the end. */
  readonly skews: readonly number[];
  /** Everything is judged; otherwise not what takes many requests. */
  readonly full: boolean;
}

export interface MoveResult {
  readonly kind: 'switch' | 'rollback';
  /** Of the command: milliseconds since the epoch. */
  readonly at: number;
  readonly ms: number | null;
  readonly gapMs: number | null;
  readonly apiMs: number;
  readonly placeboMs: number | null;
  /** Requests that started in the window after it. */
  readonly probes: number;
  readonly stages: Stages | null;
}

export interface Result {
  readonly requests: { readonly sent: number; readonly answered: number; readonly failed: number };
  readonly problems: readonly string[];
  readonly times: Readonly<Record<'switch' | 'rollback' | 'both' | 'placebo' | 'gap', Distribution>>;
  readonly windows: {
    readonly after: Distribution;
    readonly placebo: Distribution;
    readonly ratio: number;
    readonly afterSwitch: Distribution;
    readonly afterRollback: Distribution;
    /** p99 of each part of the window, in order: shows when the requests feel it. */
    readonly parts: readonly { readonly fromMs: number; readonly after: number; readonly placebo: number }[];
  };
  /** How late the load started its requests. */
  readonly lateness: Distribution;
  readonly moves: readonly MoveResult[];
  /** In words; none: all goals are met. */
  readonly short: readonly string[];
}

export function resultOf(measured: Measured): Result {
  const { run, cycles, windowMs } = measured;
  const answered = run.samples.filter(({ outcome }) => outcome === 'answered');
  const started = answered.toSorted((a, b) => a.sentAt - b.sentAt);
  const placebos = cycles.flatMap((cycle) => cycle.placebos);
  const all = cycles.flatMap((cycle) => cycle.moves);
  const moves = all.map((move, index): MoveResult => {
    const took = timeOf(move, started, all[index + 1]?.at ?? Infinity);
    const placebo = placebos[index];
    return {
      kind: move.kind,
      at: move.at,
      ...took,
      apiMs: move.answeredAt - move.at,
      placeboMs: placebo === undefined ? null : placeboTime(placebo, started),
      probes: started.filter(({ sentAt }) => sentAt >= move.at && sentAt < move.at + windowMs).length,
      stages: stagesOf(move, measured.events),
    };
  });
  const of = (kind: MoveResult['kind']): Distribution =>
    distribution(moves.filter((move) => move.kind === kind).map(({ ms }) => ms));
  const pooled = (moments: readonly number[], length = windowMs): Distribution =>
    distribution(latencies(answered, moments, length));
  const at = all.map((move) => move.at);
  const placeboAt = placebos.map(({ windowAt }) => windowAt);
  const [after, placebo] = [pooled(at), pooled(placeboAt)];
  const later = (moments: readonly number[], by: number): readonly number[] =>
    moments.map((each) => each + by);
  const pooledOf = (kind: MoveResult['kind']): Distribution =>
    pooled(all.filter((move) => move.kind === kind).map((move) => move.at));
  const figures = {
    requests: { sent: run.sent, answered: run.answered, failed: run.failed },
    problems: Object.entries(run.problems).map(([kind, words]) => `${kind}: ${words}`),
    times: {
      switch: of('switch'),
      rollback: of('rollback'),
      both: distribution(moves.map(({ ms }) => ms)),
      placebo: distribution(moves.map(({ placeboMs }) => placeboMs)),
      gap: distribution(moves.map(({ gapMs }) => gapMs)),
    },
    windows: {
      after,
      placebo,
      ratio: after.p99 / placebo.p99,
      afterSwitch: pooledOf('switch'),
      afterRollback: pooledOf('rollback'),
      parts: Array.from({ length: Math.ceil(windowMs / partMs) }, (_, index) => ({
        fromMs: index * partMs,
        after: pooled(later(at, index * partMs), partMs).p99,
        placebo: pooled(later(placeboAt, index * partMs), partMs).p99,
      })),
    },
    lateness: distribution(started.map(({ sentAt, scheduledAt }) => sentAt - scheduledAt)),
    moves,
  };
  return { ...figures, short: shortOf(figures, measured) };
}

function shortOf(figures: Omit<Result, 'short'>, { windowMs, skews, full }: Measured): readonly string[] {
  const { requests, times, windows, moves } = figures;
  const least = (goals.probesPerSecond * windowMs) / 1000;
  const checks: readonly (readonly [boolean, string])[] = [
    [
      requests.sent > 0 && requests.sent === requests.answered,
      `sent ${requests.sent}, answered ${requests.answered}`,
    ],
    [requests.failed === 0, `${requests.failed} requests failed`],
    ...(['switch', 'rollback'] as const).flatMap((kind): (readonly [boolean, string])[] => [
      [
        times[kind].median <= goals.medianMs,
        `median ${kind}: ${times[kind].median.toFixed(1)} ms, not ${goals.medianMs}`,
      ],
      [times[kind].p95 <= goals.p95Ms, `p95 ${kind}: ${times[kind].p95.toFixed(1)} ms, not ${goals.p95Ms}`],
    ]),
    [
      !full || windows.ratio <= goals.ratio,
      `p99 after the moves: ${windows.ratio.toFixed(2)} × placebo, not ${goals.ratio}`,
    ],
    [
      !full || Math.min(windows.after.count, windows.placebo.count) >= goals.windowRequests,
      `${windows.after.count} and ${windows.placebo.count} requests in the windows, not ${goals.windowRequests}`,
    ],
    [
      moves.every(({ probes }) => probes >= least),
      `fewer than ${goals.probesPerSecond} probes a second after a move`,
    ],
    [
      skews.every((skew) => Math.abs(skew) <= skewMs),
      `the clocks are ${skews.map((skew) => skew.toFixed(2)).join(' and ')} ms apart`,
    ],
  ];
  return checks.filter(([holds]) => !holds).map(([, words]) => words);
}
