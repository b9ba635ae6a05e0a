import { TealError } from '../errors.ts';
import { stepName } from './steps.ts';
import type { AppState, Release } from './state.ts';
import { transitions } from './transitions.ts';

/** Every refusal says what was asked, what is the case, and which command helps. */
export const unknownApp = (app: string): TealError =>
  new TealError('app-unknown', `There is no app ${app}.`, { remedy: 'teal status', details: { app } });

export const unknownRole = (state: AppState, role: string): TealError =>
  new TealError('usage', `${state.app} has no role ${role}.`, {
    remedy: `one of: ${state.config?.roles.map((known) => known.name).join(', ') ?? 'none'}`,
    details: { role },
  });

export const badInstances = (instances: number): TealError =>
  new TealError('usage', `${instances} is not a number of instances.`, {
    remedy: 'a whole number from 1 to 1000',
    details: { instances },
  });

export const inProgress = (state: AppState, release: Release): TealError =>
  new TealError(
    'release-in-progress',
    `${release.id} (${release.build.version}) of ${state.app} is ${transitions[release.status].means}.`,
    {
      remedy: `wait for it, or teal abort ${state.app}`,
      details: { release: release.id, status: release.status },
    },
  );

export const rollingBack = (state: AppState, release: Release): TealError =>
  new TealError('release-in-progress', `${state.app} is rolling back ${release.build.version}.`, {
    remedy: 'ask again when the routers have switched: teal status',
    details: { release: release.id, status: release.status },
  });

export const alreadyLive = (state: AppState, version: string): TealError =>
  new TealError('already-live', `${version} is the live version of ${state.app}.`, {
    remedy: `teal restart ${state.app} restarts it; teal rollback ${state.app} leaves it`,
    details: { version },
  });

export const nothingToRollBackTo = (state: AppState): TealError =>
  new TealError(
    'nothing-to-roll-back-to',
    `${state.app} has had no version live before ${state.lives.at(-1)?.version ?? 'any'}.`,
    {
      remedy: `deploy the version you want: teal deploy ${state.app} <version>`,
      details: { app: state.app },
    },
  );

export const noRelease = (state: AppState, command: string): TealError =>
  new TealError('no-release', `${state.app} has no release to ${command}.`, {
    remedy: `teal deploy ${state.app} <version>`,
    details: { app: state.app },
  });

/** The command makes no sense now; `instead` is what does. */
export const wrongState = (state: AppState, command: string, instead: string): TealError => {
  const release = state.release;
  const step = release && release.status === 'stepping' ? release.steps[release.cursor] : undefined;
  const where = state.removing
    ? 'being removed'
    : step
      ? `at ${stepName(step)}`
      : release
        ? transitions[release.status].means
        : 'without a release';
  return new TealError(
    'wrong-state',
    `${state.app} can't ${command} now: ${state.removing ? 'it' : (release?.id ?? 'it')} is ${where}.`,
    {
      remedy: instead,
      details: { status: release?.status ?? null },
    },
  );
};
