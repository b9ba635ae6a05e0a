import type { Event } from './events.ts';
import { open } from './migrate.ts';
import type { AppState, Environment, Release } from './state.ts';
import { shifted } from './timers.ts';
import { transitions } from './transitions.ts';

/**
 * What it means to an app that somebody has set the clock of the machine: nothing, but that what it waits for is at other times now. Every
 * timer goes on with the time it had left, so that no step ends, and nothing expires, because of it.
 * @param ms by how much the clock is ahead of where it would be
 */
export const clockJumped = (state: AppState, ms: number): readonly Event[] =>
  isWaiting(state) ? [{ type: 'clock-jumped', ms }] : [];

const isWaiting = (state: AppState): boolean =>
  state.queued !== null ||
  open(state) !== null ||
  (state.release !== null && !transitions[state.release.status].ended);

/** The same times by the clock as it is now. */
export function afterJump(state: AppState, ms: number): AppState {
  const { release, queued, environments } = state;
  const migration = open(state);
  return {
    ...state,
    migration: migration === null ? state.migration : { ...migration, since: migration.since + ms },
    environments: { blue: begunLater(environments.blue, ms), green: begunLater(environments.green, ms) },
    queued: queued === null ? null : { ...queued, at: queued.at + ms },
    release: release === null || transitions[release.status].ended ? release : moved(release, ms),
  };
}

const begunLater = (environment: Environment | null, ms: number): Environment | null =>
  environment?.since === undefined ? environment : { ...environment, since: environment.since + ms };

function moved(release: Release, ms: number): Release {
  const { pausedAt, stoppedAt, verdict } = release;
  return {
    ...release,
    ...shifted(release, ms),
    pausedAt: pausedAt === null ? null : pausedAt + ms,
    stoppedAt: stoppedAt === null ? null : stoppedAt + ms,
    verdict: verdict === null ? null : { ...verdict, at: verdict.at + ms },
  };
}
