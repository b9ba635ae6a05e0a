import type { DatabasePolicy, Phase } from '../config/database.ts';
import type { Event, MigrationEvent } from './events.ts';
import type { Fact } from './input.ts';
import { isOutdated, knows, liveKnows, newIsThere, oldIsThere, versionsBefore } from './migrate-knows.ts';
import type { AppState, Build, BuildMigration, Migration, Release } from './state.ts';
import { other } from './state.ts';
import { transitions } from './transitions.ts';
import { isOpen, opensAt } from './windows.ts';

/**
 * When a migration of the database goes on. The candidate starts when what it needs is there; what old versions need goes when none of
 * them runs any more; and what was made is undone when no version that needs it runs. Traffic goes back whatever is the case here
 * (invariant 3): nothing of this holds a rollback.
 */

/** What a release has to do to the database before its candidate starts; null: nothing. */
export function pending(
  state: AppState,
  { kind, build }: Pick<Release, 'kind' | 'build'>,
): BuildMigration | null {
  const { migration } = build;
  if (kind === 'rollback' || migration === undefined || state.contracted.includes(migration.name))
    return null;
  // Contract has begun, so that all before it is done: who went back from it comes forward again.
  const begun = state.migration?.stage === 'contracting' && knows(build, state.migration);
  return begun ? null : migration;
}

/** A migration that is neither contracted nor undone: another one has to wait for it. */
export const open = ({ migration }: AppState): Migration | null =>
  migration === null || migration.stage === 'contracted' || migration.stage === 'undone' ? null : migration;

/** The one that keeps this build from being released; null: none does. */
export function inTheWay(state: AppState, build: Build, kind: Release['kind'] = 'deploy'): Migration | null {
  const wanted = pending(state, { kind, build });
  const there = open(state);
  if (wanted === null || there === null) return null;
  const yields = wanted.name === there.name ? mayBeginAgain(there) : mayBeFollowed(state, there, build);
  return yields ? null : there;
}

/** Not while it is taken back; when that has failed, forward is a way out, too. */
const mayBeginAgain = ({ stage, failed }: Migration): boolean => stage !== 'undoing' || failed !== null;

/**
 * Nothing of it is left to do, or all of it is done by commands, which do with each version what versions before have left: those of one that
 * was taken back are done by the next.
 */
function mayBeFollowed(state: AppState, there: Migration, build: Build): boolean {
  const { stage, phases, failed } = there;
  if (stage === 'contracting' || (stage === 'undoing' && failed === null)) return false;
  if (stage === 'ready' && !phases.includes('contract'))
    return liveKnows(state, there) || !phases.includes('undo');
  return isByCommands(build) && isByCommands(there.build) && !liveKnows(state, there);
}

const isByCommands = ({ spec: { database } }: Build): boolean => database?.migrations === null;

/** The idle environment is empty: the candidate's place, or first the database's turn. */
export function emptied(state: AppState, release: Release): Event {
  const wanted = pending(state, release);
  if (wanted === null) return { type: 'cleared' };
  const before = state.migration?.name === wanted.name ? state.migration : null;
  const again = before?.stage === 'undone';
  const olds = versionsBefore(state, release.build);
  return {
    type: 'migration-started',
    round: (before?.round ?? 0) + 1,
    // Begun once more by a repaired version: what was old then is old now.
    olds: before === null || again ? olds : [...new Set([...before.olds, ...olds])],
  };
}

/** The state when its release has just begun it. */
export function begun(
  state: AppState & { readonly release: Release },
  { round, olds }: Event & { type: 'migration-started' },
  at: number,
): AppState {
  const { build, id } = state.release;
  const { migration } = build;
  if (migration === undefined) return state;
  const stage = stageOf(migration, null);
  const next = { ...migration, build, release: id, olds, round, stage, since: at, failed: null, proofs: {} };
  const before = state.migration?.stage === 'ready' ? state.migration : null;
  if (before?.name === next.name)
    return { ...state, migration: stage === 'ready' ? next : { ...next, before } };
  // What had nothing to contract is over with the next one.
  const isDone = before !== null && !before.phases.includes('contract') && liveKnows(state, before);
  return { ...(isDone ? contracted(state, before.name) : state), migration: next };
}

/**
 * The state when a release has given up. What was ready for a version before it still is: else contract would never come for one that is
 * live, or by the files of one that is not.
 */
export function givenUp(state: AppState, { id }: Release): AppState {
  const { migration } = state;
  if (migration?.before === undefined || migration.release !== id) return state;
  return { ...state, migration: { ...migration.before, olds: migration.olds, round: migration.round } };
}

