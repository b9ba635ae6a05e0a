import type { Instance } from '../../platform/platform.ts';
import {
  colours,
  other,
  type AppState,
  type Colour,
  type Environment,
  type Release,
  type Step,
} from '../../release/state.ts';
import { harmAhead, harmNow, harmOf } from '../../release/migrate-harm.ts';
import { freezeHolds } from '../../release/freeze.ts';
import { judgeAsks } from '../../release/judging.ts';
import { stepEndsAt } from '../../release/timers.ts';
import { stepName } from '../../release/steps.ts';
import { next as nextStatus, transitions } from '../../release/transitions.ts';
import type { EndpointStatus, RouterStatus } from '../../router/router.ts';
import type { AppStatus, EnvironmentStatus, InstanceView, ReleaseView, StepView } from '../contract.ts';
import type { MigrationProgress } from '../migrate/contract.ts';
import { urlsOf } from '../urls.ts';
import { migrationView, nextOfDatabase } from './migration.ts';

/** What a status is made of beside the state. */
export interface Seen {
  readonly instances: readonly Instance[];
  readonly router: RouterStatus | null;
  /** Null when the router cannot be reached. */
  readonly base: string | null;
  /** What is being done to the database of an app; null: nothing. */
  readonly migrating: (app: string) => MigrationProgress | null;
}

/** An app as people and machines outside see it: a pure view. */
export function appStatus(state: AppState, seen: Seen): AppStatus {
  const live = state.live === null ? null : state.environments[state.live];
  return {
    app: state.app,
    group: state.config?.group ?? null,
    urls: state.config === null || seen.base === null ? [] : urlsOf(state.config, seen.base),
    live: state.live,
    version: live?.version ?? null,
    environments: Object.fromEntries(
      colours.map((colour) => [colour, environmentStatus(state, colour, seen)]),
    ) as AppStatus['environments'],
    release: state.release === null ? null : releaseView(state.release),
    migration: migrationView(state, seen.migrating(state.app)),
    rollback: rollbackOf(state),
    maintenance: state.maintenance,
    frozen: state.frozen,
    harm: strainOf(state),
    queued: queuedOf(state),
    next: nextCommand(state),
  };
}

function queuedOf(state: AppState): AppStatus['queued'] {
  const { queued } = state;
  if (queued === null) return null;
  return { version: queued.build.version, actor: queued.actor, harm: harmAhead(state, queued.build) };
}

function environmentStatus(state: AppState, colour: Colour, seen: Seen): EnvironmentStatus | null {
  const environment = state.environments[colour];
  if (environment === null) return null;
  const counts = seen.router?.environments.find(
    (each) => each.app === state.app && each.colour === colour && each.version === environment.version,
  );
  return {
    version: environment.version,
    role: roleOf(state, colour, environment),
    instances: seen.instances
      .filter((each) => each.app === state.app && each.colour === colour)
      .map((each) =>
        instanceView(
          each,
          seen.router?.endpoints.find(({ id }) => id === each.id),
        ),
      ),
    requests: counts?.requests ?? 0,
    errors: counts?.errors ?? 0,
    failed: counts?.failed ?? 0,
    inFlight: counts?.inFlight ?? 0,
    waiting: counts?.waiting ?? 0,
  };
}

function roleOf(state: AppState, colour: Colour, environment: Environment): EnvironmentStatus['role'] {
  if (environment.phase === 'stopping') return 'stopping';
  if (state.live === colour) return 'live';
  return state.release?.colour === colour && nextStatus(state.release.status, 'abort-started')
    ? 'candidate'
    : 'warm';
}

const instanceView = (
  { id, role, state, pid, address, startedAt, crashes }: Instance,
  seen: EndpointStatus | undefined,
): InstanceView => ({
  id,
  role,
  state,
  pid,
  address: address === null ? null : `${address.host}:${address.port}`,
  startedAt,
  crashes,
  traffic:
    seen === undefined
      ? null
      : { inFlight: seen.inFlight, streams: seen.streams, ejectedUntil: seen.ejectedUntil },
});

