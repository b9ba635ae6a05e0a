import type { ApprovePolicy } from '../config/release.ts';
import { TealError } from '../errors.ts';
import { stepName } from './steps.ts';
import type { AppState, Migration, Release } from './state.ts';
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

export const migrationOpen = (state: AppState, { name, build, stage }: Migration): TealError =>
  new TealError(
    'migration-open',
    `${name}, which came with ${build.version}, is neither contracted nor undone: a second migration of ${state.app} has to wait for it.`,
    {
      remedy: `deploy a build whose newest migration is ${name}; or teal db undo ${state.app}; or, when no older version runs any more, teal db contract ${state.app}`,
      details: { app: state.app, migration: name, stage },
    },
  );

export const schemaContracted = (state: AppState, name: string, version: string): TealError =>
  new TealError(
    'schema-contracted',
    `${version} does not know the database as it is since ${name} was contracted.`,
    {
      remedy: `deploy a build that does, which its newest migration says: keep that in the version; teal rollback ${state.app} goes back all the same`,
      details: { app: state.app, migration: name, version },
    },
  );

export const noMigration = (state: AppState, command: string): TealError =>
  new TealError('wrong-state', `${state.app} has no migration to ${command}.`, {
    remedy: `teal status ${state.app}; by hand: teal db run ${command} <folder>`,
    details: { app: state.app },
  });

/** @param why what is in the way, as in "1.0 still runs" */
export const migrationHeld = (
  state: AppState,
  { command, name, why }: { readonly command: string; readonly name: string; readonly why: string },
): TealError =>
  new TealError('wrong-state', `${state.app} can't ${command} ${name} now: ${why}.`, {
    remedy: `teal status ${state.app}`,
    details: { app: state.app, migration: name },
  });

export const runsElsewhere = (state: AppState, command: string): TealError =>
  new TealError(
    'wrong-state',
    `${state.app} runs on servers that Teal neither starts nor stops: no ${command}.`,
    {
      remedy: 'do it where they run; other servers: change run.static, then teal apply, and deploy again',
      details: { app: state.app, command },
    },
  );

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

export const releasedTogether = (state: AppState, group: string): TealError =>
  new TealError('released-together', `${state.app} is released with the other apps of ${group}.`, {
    remedy: `teal deploy ${group} <version>, or those that change: teal deploy ${group} ${state.app}=<version>`,
    details: { app: state.app, group },
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

export const frozen = (state: AppState): TealError =>
  new TealError(
    'frozen',
    `${state.app} is frozen${state.frozen?.reason == null ? '' : `: ${state.frozen.reason}`} (by ${state.frozen?.actor}).`,
    {
      remedy: `teal unfreeze ${state.app}; going back is always allowed: teal rollback ${state.app}`,
      details: { actor: state.frozen?.actor, at: state.frozen?.at },
    },
  );

export const otherStep = (state: AppState, release: Release, step: number): TealError =>
  new TealError('wrong-state', `${release.id} is at step ${release.cursor + 1}, not at step ${step + 1}.`, {
    remedy: `look at it first: teal status ${state.app}`,
    details: { step: release.cursor + 1 },
  });

export const notAnApprover = (state: AppState, gate: ApprovePolicy, actor: string): TealError =>
  new TealError(
    'not-allowed',
    `${actor} may not approve this step${gate.role === null ? '' : `: it takes the role ${gate.role}`}.`,
    { remedy: `ask one of: ${gate.by?.join(', ') ?? 'anyone'}`, details: { app: state.app, by: gate.by } },
  );

export const ownRelease = (state: AppState, release: Release): TealError =>
  new TealError(
    'not-allowed',
    `${release.actor} deployed ${release.build.version}, and this step takes somebody else (four eyes).`,
    { remedy: 'ask a colleague', details: { app: state.app, actor: release.actor } },
  );

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