/** The state when this version gets an environment: while the migration is open, it is old when it knows nothing of it. */
export function placed(state: AppState, build: Build): AppState {
  const migration = open(state);
  if (migration === null || knows(build, migration) || migration.olds.includes(build.version)) return state;
  return { ...state, migration: { ...migration, olds: [...migration.olds, build.version] } };
}

/** Where a migration stands when this phase is done; null: none is. Phases with nothing to do are none. */
function stageOf({ phases }: BuildMigration, done: Phase | null): Migration['stage'] {
  if (done === 'undo') return 'undone';
  if (done === 'contract') return 'contracted';
  if (done === null && phases.includes('expand')) return 'expanding';
  return done !== 'backfill' && phases.includes('backfill') ? 'backfilling' : 'ready';
}

const phaseAt: Readonly<Partial<Record<Migration['stage'], Phase>>> = {
  expanding: 'expand',
  backfilling: 'backfill',
  contracting: 'contract',
  undoing: 'undo',
};

/** The phase that is under way; null: none is. */
export const phaseNow = ({ stage }: Pick<Migration, 'stage'>): Phase | null => phaseAt[stage] ?? null;

/** A rollback reaches back over a few versions; who deploys what was contracted longer ago asks the database, which knows all. */
const contractedKept = 100;

/** The state after what happened to the database. */
export function changedBy(state: AppState, event: MigrationEvent, at: number): AppState {
  const { migration } = state;
  if (migration === null || !isOf(migration, event)) return state;
  const set = (more: Partial<Migration>): AppState => ({ ...state, migration: { ...migration, ...more } });
  switch (event.type) {
    case 'migration-proved':
      return set({ proofs: { ...migration.proofs, [event.before]: event.proof } });
    case 'phase-failed':
      return set({
        failed: event.error,
        ...(event.nothing === true ? notBegun(migration, event.phase, at) : {}),
      });
    case 'undo-started':
      return set({ stage: 'undoing', since: at, failed: null });
    case 'contract-started': {
      if (migration.phases.includes('contract'))
        return set({ stage: 'contracting', since: at, failed: null });
      return contracted(set({ stage: 'contracted', since: at, failed: null }), migration.name);
    }
    case 'phase-passed': {
      const stage = stageOf(migration, event.phase);
      const { before, ...rest } = migration;
      const kept = stage === 'backfilling' && before !== undefined ? { before } : {};
      const after = { ...state, migration: { ...rest, ...kept, stage, since: at, failed: null } };
      return event.phase === 'contract'
        ? contracted(outdating(after, migration.olds), migration.name)
        : after;
    }
  }
}

/** Where a migration stands of whose phase nothing has run: nobody has to mind what is not there. */
function notBegun({ before }: Migration, phase: Phase, at: number): Partial<Migration> {
  if (phase === 'contract') return { stage: 'ready', since: at };
  return phase === 'expand' && before === undefined ? { stage: 'undone', since: at, failed: null } : {};
}

const contracted = (state: AppState, name: string): AppState => ({
  ...state,
  contracted: [...state.contracted, name].slice(-contractedKept),
});

const outdating = (state: AppState, olds: readonly string[]): AppState => ({
  ...state,
  outdated: [...new Set([...state.outdated, ...olds])].slice(-contractedKept),
});

const isOf = (
  { name, round }: Migration,
  about: { readonly migration: string; readonly round: number },
): boolean => about.migration === name && about.round === round;

/** What a fact about the database changes; that of an earlier round, or of a phase that is not under way any more, nothing. */
export function migrated(
  state: AppState,
  fact: Fact & { type: 'migration-proved' | 'phase-passed' | 'phase-failed' },
): readonly Event[] {
  const { migration, release } = state;
  if (migration === null || !isOf(migration, fact) || migration.failed !== null) return [];
  const phase = fact.type === 'migration-proved' ? fact.before : fact.phase;
  if (phaseNow(migration) !== phase) return [];
  if (fact.type !== 'phase-failed' || release?.status !== 'migrating') return [fact];
  return [fact, { type: 'abort-started', why: fact.error.message, error: fact.error }];
}

/** Contract takes away what old versions need: never while one of them runs, or could be gone back to at once. */
export function mayContract(state: AppState): boolean {
  const { migration } = state;
  if (migration === null || state.live === null || oldIsThere(state, migration)) return false;
  return migration.stage === 'ready' ? isAtRest(state) : migration.stage === 'contracting';
}

