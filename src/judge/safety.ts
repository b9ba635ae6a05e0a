/** What has to be shown before the next step: that every guarded metric is not as bad as it must not be. */
import { ruined } from './log.ts';
import { logValue } from './mixture.ts';
import { eventMetrics, type JudgeState } from './judge.ts';
import { ticksToSafety } from './planning.ts';
import type { EventMetric, Settings } from './settings.ts';

export interface Guarded {
  readonly id: string;
  /** Log evidence of safety; enough at log(1/beta). */
  readonly log: number;
}

/** The metrics that are asked. A targeted cohort has nobody to compare with: the absolute limits are asked, if any. */
function guards({ metrics, cohort }: Settings): readonly EventMetric[] {
  return eventMetrics(metrics).filter(({ safety, limit }) =>
    cohort === 'targeted' ? limit !== null : safety !== null,
  );
}

const betsOf = ({ cohort }: Settings, state: JudgeState, id: string): readonly number[] =>
  (cohort === 'targeted' ? state.events[id]?.withinLimit : state.events[id]?.safety) ?? [];

export const safetyOf = (settings: Settings, state: JudgeState): readonly Guarded[] =>
  guards(settings).map(({ id }) => ({ id, log: logValue(betsOf(settings, state, id), ruined) }));

/**
 * The intersection test: safe when every metric is, and there is one. When one of them is not safe, P(this ever says so) ≤ beta.
 */
export function isSafe(settings: Settings, state: JudgeState): boolean {
  const all = safetyOf(settings, state);
  const enough = Math.log(1 / settings.beta);
  return all.length > 0 && all.every(({ log }) => log >= enough);
}

/** A forecast of what is missing until the judge says "go on", were the candidate as good as live. */
export interface Needed {
  /** On the candidate, beyond those already seen. */
  readonly people: number;
  readonly seconds: number;
}

/** Null when nothing is missing, or when it cannot be said: no traffic yet, or none that would ever suffice. */
export function neededOf(settings: Settings, state: JudgeState): Needed | null {
  if (isSafe(settings, state) || state.next === 0) return null;
  const target = Math.log(1 / settings.beta);
  const ticks = Math.max(0, ...guards(settings).map((metric) => ticksOf(settings, state, metric, target)));
  const seconds = ticks * (state.seconds / state.next);
  const people = (state.people.candidate / state.seconds) * seconds;
  if (!(seconds > 0 && seconds < Infinity) || people === 0) return null;
  return { people: Math.ceil(people), seconds: Math.ceil(seconds) };
}

function ticksOf(settings: Settings, state: JudgeState, metric: EventMetric, target: number): number {
  const known = state.events[metric.id];
  const targeted = settings.cohort === 'targeted';
  const test = targeted ? { margin: 0, delta: metric.limit ?? 0 } : metric.safety;
  if (known?.pace == null || test === null) return Infinity;
  const bets = betsOf(settings, state, metric.id);
  if (logValue(bets, ruined) >= target) return 0;
  // With nobody to compare with, its own rate is the best guess.
  const { exposed, events } = targeted ? known.candidate : known.live;
  const rate = exposed === 0 ? 0 : events / exposed;
  return ticksToSafety(bets, test, { ...known.pace, rate }, target);
}
