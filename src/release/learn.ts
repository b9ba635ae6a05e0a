import type { ErrorJson } from '../errors.ts';
import type { Event } from './events.ts';
import type { Fact } from './input.ts';
import { goBack } from './back.ts';
import { dequeued } from './deploy.ts';
import { heed } from './heed.ts';
import { judgeHolds } from './judging.ts';
import { byItself, emptied, migrated } from './migrate.ts';
import { said } from './verdict.ts';
import { differences } from './parity.ts';
import type { AppState, Colour, Drain, Release, Size, Step } from './state.ts';
import { drainsNow, other } from './state.ts';
import { exposedAfter, stepName } from './steps.ts';
import { stepEndsAt, waitsSince } from './timers.ts';
import { isOpen } from './windows.ts';
import { next, transitions } from './transitions.ts';

/** What a fact changes. Late and repeated facts change nothing: every effect may be run again after a crash. */
export function learn(state: AppState, fact: Fact, now: number): readonly Event[] {
  switch (fact.type) {
    case 'environment-ready':
      return current(state, fact) ? ready(state, fact) : [];
    case 'environment-failed':
      return current(state, fact) ? failed(state, fact.colour, fact.error) : [];
    case 'environment-stopped':
      return stopped(state, fact.colour, fact.drain);
    case 'test-passed':
    case 'test-failed':
      return tested(state, fact);
    case 'table-acknowledged':
      return acknowledged(state, fact);
    case 'exposure-acknowledged':
      return exposed(state, fact);
    case 'warmed':
      return warmed(state, fact);
    case 'drained':
      return drained(state, fact);
    case 'migration-proved':
    case 'phase-passed':
    case 'phase-failed':
      return migrated(state, fact);
    case 'verdict':
      return heed(state, fact);
    case 'tick':
      return passed(state, now);
  }
}

const current = (state: AppState, fact: { readonly colour: Colour; readonly version: string }): boolean =>
  state.environments[fact.colour]?.version === fact.version &&
  state.environments[fact.colour]?.phase === 'running';

function ready(state: AppState, fact: Fact & { type: 'environment-ready' }): readonly Event[] {
  const { colour, size, past } = fact;
  const release = state.release;
  if (release === null || release.colour !== colour) return [];
  const compared = past === undefined ? {} : { past };
  if (release.group !== null)
    return readyForAll(state, release, size).map((event) => ({ ...event, ...compared }));
  if (release.status === 'starting')
    return [{ type: 'candidate-ready', differences: differences(state, release), ...compared }];
  // A pause holds the step, not the growth; when it ends, the same fact is found out again.
  if (release.stoppedAt !== null || size !== state.environments[colour]?.size) return [];
  if (release.status === 'scaling' && size === 'full')
    return [{ type: 'switch-started', differences: differences(state, release) }];
  return release.status === 'stepping' ? grown(release) : [];
}

/** What follows follows for all apps of the group at once, when the last of them is as far. */
function readyForAll({ environments }: AppState, release: Release, size: Size): readonly Event[] {
  const { status, colour, ready: known, stoppedAt } = release;
  const grows = status === 'stepping' && grown(release).length > 0;
  if (known || (status !== 'starting' && status !== 'scaling' && !grows)) return [];
  if (status !== 'starting' && (stoppedAt !== null || size !== environments[colour]?.size)) return [];
  return status === 'scaling' && size !== 'full' ? [] : [{ type: 'ready' }];
}

/** It can carry what the step under the cursor sends it: now that may come. */
export function grown(release: Release): readonly Event[] {
  const step = release.steps[release.cursor];
  if (release.expose !== null) return [];
  if (step?.kind === 'mirror') return [{ type: 'mirror-started', cursor: release.cursor }];
  if (step?.kind !== 'expose') return [];
  return [{ type: 'expose-started', cursor: release.cursor, exposed: exposedAfter(release.exposed, step) }];
}

function failed(state: AppState, colour: Colour, error: ErrorJson): readonly Event[] {
  const release = state.release;
  if (release === null || release.colour !== colour) return [];
  // Watched until the window closes: what is live and keeps failing goes back by itself.
  return goBack(state, release, { why: error.message, error });
}

function stopped(state: AppState, colour: Colour, drain: Drain): readonly Event[] {
  if (state.environments[colour]?.phase !== 'stopping') return [];
  if (state.removing) {
    const last = state.environments[other(colour)] === null;
    return [{ type: 'retired', colour, drain }, ...(last ? [{ type: 'removed' } as const] : [])];
  }
  if (state.release?.status === 'clearing') return [emptied(state, state.release)];
  return [{ type: 'retired', colour, drain }];
}

function tested(state: AppState, fact: Fact & { type: 'test-passed' | 'test-failed' }): readonly Event[] {
  const release = state.release;
  const step = isAt(release, fact) ? release.steps[fact.cursor] : undefined;
  if (step?.kind !== 'test') return [];
  if (fact.type === 'test-passed') return [passedStep(step, fact.cursor, fact.output)];
  return [
    { type: 'step-failed', cursor: fact.cursor, name: stepName(step), error: fact.error },
    { type: 'abort-started', why: fact.error.message, error: fact.error },
  ];
}

function acknowledged(state: AppState, fact: Fact & { type: 'table-acknowledged' }): readonly Event[] {
  const release = state.release;
  if (release?.id !== fact.release || state.live !== fact.live || !next(release.status, 'switched'))
    return [];
  return [{ type: 'switched', live: fact.live, generation: fact.generation }];
}

