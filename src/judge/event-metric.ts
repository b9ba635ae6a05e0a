/** One metric that counts people with an event: all that is kept of it, and what a tick adds. */
import { add, noCount, type Count, type Pair, type Stratum } from './facts.ts';
import { ruined } from './log.ts';
import { bet, capped, noBets, type Bets } from './mixture.ts';
import { harmGrid, logEvidence, safetyGrid, type Null } from './rate-ratio.ts';
import { noTests, observe, type RatioTests } from './ratio-interval.ts';
import type { EventMetric, Settings } from './settings.ts';

/** Part of the judge's state. */
export interface EventState {
  readonly kind: 'event';
  /** Against "not worse than tolerated", placed at several starts. */
  readonly harm: Bets;
  /** Against "too bad to go on". */
  readonly safety: Bets;
  /** Against "within the absolute limit", placed at several starts. */
  readonly limit: Bets;
  /** Against "above the absolute limit". */
  readonly withinLimit: Bets;
  readonly ratio: RatioTests;
  /** Sums over all ticks. */
  readonly candidate: Count;
  readonly live: Count;
  /** Events the candidate would have had at live's rate of the same tick; what is above it is harm. */
  readonly expected: number;
  /** Exposed per tick, lately and in this stage: what a forecast goes by. Null before the first tick of a stage. */
  readonly pace: { readonly candidate: number; readonly live: number } | null;
}

export const noEvents: EventState = {
  kind: 'event',
  harm: noBets(harmGrid.length),
  safety: noBets(safetyGrid.length),
  limit: noBets(harmGrid.length),
  withinLimit: noBets(safetyGrid.length),
  ratio: noTests,
  candidate: noCount,
  live: noCount,
  expected: 0,
  pace: null,
};

/** What is the same for all metrics in a tick. */
export interface Stake {
  /** The very first tick. */
  readonly first: boolean;
  /** The first tick of a stage. */
  readonly newStage: boolean;
  /** Log of the stake on harm that begins now, `ruined` for none. */
  readonly logStake: number;
  /** The same for tests against a fixed level. */
  readonly logLevelStake: number;
}

/** Log evidence of independent strata adds up, bet by bet. */
export const evidenceOf = (pairs: readonly Pair[], test: Null, grid: readonly number[]): readonly number[] =>
  grid.map((lambda) => pairs.reduce((log, pair) => log + logEvidence(pair, test, lambda), 0));

/** The pairs of a metric, one per stratum that has it. */
export const pairsOf = (strata: readonly Stratum[], metric: string): readonly Pair[] =>
  strata.flatMap(({ events }) => events[metric] ?? []);

/** Enough above 1/β to stand a bad moment, little enough for a bad quarter of an hour to undo it. */
const hoard = 10;

export function stepEvents(
  state: EventState,
  metric: EventMetric,
  pairs: readonly Pair[],
  { stake, settings }: { readonly stake: Stake; readonly settings: Settings },
): EventState {
  const logCap = Math.log(hoard / settings.beta);
  const onSafety = (bets: Bets, test: Null): Bets =>
    capped(bet(bets, evidenceOf(pairs, test, safetyGrid), stake.first ? 0 : ruined), logCap);
  const onHarm = (bets: Bets, test: Null, logStake: number): Bets =>
    bet(bets, evidenceOf(pairs, test, harmGrid), logStake);
  const absolute = metric.limit === null ? null : { margin: 0, delta: metric.limit };
  const compared = settings.cohort !== 'targeted';
  return {
    kind: 'event',
    harm: compared ? onHarm(state.harm, metric.harm, stake.logStake) : state.harm,
    safety: compared && metric.safety ? onSafety(state.safety, metric.safety) : state.safety,
    limit: absolute ? onHarm(state.limit, absolute, stake.logLevelStake) : state.limit,
    withinLimit: absolute ? onSafety(state.withinLimit, absolute) : state.withinLimit,
    ratio: compared ? observe(state.ratio, pairs, stake.first) : state.ratio,
    candidate: pairs.reduce((sum, { candidate }) => add(sum, candidate), state.candidate),
    live: pairs.reduce((sum, { live }) => add(sum, live), state.live),
    expected: pairs.reduce((sum, pair) => sum + expectedOf(pair), state.expected),
    pace: smooth(stake.newStage ? null : state.pace, pairs),
  };
}

/** One tick in ten: follows the traffic within some ticks, and does not jump with each. */
const freshness = 0.1;

function smooth(pace: EventState['pace'], pairs: readonly Pair[]): EventState['pace'] {
  const candidate = pairs.reduce((sum, pair) => sum + pair.candidate.exposed, 0);
  const live = pairs.reduce((sum, pair) => sum + pair.live.exposed, 0);
  if (pace === null) return { candidate, live };
  return {
    candidate: pace.candidate + freshness * (candidate - pace.candidate),
    live: pace.live + freshness * (live - pace.live),
  };
}

/** With nobody on live nothing is known of what was to be expected: nothing is then called harm. */
const expectedOf = ({ candidate, live }: Pair): number =>
  live.exposed === 0 ? candidate.events : (candidate.exposed * live.events) / live.exposed;