const groupOf = ({ group }: Release): ReleaseView['group'] =>
  group === null ? null : { id: group.id, name: group.name, apps: group.apps };

function releaseView(release: Release): ReleaseView {
  const step = release.steps[release.cursor];
  const stepping = release.status === 'stepping' && step !== undefined;
  return {
    id: release.id,
    kind: release.kind,
    group: groupOf(release),
    version: release.build.version,
    from: release.from,
    colour: release.colour,
    status: release.status,
    ended: ended(release),
    step: stepping ? stepView(release, step) : null,
    exposed: release.exposed,
    approvals: release.approvals,
    verdict: release.verdict,
    actor: release.actor,
    startedAt: release.startedAt,
    pausedAt: release.pausedAt,
    deadlineAt: release.deadlineAt,
    windowEndsAt: release.windowEndsAt,
    differences: release.differences,
    drain: release.drain,
    reason: release.reason,
    error: release.error,
    endedAt: release.endedAt,
  };
}

const stepView = (release: Release, step: Step): StepView => ({
  index: release.cursor,
  of: release.steps.length,
  name: stepName(step),
  kind: step.kind,
  endsAt: stepEndsAt(release),
  asks: step.kind === 'approve' || judgeAsks(release),
  by: step.kind === 'approve' ? step.by : null,
});

function rollbackOf(state: AppState): AppStatus['rollback'] {
  const back = wayBack(state);
  return back === null ? null : { ...back, harm: harmOf(state, back.to) };
}

/** With the way out: forward, since what the database has lost nobody brings back. */
function strainOf(state: AppState): string | null {
  const harm = harmNow(state);
  return harm === null
    ? null
    : `${harm}, until one that fits is live: teal deploy ${nameOf(state)} <version>`;
}

function wayBack(state: AppState): Omit<NonNullable<AppStatus['rollback']>, 'harm'> | null {
  const release = state.release;
  if (release !== null && nextStatus(release.status, 'rollback-started')) {
    const back = state.environments[other(release.colour)];
    return back === null ? null : { to: back.version, how: 'instant' };
  }
  // Before the switch it aborts, and on the way back there is nothing more to do: everyone is, or will be, on what is live.
  if (release !== null && release.status !== 'retiring' && !ended(release)) {
    const live = state.live === null ? null : state.environments[state.live];
    return live === null ? null : { to: live.version, how: 'instant' };
  }
  if (state.live === null) return null;
  const before = state.lives.at(-2);
  return before === undefined ? null : { to: before.version, how: 'start-first' };
}

const ended = (release: Release): boolean => transitions[release.status].ended ?? false;

/** Apps of a group are released by its name. */
const nameOf = ({ app, release, config }: AppState): string => release?.group?.name ?? config?.group ?? app;

function nextCommand(state: AppState): string {
  const { app, release } = state;
  const name = nameOf(state);
  const settled = release === null || ended(release) || release.status === 'promoted';
  if (state.maintenance !== null && settled) return `teal maintenance off ${app}`;
  if (release === null) return `teal deploy ${name} <version>`;
  if (freezeHolds(state) && !ended(release)) return `teal unfreeze ${name}`;
  if (release.pausedAt !== null) return `teal resume ${name}`;
  const database = ended(release) ? nextOfDatabase(state) : null;
  if (database !== null) return database;
  switch (release.status) {
    case 'clearing':
    case 'migrating':
    case 'starting':
    case 'scaling':
    case 'switching':
    // Watched until the window closes. Going back is no next step: a status says beside this what a rollback would do.
    case 'promoted':
      return `teal status ${app} --watch`;
    case 'stepping': {
      const step = release.steps[release.cursor]?.kind;
      if (step === 'approve' || judgeAsks(release)) return `teal approve ${name}`;
      return step === 'wait' ? `teal promote ${name}` : `teal status ${app} --watch`;
    }
    case 'retiring':
    case 'completed':
    // A version that had to be taken back is not mended by trying it again.
    case 'reverting':
    case 'reverted':
    case 'rolled-back':
      return `teal deploy ${name} <version>`;
    case 'aborting':
    case 'aborted':
      return `teal retry ${name}`;
  }
}
