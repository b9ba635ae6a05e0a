import type { DatabasePolicy, Phase } from '../config/database.ts';
import type { Event, MigrationEvent } from './events.ts';
import type { Fact } from './input.ts';
import type { AppState, BuildMigration, Migration, Release } from './state.ts';
import { colours } from './state.ts';
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
  return migration;
}

/** A migration that is neither contracted nor undone: another one has to wait for it. */
export const open = ({ migration }: AppState): Migration | null =>
  migration === null || migration.stage === 'contracted' || migration.stage === 'undone' ? null : migration;

/** The one that keeps this build from being deployed; null: none does. */
export function inTheWay(state: AppState, build: Release['build']): Migration | null {
  const wanted = pending(state, { kind: 'deploy', build });
  const there = open(state);
  if (wanted === null || there === null) return null;
  return there.name === wanted.name && there.stage !== 'contracting' && there.stage !== 'undoing'
    ? null
    : there;
}

/** The idle environment is empty: the candidate's place, or first the database's turn. */
export function emptied(state: AppState, release: Release): Event {
  const wanted = pending(state, release);
  if (wanted === null) return { type: 'cleared' };
  const before = state.migration?.name === wanted.name ? state.migration : null;
  const again = before?.stage === 'undone';
  return {
    type: 'migration-started',
    round: (before?.round ?? 1) + (again ? 1 : 0),
    // Begun once more by a repaired version: what was old then is old now.
    olds: before === null || again ? versionsBefore(state, release) : before.olds,
  };
}

const versionsBefore = ({ lives }: AppState, { build }: Release): readonly string[] => [
  ...new Set(lives.map(({ version }) => version).filter((version) => version !== build.version)),
];

/** The migration as its release has just begun it. */
export function begun(
  { build, id }: Release,
  { round, olds }: Event & { type: 'migration-started' },
  at: number,
): Migration | null {
  const { migration } = build;
  if (migration === undefined) return null;
  const stage = stageOf(migration, null);
  return { ...migration, build, release: id, olds, round, stage, since: at, failed: null, proofs: {} };
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
      return set({ failed: event.error });
    case 'undo-started':
      return set({ stage: 'undoing', since: at, failed: null });
    case 'contract-started': {
      if (migration.phases.includes('contract'))
        return set({ stage: 'contracting', since: at, failed: null });
      return contracted(set({ stage: 'contracted', since: at, failed: null }), migration.name);
    }
    case 'phase-passed': {
      const after = set({ stage: stageOf(migration, event.phase), since: at, failed: null });
      return event.phase === 'contract' ? contracted(after, migration.name) : after;
    }
  }
}

const contracted = (state: AppState, name: string): AppState => ({
  ...state,
  contracted: [...state.contracted, name].slice(-contractedKept),
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

/** Whether a version that only knows the schema of before runs, or is on its way. */
function oldIsThere({ environments, release, removing }: AppState, { olds }: Migration): boolean {
  const coming =
    release !== null && !transitions[release.status].ended && olds.includes(release.build.version);
  return removing || coming || colours.some((colour) => olds.includes(environments[colour]?.version ?? ''));
}

/** Whether a version that needs what expand has made runs, or is on its way. */
function newIsThere({ environments, release, removing }: AppState, { olds }: Migration): boolean {
  const coming =
    release !== null && !transitions[release.status].ended && !olds.includes(release.build.version);
  const isNew = (colour: (typeof colours)[number]): boolean => {
    const environment = environments[colour];
    return environment !== null && !olds.includes(environment.version);
  };
  return removing || coming || colours.some(isNew);
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

/** What going back to this version means once contract has begun; null: nothing. It goes back all the same (invariant 3). */
export function olderThan({ migration }: AppState, version: string): string | null {
  if (migration === null || !migration.olds.includes(version)) return null;
  if (migration.stage !== 'contracting' && migration.stage !== 'contracted') return null;
  return `the database was contracted for ${migration.build.version} (${migration.name}): statements of ${version} may fail on it`;
}

const isAtRest = ({ release }: AppState): boolean =>
  release === null || (transitions[release.status].ended ?? false);

/** As teal.yaml is now; where it says nothing any more, as it was for the migration. */
export const policyOf = ({ config, migration }: AppState): DatabasePolicy | null =>
  config?.database ?? migration?.build.spec.database ?? null;

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
  const { migration, release, frozen } = state;
  const policy = policyOf(state);
  if (migration === null || policy === null || frozen !== null || migration.failed !== null) return null;
  if (migration.stage === 'ready' && policy.contract === 'auto' && mayContract(state))
    return 'contract-started';
  if (migration.stage === 'undoing' || policy.undo !== 'auto' || !isAtRest(state)) return null;
  return release?.id === migration.release && takenBack.has(release.status) && mayUndo(state)
    ? 'undo-started'
    : null;
}

const takenBack: ReadonlySet<Release['status']> = new Set(['aborted', 'rolled-back']);

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
export function unsafe(state: AppState, release: Release): string | null {
  const { database, name } = release.build.spec;
  if (pending(state, release) === null) return null;
  if (database?.rollback === 'unsafe') return `teal.yaml says so: apps.${name}.database.rollback`;
  const { migration } = state;
  return migration?.release === release.id ? (migration.proofs.expand?.unsafe ?? null) : null;
}
