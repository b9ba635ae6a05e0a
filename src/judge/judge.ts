/**
 * The judge's memory: a fold of ticks, nothing else. `step` is the only way it changes; state and ticks are plain JSON, so a log of ticks
 * replays to the same bits, and a state that was stored goes on as if nothing had happened.
 */
import { noEvents, pairsOf, stepEvents, type EventState, type Stake } from './event-metric.ts';
import { check, type People, type Rule, type Tick } from './facts.ts';
import { stepInstances, type Instances } from './instance-outlier.ts';
import { ruined } from './log.ts';
import { logMean, type Weighed } from './combine.ts';
import { logValue } from './mixture.ts';
import { count, noSample, type SampleRatio } from './sample-ratio.ts';
import { noScores, scoresOf, stepScores, type ScoreState } from './score-metric.ts';
import type { EventMetric, Metric, ScoreMetric, Settings } from './settings.ts';
import { logReserve, noStarts, place, type Starts } from './starts.ts';
import { noTotal, stepTotal, type TotalState } from './total-guard.ts';

/** Everything the judge knows of a release. */
export interface JudgeState {
  /** Number of the tick it waits for. */
  readonly next: number;
  readonly seconds: number;
  /** Seconds that count from the start of the stage. */
  readonly stage: { readonly name: string; readonly seconds: number } | null;
  readonly phase: Tick['phase'];
  /** Stakes of the comparison. */
  readonly starts: Starts;
  /** Stakes of the tests against a fixed level. */
  readonly levelStarts: Starts;
  readonly events: Readonly<Record<string, EventState>>;
  readonly scores: Readonly<Record<string, ScoreState>>;
  /** By stratum. */
  readonly samples: Readonly<Record<string, SampleRatio>>;
  readonly instances: Instances;
  /** The instance without which there was no case when the evidence was first enough; see instance-outlier.ts. */
  readonly blamed: string | null;
  readonly total: TotalState;
  readonly people: People;
  /** Whether both sides had people in the last tick. */
  readonly compared: boolean;
  /** As of the last tick. */
  readonly rules: readonly Rule[];
  /** Highest log evidence so far: what was once enough stays enough. */
  readonly peaks: Peaks;
}

interface Peaks {
  readonly comparison: number;
  readonly limits: number;
  readonly total: number;
}

/** Before the first tick. */
export function begin({ metrics }: Settings): JudgeState {
  return {
    next: 0,
    seconds: 0,
    stage: null,
    phase: 'stepping',
    starts: noStarts,
    levelStarts: noStarts,
    events: Object.fromEntries(eventMetrics(metrics).map(({ id }) => [id, noEvents])),
    scores: Object.fromEntries(scoreMetrics(metrics).map(({ id }) => [id, noScores])),
    samples: {},
    instances: {},
    blamed: null,
    total: noTotal,
    people: { candidate: 0, live: 0 },
    compared: false,
    rules: [],
    peaks: { comparison: 0, limits: 0, total: 0 },
  };
}

export const eventMetrics = (metrics: readonly Metric[]): readonly EventMetric[] =>
  metrics.filter((metric) => metric.kind === 'event');
const scoreMetrics = (metrics: readonly Metric[]): readonly ScoreMetric[] =>
  metrics.filter((metric) => metric.kind === 'score');

/**
 * The state after a tick. A tick that was judged before changes nothing, so it may be sent again after a crash.
 * @throws RangeError when a tick is left out, or says what cannot be
 */
export function step(settings: Settings, state: JudgeState, tick: Tick): JudgeState {
  if (tick.seq < state.next) return state;
  if (tick.seq > state.next) throw new RangeError(`tick ${tick.seq} came before tick ${state.next}`);
  check(tick);
  const first = state.next === 0;
  const newStage = state.stage?.name !== tick.stage;
  const time = { seconds: tick.seconds, newStage };
  const placed = place(state.starts, time, settings.starts);
  const level = place(state.levelStarts, time, settings.levelStarts);
  const stake: Stake = { first, newStage, logStake: placed.logStake, logLevelStake: level.logStake };
  const { strata } = tick;
  const metrics = eventMetrics(settings.metrics);
  const compared = settings.cohort !== 'targeted';
  const next: JudgeState = {
    next: tick.seq + 1,
    seconds: state.seconds + tick.seconds,
    stage: { name: tick.stage, seconds: tick.seconds + (newStage ? 0 : (state.stage?.seconds ?? 0)) },
    phase: tick.phase,
    starts: placed.starts,
    levelStarts: level.starts,
    events: Object.fromEntries(
      metrics.map((metric) => {
        const before = state.events[metric.id] ?? noEvents;
        return [metric.id, stepEvents(before, metric, pairsOf(strata, metric.id), { stake, settings })];
      }),
    ),
    scores: Object.fromEntries(
      scoreMetrics(settings.metrics).map(({ id }) => {
        const before = state.scores[id] ?? noScores;
        return [id, compared ? stepScores(before, scoresOf(strata, id), stake.logStake) : before];
      }),
    ),
    samples: compared
      ? strata.reduce(
          (all, { name, fresh }) => ({ ...all, [name]: count(all[name] ?? noSample, fresh) }),
          state.samples,
        )
      : state.samples,
    instances: compared
      ? stepInstances(state.instances, strata, metrics, { before: state.events, stake })
      : state.instances,
    blamed: state.blamed,
    total: settings.total ? stepTotal(state.total, settings.total, strata, stake.logLevelStake) : state.total,
    people: strata.reduce(
      (sum, { arrived }) => ({ candidate: sum.candidate + arrived.candidate, live: sum.live + arrived.live }),
      state.people,
    ),
    compared: strata.some(({ events }) =>
      Object.values(events).some(({ candidate, live }) => candidate.exposed > 0 && live.exposed > 0),
    ),
    rules: tick.rules,
    peaks: state.peaks,
  };
  const peaks = peaksOf(settings, next);
  const enough = Math.log(1 / settings.alpha);
  const due = state.peaks.comparison < enough && peaks.comparison >= enough;
  return { ...next, peaks, blamed: due ? outlierOf(settings, next) : state.blamed };
}

