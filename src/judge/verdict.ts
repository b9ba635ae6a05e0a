/** What follows from what the judge knows: a pure function of settings and state. */
import { logNamed } from './combine.ts';
import {
  eventMetrics,
  hasCaseWithout,
  logComparison,
  logLimits,
  logRouting,
  logTotal,
  weighed,
  type JudgeState,
} from './judge.ts';
import { intervalOf, type RatioInterval } from './ratio-interval.ts';
import { isSafe, neededOf, safetyOf, type Needed } from './safety.ts';
import type { Settings } from './settings.ts';

type Outcome = 'pass' | 'fail' | 'inconclusive';

/**
 * `roll-back` now · `restart-instance` the one named, and go on judging · `stop` the routing is broken: nothing can be compared ·
 * `freeze` no further for now · `advance` to the next step · `ask` a person · `wait`
 */
export type Action = 'roll-back' | 'restart-instance' | 'stop' | 'freeze' | 'advance' | 'ask' | 'wait';

/** What the action rests on: the comparison of both sides, or one of the rules beside it. */
type Because = 'rule' | 'all-traffic' | 'limit' | 'comparison' | 'instance' | 'routing' | 'safety' | 'time';

/** What can be promised of the comparison. */
type Guarantee =
  | 'randomised'
  | 'split in cohort'
  | 'targeted: no error guarantee'
  | 'no comparison: absolute limits only';

/** Evidence about one metric. */
export interface MetricEvidence {
  readonly id: string;
  /** Natural logarithm of the evidence of harm. */
  readonly log: number;
  /** Harm is shown for this metric by itself, whatever the others do. */
  readonly named: boolean;
  /** Log evidence of safety; null when the metric is not asked. */
  readonly safety: number | null;
  /** Candidate's rate over live's; null for metrics that score. */
  readonly ratio: RatioInterval | null;
  /** People with the event, or who were scored. */
  readonly candidate: number;
  readonly live: number;
  /** People on the candidate who had it beyond what live's rate leads to expect, at least 0; null for metrics that score. */
  readonly harmed: number | null;
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly action: Action;
  readonly because: Because;
  /** The rule that failed, or the instance. */
  readonly subject: string | null;
  readonly guarantee: Guarantee;
  /** Natural logarithm of the evidence of harm, all metrics together. */
  readonly log: number;
  /** Sequential p-value: valid however often it is looked at. */
  readonly p: number;
  readonly metrics: readonly MetricEvidence[];
  readonly needed: Needed | null;
}

type Decision = Pick<Verdict, 'action' | 'because' | 'subject'>;

/** The verdict after the last tick. */
export function judge(settings: Settings, state: JudgeState): Verdict {
  const decision = decide(settings, state);
  return {
    outcome: outcomes[decision.action],
    ...decision,
    guarantee: guaranteeOf(settings, state),
    log: logComparison(settings, state),
    p: Math.exp(-state.peaks.comparison),
    metrics: evidenceOf(settings, state),
    needed: neededOf(settings, state),
  };
}

const outcomes: Readonly<Record<Action, Outcome>> = {
  'roll-back': 'fail',
  'restart-instance': 'inconclusive',
  stop: 'inconclusive',
  freeze: 'inconclusive',
  advance: 'pass',
  ask: 'inconclusive',
  wait: 'inconclusive',
};

/** Only what to do, for every tick; the way back comes first, and nothing stands before it. */
export function decide(settings: Settings, state: JudgeState): Decision {
  return back(settings, state) ?? halt(settings, state) ?? on(settings, state);
}

function back(settings: Settings, state: JudgeState): Decision | null {
  const { peaks, rules } = state;
  const failed = rules.find(({ outcome }) => outcome === 'fail');
  if (failed) return { action: 'roll-back', because: 'rule', subject: failed.name };
  const { blamed } = state;
  const enough = Math.log(1 / settings.alpha);
  const worse = peaks.comparison >= enough;
  const onlyThere = blamed !== null && !hasCaseWithout(settings, state, blamed);
  // What proves the cause speaks before what does not.
  if (worse && !onlyThere) return { action: 'roll-back', because: 'comparison', subject: null };
  if (peaks.limits >= enough) return { action: 'roll-back', because: 'limit', subject: null };
  if (peaks.total >= Math.log(1 / settings.totalAlpha))
    return { action: 'roll-back', because: 'all-traffic', subject: null };
  // Only as long as there still is a case: what was restarted, and is well, holds nobody up.
  const stands = logComparison(settings, state) >= Math.log(settings.freeze);
  return worse && stands ? { action: 'restart-instance', because: 'instance', subject: blamed } : null;
}

function halt(settings: Settings, state: JudgeState): Decision | null {
  if (logRouting(state) >= Math.log(1 / settings.routingAlpha))
    return { action: 'stop', because: 'routing', subject: null };
  const level = Math.log(settings.freeze);
  if (logComparison(settings, state) >= level)
    return { action: 'freeze', because: 'comparison', subject: null };
  if (logLimits(settings, state) >= level) return { action: 'freeze', because: 'limit', subject: null };
  if (logTotal(settings, state).freeze >= Math.log(1 / settings.totalAlpha))
    return { action: 'freeze', because: 'all-traffic', subject: null };
  return null;
}

function on(settings: Settings, state: JudgeState): Decision {
  const open = state.rules.find(({ outcome }) => outcome === 'inconclusive');
  const seconds = state.stage?.seconds ?? 0;
  if (state.phase === 'watching') return { action: 'wait', because: 'time', subject: null };
  if (!open && seconds >= settings.minSeconds && isSafe(settings, state))
    return { action: 'advance', because: 'safety', subject: null };
  if (seconds < settings.maxSeconds)
    return { action: 'wait', because: open ? 'rule' : 'time', subject: open?.name ?? null };
  return { action: 'ask', because: open ? 'rule' : 'safety', subject: open?.name ?? null };
}

function guaranteeOf({ cohort }: Settings, { compared, next }: JudgeState): Guarantee {
  if (cohort === 'targeted') return 'targeted: no error guarantee';
  if (!compared && next > 0) return 'no comparison: absolute limits only';
  return cohort === 'split' ? 'split in cohort' : 'randomised';
}

function evidenceOf(settings: Settings, state: JudgeState): readonly MetricEvidence[] {
  const all = weighed(settings, state);
  const enough = Math.log(1 / settings.alpha);
  const safety = new Map(safetyOf(settings, state).map(({ id, log }) => [id, log]));
  const counted = new Set(eventMetrics(settings.metrics).map(({ id }) => id));
  return settings.metrics.map(({ id }, index) => {
    const events = counted.has(id) ? state.events[id] : undefined;
    const scores = state.scores[id];
    return {
      id,
      log: all[index]?.log ?? 0,
      named: logNamed(all, index) >= enough,
      safety: safety.get(id) ?? null,
      ratio: events && settings.cohort !== 'targeted' ? intervalOf(events.ratio) : null,
      candidate: events?.candidate.events ?? scores?.candidate.people ?? 0,
      live: events?.live.events ?? scores?.live.people ?? 0,
      harmed: events ? Math.max(0, events.candidate.events - events.expected) : null,
    };
  });
}
