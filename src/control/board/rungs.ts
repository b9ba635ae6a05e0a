import type { ErrorJson } from '../../errors.ts';
import { judgeAsks } from '../../release/judging.ts';
import type { Release, ReleaseStatus, Step } from '../../release/state.ts';
import { stepName } from '../../release/steps.ts';
import { stepEndsAt } from '../../release/timers.ts';
import type { StoredEvent } from '../../store/store.ts';
import type { Rung, RungState } from './contract.ts';
import { afterAll, beforeStart, type Database } from './rungs-database.ts';

/** What was told of one step. */
interface Told {
  at: number | null;
  actor: string | null;
  reason: string | null;
  state: RungState | null;
  output: string | null;
  error: ErrorJson | null;
}

const untold: Told = { at: null, actor: null, reason: null, state: null, output: null, error: null };

interface PassedData {
  readonly cursor: number;
  readonly output?: string | null;
  readonly skipped?: boolean;
  readonly error?: ErrorJson;
  readonly verdict?: { readonly sentence: string };
}

/** The release as a ladder. */
export function rungsOf(database: Database): readonly Rung[] {
  const {
    state: { release },
    events,
  } = database;
  if (release === null) return [];
  const told = new Map<number, Told>();
  for (const event of events) note(told, event);
  const ready = events.find(({ type }) => type === 'candidate-ready' || type === 'ready')?.at ?? null;
  const switched = events.find(({ type }) => type === 'switched')?.at ?? null;
  const steps = release.steps.map((step, index) => {
    const before = index === 0 ? ready : (told.get(index - 1)?.at ?? null);
    return rungOf(release, { step, index, before, told: told.get(index) ?? untold, switched });
  });
  const prepared = beforeStart(database, release);
  return [
    ...prepared,
    startRung(release, prepared, ready),
    ...steps,
    ...windowRung(release, switched),
    ...afterAll(database, release),
  ];
}

function note(told: Map<number, Told>, { type, data, at, actor, reason }: StoredEvent): void {
  if (type !== 'step-passed' && type !== 'step-failed') return;
  const { cursor, output = null, skipped = false, error = null, verdict } = data as PassedData;
  const state = type === 'step-failed' ? 'failed' : skipped ? 'skipped' : 'passed';
  const by = actor === 'teal' ? null : actor;
  told.set(cursor, { at, actor: by, reason, state, error, output: output ?? verdict?.sentence ?? null });
}

const nothing = {
  endsAt: null,
  asks: false,
  by: null,
  actor: null,
  reason: null,
  output: null,
  error: null,
  says: null,
  part: null,
};

/** @param prepared the database's steps, which come before it */
function startRung(release: Release, prepared: readonly Rung[], ready: number | null): Rung {
  const state = startState(release, prepared, ready);
  return {
    ...nothing,
    kind: 'start',
    name: `start ${release.build.version} in ${release.colour}`,
    state,
    startedAt: prepared.length === 0 ? release.startedAt : (prepared.at(-1)?.endedAt ?? null),
    endedAt: ready,
    endsAt: state === 'current' ? release.deadlineAt : null,
    error: state === 'failed' ? release.error : null,
  };
}

function startState({ status }: Release, prepared: readonly Rung[], ready: number | null): RungState {
  if (ready !== null) return 'passed';
  if (prepared.some(({ state }) => state === 'current' || state === 'ahead')) return 'ahead';
  if (prepared.some(({ state }) => state !== 'passed')) return 'dropped';
  return isBeforeStart.has(status) ? 'current' : 'failed';
}

/** The candidate is not there yet. */
const isBeforeStart: ReadonlySet<ReleaseStatus> = new Set(['clearing', 'migrating', 'starting']);

interface Placed {
  readonly step: Step;
  readonly index: number;
  readonly before: number | null;
  readonly told: Told;
  readonly switched: number | null;
}

function rungOf(release: Release, { step, index, before, told, switched }: Placed): Rung {
  const here = index === release.cursor && release.status === 'stepping';
  const state =
    step.kind === 'promote' ? promoteState(release, here, switched) : stateOf(release, here, told);
  const current = state === 'current';
  return {
    kind: step.kind,
    name: stepName(step),
    state,
    startedAt: current && here ? release.since : before,
    endedAt: step.kind === 'promote' ? switched : told.at,
    endsAt: here ? stepEndsAt(release) : null,
    asks: here && (step.kind === 'approve' || judgeAsks(release)),
    by: step.kind === 'approve' ? step.by : null,
    actor: told.actor,
    reason: told.reason,
    output: told.output,
    error: told.error,
    says: null,
    part: null,
  };
}

function stateOf(release: Release, here: boolean, told: Told): RungState {
  if (told.state !== null) return told.state;
  if (here) return 'current';
  return goesOn.has(release.status) ? 'ahead' : release.status === 'stepping' ? 'ahead' : 'dropped';
}

function promoteState(release: Release, here: boolean, switched: number | null): RungState {
  if (switched !== null) return 'passed';
  if (here || release.status === 'scaling' || release.status === 'switching') return 'current';
  return goesOn.has(release.status) ? 'ahead' : 'dropped';
}

/** Its steps are still to come. */
const goesOn: ReadonlySet<ReleaseStatus> = new Set(['clearing', 'migrating', 'starting', 'stepping']);

function windowRung(
  { status, from, windowEndsAt, endedAt }: Release,
  switched: number | null,
): readonly Rung[] {
  if (from === null) return [];
  const state: RungState =
    status === 'promoted'
      ? 'current'
      : status === 'retiring' || status === 'completed'
        ? 'passed'
        : goesOn.has(status) || status === 'scaling' || status === 'switching'
          ? 'ahead'
          : switched === null
            ? 'dropped'
            : 'passed';
  const usedUp = state === 'passed' && status !== 'retiring' && status !== 'completed';
  const endsAt = state === 'current' ? windowEndsAt : null;
  const ended = state === 'passed' ? endedAt : null;
  return [
    {
      ...nothing,
      kind: 'window',
      name: 'rollback window',
      state,
      startedAt: switched,
      endedAt: ended,
      endsAt,
      reason: usedUp ? 'ended by going back' : null,
    },
  ];
}