function outlierOf(settings: Settings, state: JudgeState): string | null {
  const ids = Object.keys(state.instances);
  const certain = Math.log(ids.length / settings.beta);
  const found = ids.find(
    (id) => logAgainst(settings, state, id) >= certain && !hasCaseWithout(settings, state, id),
  );
  return found ?? null;
}

/** Whether the evidence would freeze the release also without that instance. */
export const hasCaseWithout = (settings: Settings, state: JudgeState, instance: string): boolean =>
  logWithout(settings, state, instance) >= Math.log(settings.freeze);

function peaksOf(settings: Settings, state: JudgeState): Peaks {
  const { peaks } = state;
  return {
    comparison: Math.max(peaks.comparison, logComparison(settings, state)),
    limits: Math.max(peaks.limits, logLimits(settings, state)),
    total: Math.max(peaks.total, logTotal(settings, state).limit),
  };
}

/** Log of what has not been staked yet: all evidence of the comparison has it in common. */
const reserveOf = (settings: Settings, { starts }: JudgeState): number =>
  logReserve(starts.count, settings.starts.spread);
const levelReserveOf = (settings: Settings, { levelStarts }: JudgeState): number =>
  logReserve(levelStarts.count, settings.levelStarts.spread);

/** Log evidence of harm of each metric, with its weight, in the order of the settings. */
export function weighed(settings: Settings, state: JudgeState): readonly Weighed[] {
  const { metrics } = settings;
  const reserve = reserveOf(settings, state);
  const all = metrics.reduce((sum, { weight }) => sum + weight, 0);
  return metrics.map(({ id, kind, weight }) => {
    const bets = (kind === 'event' ? state.events[id] : state.scores[id])?.harm ?? [];
    return { weight: weight / all, log: logValue(bets, reserve) };
  });
}

/** Log evidence that the candidate is worse than tolerated. */
export const logComparison = (settings: Settings, state: JudgeState): number =>
  settings.cohort === 'targeted' ? 0 : logMean(weighed(settings, state));

/** The same without one of its instances: scores are not kept by instance, so theirs stays in. */
function logWithout(settings: Settings, state: JudgeState, instance: string): number {
  const without = state.instances[instance]?.without ?? {};
  const reserve = reserveOf(settings, state);
  return logMean(
    weighed(settings, state).map((each, index) => {
      const bets = without[settings.metrics[index]?.id ?? ''];
      return bets ? { ...each, log: logValue(bets, reserve) } : each;
    }),
  );
}

/** Log evidence that one instance of the candidate is worse than the others. */
function logAgainst({ metrics }: Settings, state: JudgeState, instance: string): number {
  const against = state.instances[instance]?.against ?? {};
  const events = eventMetrics(metrics);
  const all = events.reduce((sum, { weight }) => sum + weight, 0);
  return logMean(
    events.map(({ id, weight }) => ({ weight: weight / all, log: logValue(against[id] ?? [], ruined) })),
  );
}

/** Log evidence that an absolute limit is exceeded; 0 when there is none. */
export function logLimits(settings: Settings, state: JudgeState): number {
  const limited = eventMetrics(settings.metrics).filter(({ limit }) => limit !== null);
  const reserve = levelReserveOf(settings, state);
  if (limited.length === 0) return 0;
  return logMean(
    limited.map(({ id }) => ({
      weight: 1 / limited.length,
      log: logValue(state.events[id]?.limit ?? [], reserve),
    })),
  );
}

/** Log evidence that all traffic is worse than before. */
export function logTotal(
  settings: Settings,
  state: JudgeState,
): { readonly freeze: number; readonly limit: number } {
  const reserve = levelReserveOf(settings, state);
  return { freeze: logValue(state.total.freeze, reserve), limit: logValue(state.total.limit, reserve) };
}

/** Log evidence that people are not sent as the shares say. Strata are independent: theirs adds up. */
export const logRouting = ({ samples }: JudgeState): number =>
  Object.values(samples).reduce((sum, { log }) => sum + log, 0);
