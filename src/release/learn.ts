import type { ErrorJson } from '../errors.ts';
import type { Event } from './events.ts';
import type { Fact } from './input.ts';
import { parity } from './parity.ts';
import type { AppState, Colour, Drain, Release } from './state.ts';
import { other } from './state.ts';
import { stepName } from './steps.ts';
import { next, transitions } from './transitions.ts';

/** What a fact changes. Late and repeated facts change nothing: every effect may be run again after a crash. */
export function learn(state: AppState, fact: Fact, now: number): readonly Event[] {
  switch (fact.type) {
    case 'environment-ready':
      return current(state, fact) ? ready(state, fact.colour, fact.size) : [];
    case 'environment-failed':
      return current(state, fact) ? failed(state, fact.colour, fact.error) : [];
    case 'environment-stopped':
      return stopped(state, fact.colour, fact.drain);
    case 'test-passed':
    case 'test-failed':
      return tested(state, fact);
    case 'table-acknowledged':
      return acknowledged(state, fact);
    case 'drained':
      return drained(state, fact);
    case 'tick':
      return passed(state, now);
  }
}

const current = (state: AppState, fact: { readonly colour: Colour; readonly version: string }): boolean =>
  state.environments[fact.colour]?.version === fact.version &&
  state.environments[fact.colour]?.phase === 'running';

function ready(state: AppState, colour: Colour, size: 'preview' | 'full'): readonly Event[] {
  const release = state.release;
  if (release === null || release.colour !== colour) return [];
  if (release.status === 'starting')
    return [{ type: 'candidate-ready', differences: differences(state, release) }];
  // A pause holds the switch, not the growth; when it ends, the same fact is found out again.
  if (release.status === 'scaling' && size === 'full' && release.pausedAt === null) {
    return [{ type: 'switch-started', differences: differences(state, release) }];
  }
  return [];
}

function failed(state: AppState, colour: Colour, error: ErrorJson): readonly Event[] {
  const release = state.release;
  if (release === null || release.colour !== colour) return [];
  if (next(release.status, 'abort-started')) return [{ type: 'abort-started', why: error.message, error }];
  // Watched until the window closes: what is live and keeps failing goes back by itself, when there is somewhere to go.
  if (next(release.status, 'rollback-started') && state.environments[other(colour)] !== null) {
    return [{ type: 'rollback-started', why: error.message, error }];
  }
  return [];
}

function stopped(state: AppState, colour: Colour, drain: Drain): readonly Event[] {
  if (state.environments[colour]?.phase !== 'stopping') return [];
  if (state.removing) {
    const last = state.environments[other(colour)] === null;
    return [{ type: 'retired', colour, drain }, ...(last ? [{ type: 'removed' } as const] : [])];
  }
  if (state.release?.status === 'clearing') return [{ type: 'cleared' }];
  return [{ type: 'retired', colour, drain }];
}

function tested(state: AppState, fact: Fact & { type: 'test-passed' | 'test-failed' }): readonly Event[] {
  const release = state.release;
  if (release?.id !== fact.release || release.status !== 'stepping' || release.cursor !== fact.cursor)
    return [];
  const step = release.steps[fact.cursor];
  if (step?.kind !== 'test') return [];
  if (fact.type === 'test-passed') {
    return [
      { type: 'step-passed', cursor: fact.cursor, name: stepName(step), output: fact.output, skipped: false },
    ];
  }
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

function drained(state: AppState, fact: Fact & { type: 'drained' }): readonly Event[] {
  const release = state.release;
  if (release?.id !== fact.release || !next(release.status, 'drained') || release.drain !== null) return [];
  return [{ type: 'drained', colour: fact.colour, drain: fact.drain }];
}

/** What time alone brings, and what has become true without any work left to wait for. */
function passed(state: AppState, now: number): readonly Event[] {
  if (state.removing) {
    return state.environments.blue === null && state.environments.green === null ? [{ type: 'removed' }] : [];
  }
  const release = state.release;
  if (release === null || release.pausedAt !== null) return [];
  if (release.status === 'clearing' && state.environments[release.colour] === null)
    return [{ type: 'cleared' }];
  if (overdue(release, now)) return [{ type: 'abort-started', why: missed(release), error: null }];
  if (release.status === 'stepping') return stepped(release, now);
  if (release.status === 'promoted') return watched(state, release, now);
  return [];
}

function stepped(release: Release, now: number): readonly Event[] {
  const step = release.steps[release.cursor];
  if (step?.kind === 'promote') return [{ type: 'steps-passed' }];
  if (step?.kind === 'wait' && now >= release.since + step.ms) {
    return [
      { type: 'step-passed', cursor: release.cursor, name: stepName(step), output: null, skipped: false },
    ];
  }
  return [];
}

function watched(state: AppState, release: Release, now: number): readonly Event[] {
  const old = other(release.colour);
  if (state.environments[old] === null) return [{ type: 'settled' }];
  // Its processes are not touched before the drain has ended, however short the window.
  if (release.drain === null || release.windowEndsAt === null || now < release.windowEndsAt) return [];
  return [{ type: 'window-closed' }];
}

/** The deadline counts Teal's and the app's time, not that of a person or a clock that is asked to wait. */
function overdue(release: Release, now: number): boolean {
  if (!transitions[release.status].timed || now < release.deadlineAt) return false;
  const step = release.status === 'stepping' ? release.steps[release.cursor] : undefined;
  return step?.kind !== 'approve' && step?.kind !== 'wait';
}

function missed(release: Release): string {
  const seconds = Math.round(release.build.spec.release.deadlineMs / 1000);
  return `the deadline of ${seconds} s passed while ${transitions[release.status].means}`;
}

function differences(state: AppState, release: Release): ReturnType<typeof parity> {
  const live = state.environments[other(release.colour)];
  return live === null ? [] : parity(live.spec, release.build.spec, state.scale);
}