/** Undo takes away what expand has made: never while a version that needs it runs. */
export function mayUndo(state: AppState): boolean {
  const { migration } = state;
  if (migration === null || !migration.phases.includes('undo') || newIsThere(state, migration)) return false;
  return undoable.has(migration.stage);
}

const undoable: ReadonlySet<Migration['stage']> = new Set(['expanding', 'backfilling', 'ready', 'undoing']);

/** What going back to this version means to who has to start it first; null: nothing. It goes back all the same (invariant 3). */
export function olderThan(state: AppState, version: string): string | null {
  const { migration, lives } = state;
  if (migration === null) return null;
  const { name, stage } = migration;
  const build = lives.findLast((each) => each.version === version);
  const takenBack = stage === 'undoing' || stage === 'undone';
  if (takenBack && build !== undefined && knows(build, migration))
    return `${name} was undone, and ${version} needs it: statements of it may fail`;
  if (!isOutdated(state, version)) return null;
  const isBy = (stage === 'contracting' || stage === 'contracted') && migration.olds.includes(version);
  return `the database was contracted${isBy ? ` (${name})` : ''}: statements of ${version} may fail on it`;
}

const isAtRest = ({ release }: AppState): boolean =>
  release === null || (transitions[release.status].ended ?? false);

/** As teal.yaml is now; where it says nothing any more, and of where the files are, as it was for the migration. */
export function policyOf({ config, migration }: AppState): DatabasePolicy | null {
  const begun = migration?.build.spec.database ?? null;
  const now = config?.database ?? begun;
  return now === null || begun === null ? now : { ...now, migrations: begun.migrations };
}

/** What goes on by itself, when nothing is under way. */
export function byItself(state: AppState, now: number): readonly Event[] {
  const { migration } = state;
  const event = wished(state);
  if (migration === null || event === null || !isOpen(windowsOf(state), now)) return [];
  return [{ type: event, migration: migration.name, round: migration.round }];
}

/** When it does: a window is waited for. Null: it does not. */
export const byItselfAt = (state: AppState): number | null =>
  wished(state) === null ? null : opensAt(windowsOf(state), restsSince(state));

const windowsOf = ({ config }: AppState) => config?.release.windows ?? { open: [], holidays: [] };

const restsSince = ({ release, migration }: AppState): number =>
  Math.max(release?.endedAt ?? 0, migration?.since ?? 0);

function wished(state: AppState): 'contract-started' | 'undo-started' | null {
  const { migration, queued, frozen } = state;
  const policy = policyOf(state);
  if (migration === null || policy === null || frozen !== null || !isAtRest(state)) return null;
  if (migration.stage === 'ready' && mayContract(state))
    return migration.failed === null && isDue(state, migration, policy) ? 'contract-started' : null;
  if (policy.undo !== 'auto' || migration.stage === 'undoing' || !mayUndo(state)) return null;
  // Undone for a version that is going to need it once more.
  return queued !== null && knows(queued.build, migration) ? null : 'undo-started';
}

/** Where nothing is taken away nobody has to be asked. */
const isDue = (state: AppState, { phases }: Migration, { contract }: DatabasePolicy): boolean =>
  !phases.includes('contract') || (contract === 'auto' && !isDoubted(state));

/** The judge had something against what is live when its window closed: that there is no easy way back any more is for a person to say. */
export function isDoubted({ release }: AppState): boolean {
  const action = release?.status === 'completed' ? release.verdict?.action : undefined;
  return action === 'freeze' || action === 'stop';
}

/** Whether the phase of the stage is to be worked at now. */
export function runs(state: AppState): boolean {
  const { migration, release, frozen } = state;
  if (migration === null || migration.failed !== null || state.removing) return false;
  switch (phaseNow(migration)) {
    case 'expand':
    case 'backfill':
      return (
        release?.status === 'migrating' && release.id === migration.release && release.stoppedAt === null
      );
    case 'contract':
      return frozen === null && mayContract(state);
    case 'undo':
      return frozen === null && mayUndo(state);
    default:
      return false;
  }
}

/** Why the old version cannot live with what this release's version writes, so that going back by itself does harm; null: it can. */
export function unsafe(state: AppState, { kind, build, colour }: Release): string | null {
  const { migration, environments, contracted: done } = state;
  const wanted = build.migration;
  const old = environments[other(colour)];
  if (kind === 'rollback' || wanted === undefined || done.includes(wanted.name)) return null;
  if (old === null || knows(old, wanted)) return null;
  const { database, name } = build.spec;
  if (database?.rollback === 'unsafe') return `teal.yaml says so: apps.${name}.database.rollback`;
  return migration?.name === wanted.name ? (migration.proofs.expand?.unsafe ?? null) : null;
}
