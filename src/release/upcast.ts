import type { App } from '../config/config.ts';
import type { Event } from './events.ts';
import { unchosen } from './evolve.ts';
import { nothing, type AppState, type Build, type Release, type Step } from './state.ts';
import { byAnyone } from './steps.ts';

/**
 * What an older Teal stored, as this one reads it: keys that did not exist then have the value that they meant.
 * The log itself is never changed.
 */
export function upcast(event: Event): Event {
  switch (event.type) {
    case 'applied':
      return { ...event, config: app(event.config) };
    case 'release-started':
      return { ...event, build: build(event.build), steps: event.steps.map(step) };
    default:
      return event;
  }
}

/** A snapshot of an older shape; its events may be pruned, so it cannot be left aside. */
export function upcastState(old: AppState): AppState {
  return {
    ...nothing(old.app),
    ...old,
    config: old.config === null ? null : app(old.config),
    lives: old.lives.map(build),
    environments: { blue: within(old.environments.blue), green: within(old.environments.green) },
    release: old.release === null ? null : release(old.release),
  };
}

const within = <T extends Build>(old: T | null): T | null =>
  old === null ? null : { ...old, ...build(old) };

const build = (old: Build): Build => ({ ...old, spec: app(old.spec) });

const app = (old: App): App => ({ ...old, release: { ...newPolicy, ...old.release } });

const newPolicy = { steps: [], windows: { open: [], holidays: [] }, cohort: 'fresh' } as const;

const step = (old: Step): Step => (old.kind === 'approve' ? { ...byAnyone, ...old } : old);

const release = (old: Release): Release => ({
  ...newRelease(old.pausedAt),
  ...old,
  build: build(old.build),
  steps: old.steps.map(step),
  livesBefore: old.livesBefore.map(build),
});

const newRelease = (stoppedAt: number | null) =>
  ({
    stoppedAt,
    exposed: [],
    cohort: unchosen,
    expose: null,
    approvals: [],
    past: null,
    verdict: null,
    group: null,
    ready: false,
  }) as const;
