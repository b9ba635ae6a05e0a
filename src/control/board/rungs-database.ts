import type { Phase } from '../../config/database.ts';
import type { ErrorJson } from '../../errors.ts';
import { pending, phaseNow } from '../../release/migrate.ts';
import type { AppState, Migration, Release, ReleaseStatus } from '../../release/state.ts';
import type { StoredEvent } from '../../store/store.ts';
import type { MigrationView } from '../contract.ts';
import { partOf } from '../view/progress.ts';
import type { Rung, RungState } from './contract.ts';

/** What the steps of a database are told from. */
export interface Database {
  readonly state: AppState;
  /** Of the release on the page, oldest first. */
  readonly events: readonly StoredEvent[];
  readonly view: MigrationView | null;
}

interface PhaseData {
  readonly phase: Phase;
  readonly steps?: number;
  readonly error?: ErrorJson;
}

/** What was told of a phase last. */
interface Told {
  readonly at: number;
  readonly state: RungState;
  readonly error: ErrorJson | null;
}

const plain = { endsAt: null, by: null, actor: null, reason: null, output: null } as const;

/** Before the candidate starts: expand, then backfill; none where it needs nothing of the database. */
export function beforeStart({ state, events, view }: Database, release: Release): readonly Rung[] {
  const { migration } = release.build;
  const begun = events.find(({ type }) => type === 'migration-started')?.at ?? null;
  const coming = release.status === 'clearing' && pending(state, release) !== null;
  if (migration === undefined || (begun === null && !coming)) return [];
  const phases = (['expand', 'backfill'] as const).filter((phase) => migration.phases.includes(phase));
  const now = release.status === 'migrating' ? stageOf(state, release) : null;
  let before = begun;
  return phases.map((phase, index) => {
    const told = toldOf(events, phase);
    const here = now === phase || (coming && index === 0);
    const since = coming && here ? release.startedAt : before;
    before = told?.at ?? null;
    const rung: Drawn = { phase, name: migration.name, told, since, state: stateOf(release, told, here) };
    return rungOf(rung, here ? view : null);
  });
}

const stageOf = ({ migration }: AppState, { id }: Release): Phase | null =>
  migration === null || migration.release !== id ? null : phaseNow(migration);

function stateOf({ status }: Release, told: Told | null, here: boolean): RungState {
  if (told !== null) return told.state;
  if (here) return 'current';
  return status === 'clearing' || status === 'migrating' ? 'ahead' : 'dropped';
}

/** Behind everything: contract, or where the release was taken back, undo. */
export function afterAll({ state, events, view }: Database, release: Release): readonly Rung[] {
  const { migration } = state;
  if (migration?.release !== release.id) return [];
  const phase = takenBack.has(release.status) ? 'undo' : 'contract';
  if (!migration.phases.includes(phase)) return [];
  const told = toldOf(events, phase);
  const since = begunAt(events, phase) ?? release.endedAt;
  const rung: Drawn = { phase, name: migration.name, told, since, state: lastState(migration, phase, view) };
  // Before the candidate it is not its turn, and what is said is of another phase.
  const isTurn = migration.stage !== 'expanding' && migration.stage !== 'backfilling';
  return [rungOf(rung, isTurn || phase === 'undo' ? view : null)];
}

const takenBack: ReadonlySet<ReleaseStatus> = new Set([
  'aborting',
  'aborted',
  'reverting',
  'reverted',
  'rolled-back',
]);

function lastState(migration: Migration, phase: 'contract' | 'undo', view: MigrationView | null): RungState {
  if (migration.stage === (phase === 'undo' ? 'undone' : 'contracted')) return 'passed';
  if (phaseNow(migration) === phase) return migration.failed === null ? 'current' : 'failed';
  if (phase === 'contract' && migration.stage === 'ready' && migration.failed !== null) return 'failed';
  // A release that is over and taken back need not be undone: it may come again.
  return view?.command === phase ? 'current' : 'ahead';
}

const begunAt = (events: readonly StoredEvent[], phase: 'contract' | 'undo'): number | null =>
  events.findLast(({ type }) => type === `${phase}-started`)?.at ?? null;

function toldOf(events: readonly StoredEvent[], phase: Phase): Told | null {
  const event = events.findLast(
    ({ type, data }) =>
      (type === 'phase-passed' || type === 'phase-failed') && (data as PhaseData).phase === phase,
  );
  if (event === undefined) return null;
  const failed = event.type === 'phase-failed';
  const { error = null } = event.data as PhaseData;
  return { at: event.at, state: failed ? 'failed' : 'passed', error: failed ? error : null };
}

interface Drawn {
  readonly phase: Phase;
  readonly name: string;
  readonly told: Told | null;
  readonly since: number | null;
  readonly state: RungState;
}

/** @param view what is said of it now; null: it is not its turn */
function rungOf({ phase, name, told, since, state }: Drawn, view: MigrationView | null): Rung {
  const isOver = state === 'passed' || state === 'failed';
  const { at, error } = (isOver ? told : null) ?? { at: null, error: null };
  return {
    ...plain,
    kind: 'database',
    name: `${phase} ${name}`,
    state,
    startedAt: isOver || state === 'current' ? since : null,
    endedAt: at,
    error,
    ...(isOver || view === null ? unsaid : sayingOf(view, phase, state)),
  };
}

const unsaid = { asks: false, says: null, part: null } as const;

function sayingOf(
  { progress, says, command }: MigrationView,
  phase: Phase,
  state: RungState,
): Pick<Rung, 'asks' | 'says' | 'part'> {
  const part = progress?.phase === phase ? partOf(progress) : null;
  return { asks: state === 'current' && command === phase, says, part };
}