function exposed(state: AppState, fact: Fact & { type: 'exposure-acknowledged' }): readonly Event[] {
  const release = state.release;
  if (!isAt(release, fact) || release.expose === null || release.expose.at !== null) return [];
  const { cursor, generation } = fact;
  return [{ type: release.steps[cursor]?.kind === 'mirror' ? 'mirrored' : 'exposed', cursor, generation }];
}

function warmed(state: AppState, fact: Fact & { type: 'warmed' }): readonly Event[] {
  const release = state.release;
  const step = isAt(release, fact) ? release.steps[fact.cursor] : undefined;
  if (step?.kind !== 'warm') return [];
  return [passedStep(step, fact.cursor, fact.output)];
}

/** Whether the fact is about the step under the cursor of this release. */
const isAt = (
  release: Release | null,
  fact: { readonly release: string; readonly cursor: number },
): release is Release =>
  release?.id === fact.release && release.status === 'stepping' && release.cursor === fact.cursor;

const passedStep = (
  step: Step,
  cursor: number,
  output: string | null = null,
): Event & { type: 'step-passed' } => ({
  type: 'step-passed',
  cursor,
  name: stepName(step),
  output,
  skipped: false,
});

function drained(state: AppState, fact: Fact & { type: 'drained' }): readonly Event[] {
  const release = state.release;
  if (release?.id !== fact.release || !next(release.status, 'drained') || release.drain !== null) return [];
  // That the old environment was drained is no news of the candidate, when everybody has gone back meanwhile.
  if (fact.colour !== drainsNow(release)) return [];
  return [{ type: 'drained', colour: fact.colour, drain: fact.drain }];
}

/** What time alone brings, and what has become true without any work left to wait for. */
function passed(state: AppState, now: number): readonly Event[] {
  if (state.removing) {
    return state.environments.blue === null && state.environments.green === null ? [{ type: 'removed' }] : [];
  }
  const next = dequeued(state, now);
  if (next.length > 0) return next;
  const release = state.release;
  if (release === null || release.stoppedAt !== null) return [];
  if (state.environments[release.colour] === null) {
    const done = withoutCandidate(state, release);
    if (done !== null) return [done];
  }
  if (overdue(release, now)) return [{ type: 'abort-started', why: missed(release), error: null }];
  if (release.status === 'stepping') return release.group === null ? goesOn(state, release, now) : [];
  if (release.status === 'promoted') return watched(state, release, now);
  return byItself(state, now);
}

/** What has nothing to stop has stopped. */
function withoutCandidate(state: AppState, release: Release): Event | null {
  const { status, colour } = release;
  if (status === 'clearing') return emptied(state, release);
  if (status === 'migrating' && state.migration?.stage === 'ready') return { type: 'migrated' };
  return status === 'aborting' ? { type: 'retired', colour, drain: nothingDrained } : null;
}

const nothingDrained: Drain = { finished: 0, cut: 0, seconds: 0 };

/** How it leaves the step under the cursor, as far as time alone, or nothing, has to be waited for. */
export const goesOn = (state: AppState, release: Release, now: number): readonly Event[] =>
  release.status !== 'stepping' || held(state, release, now) ? [] : stepped(release, now);

/** Outside the windows of teal.yaml as it is now no step advances by itself; a rollback always does (invariant 3). */
function held(state: AppState, release: Release, now: number): boolean {
  const windows = state.config?.release.windows;
  return windows !== undefined && release.kind === 'deploy' && !isOpen(windows, now);
}

function stepped(release: Release, now: number): readonly Event[] {
  const step = release.steps[release.cursor];
  const on = (): readonly Event[] =>
    step === undefined || judgeHolds(release) ? [] : [judgedStep(release, step)];
  const due = now >= (stepEndsAt(release) ?? Infinity);
  switch (step?.kind) {
    case 'promote':
      return judgeHolds(release) ? [] : [{ type: 'steps-passed' }];
    case 'wait':
    case 'mirror':
    case 'expose':
      return due ? on() : [];
    case 'approve':
      if (!due) return [];
      return step.onExpiry === 'advance'
        ? on()
        : [{ type: 'abort-started', why: 'nobody approved in time', error: null }];
    default:
      return [];
  }
}

/** What the judge let pass says why. */
function judgedStep(release: Release, step: Step): Event {
  const { cursor, verdict } = release;
  if (verdict?.action !== 'advance') return passedStep(step, cursor);
  return { ...passedStep(step, cursor, verdict.sentence), verdict: said(verdict) };
}

function watched(state: AppState, release: Release, now: number): readonly Event[] {
  const old = other(release.colour);
  if (state.environments[old] === null) return [{ type: 'settled' }];
  if (release.group !== null) return [];
  // Its processes are not touched before the drain has ended, however short the window.
  if (release.drain === null || release.windowEndsAt === null || now < release.windowEndsAt) return [];
  return [{ type: 'window-closed' }];
}

/** The deadline counts Teal's and the app's time, not that of a person or a clock that is asked to wait. */
const overdue = (release: Release, now: number): boolean =>
  transitions[release.status].timed === true && now >= release.deadlineAt && waitsSince(release) === null;

function missed(release: Release): string {
  const seconds = Math.round(release.build.spec.release.deadlineMs / 1000);
  return `the deadline of ${seconds} s passed while ${transitions[release.status].means}`;
}
