import type { Event, ReleaseEvent } from './events.ts';
import type { AppState, Build, Colour, Environment, Release, ReleaseStatus } from './state.ts';
import { other } from './state.ts';
import { next, transitions } from './transitions.ts';

/** When an event happened, and who made it happen. */
export interface Happened {
  readonly at: number;
  readonly actor: string;
}

/** A rollback reaches back this far; older builds are forgotten, and their folders may be pruned. */
const livesKept = 10;

/** The state after an event. Total for every event that `decide` makes; anything else is a bug, and throws. */
export function evolve(state: AppState, event: Event, happened: Happened): AppState {
  switch (event.type) {
    case 'applied':
      return { ...state, config: event.config };
    case 'scaled':
      return { ...state, scale: { ...state.scale, [event.role]: event.instances } };
    case 'restarted':
      return { ...state, restart: state.restart + 1 };
    case 'maintenance-set':
      return { ...state, maintenance: event.message === null ? null : { message: event.message } };
    case 'remove-started':
      return removing(state, happened);
    case 'removed':
      return { ...state, config: null, removing: false, lives: [], scale: {}, maintenance: null };
    case 'release-started':
      return started(state, event, happened);
    default:
      return advanced(state, event, happened);
  }
}

function started(
  state: AppState,
  event: ReleaseEvent & { type: 'release-started' },
  happened: Happened,
): AppState {
  const release: Release = {
    id: event.release,
    kind: event.kind,
    build: event.build,
    from: event.from,
    colour: event.colour,
    status: 'clearing',
    steps: event.steps,
    cursor: 0,
    actor: happened.actor,
    startedAt: happened.at,
    since: happened.at,
    pausedAt: null,
    deadlineAt: event.deadlineAt,
    windowEndsAt: null,
    livesBefore: state.lives,
    differences: [],
    drain: null,
    reason: null,
    error: null,
    endedAt: null,
  };
  return { ...withPhase(state, event.colour, 'stopping'), release, releases: state.releases + 1 };
}

function advanced(state: AppState, event: ReleaseEvent, { at }: Happened): AppState {
  const before = state.release;
  if (event.type === 'retired' && (before === null || transitions[before.status].ended || state.removing)) {
    return withEnvironment(state, event.colour, null);
  }
  const status = before === null ? null : next(before.status, event.type);
  if (before === null || status === null) {
    throw new Error(`no transition for ${event.type} in ${before?.status ?? 'no release'} of ${state.app}`);
  }
  const release = { ...before, status, endedAt: transitions[status].ended ? at : null };
  return changed(
    { ...state, release: { ...release, since: status === before.status ? before.since : at } },
    event,
    at,
  );
}

function changed(state: AppState & { release: Release }, event: ReleaseEvent, at: number): AppState {
  const release = state.release;
  const set = (more: Partial<Release>): AppState => ({ ...state, release: { ...release, ...more } });
  switch (event.type) {
    case 'cleared':
      return withEnvironment(state, release.colour, { ...release.build, size: 'preview', phase: 'running' });
    case 'candidate-ready':
      return set({ differences: event.differences });
    case 'step-passed':
      return set({
        cursor: event.cursor + 1,
        since: at,
        deadlineAt: release.deadlineAt + untimed(release, at),
      });
    case 'step-failed':
      return set({ error: event.error });
    case 'steps-passed':
      return withSize(set({ cursor: release.steps.length - 1 }), release.colour);
    case 'paused':
      return set({ pausedAt: at });
    case 'resumed':
      return set(resumed(release, at));
    case 'switch-started':
      return {
        ...set({ differences: event.differences, cursor: release.steps.length }),
        live: release.colour,
        lives: livesAfter(state),
      };
    case 'switched':
      return release.status === 'reverted'
        ? withPhase(set({}), release.colour, 'stopping')
        : set({ windowEndsAt: at + release.build.spec.release.rollbackWindowMs });
    case 'settled':
      return set({ pausedAt: null });
    case 'drained':
      return set({ drain: event.drain });
    case 'window-closed':
      return withPhase(set({ pausedAt: null }), other(release.colour), 'stopping');
    case 'retired':
      return withEnvironment(set({ drain: release.drain ?? event.drain }), event.colour, null);
    case 'abort-started':
      return withPhase(
        set({ reason: event.why, error: event.error ?? release.error, pausedAt: null }),
        release.colour,
        'stopping',
      );
    case 'rollback-started':
      return {
        ...set({ reason: event.why, error: event.error, pausedAt: null, drain: null }),
        live: other(release.colour),
        lives: release.livesBefore,
      };
    case 'superseded':
      return set({ reason: release.reason ?? `superseded by ${event.by}` });
    case 'release-started':
      throw new Error('release-started is evolved by started()');
  }
}

/** How long the step that just passed stood still for a person or a clock: the deadline does not count it. */
function untimed(release: Release, at: number): number {
  const step = release.steps[release.cursor];
  return step?.kind === 'approve' || step?.kind === 'wait' ? at - release.since : 0;
}

/** Every timer goes on with the time it had left (a pause longer than the deadline is not a timeout). */
function resumed(release: Release, at: number): Partial<Release> {
  const paused = release.pausedAt === null ? 0 : at - release.pausedAt;
  return {
    pausedAt: null,
    since: release.since + paused,
    deadlineAt: release.deadlineAt + paused,
    windowEndsAt: release.windowEndsAt === null ? null : release.windowEndsAt + paused,
  };
}

/** A rollback release takes the newer builds off; a deploy puts its own on top. */
function livesAfter(state: AppState & { release: Release }): readonly Build[] {
  const { kind, build } = state.release;
  if (kind === 'deploy') return [...state.lives, build].slice(-livesKept);
  const index = state.lives.findLastIndex((life) => life.version === build.version);
  return state.lives.slice(0, index + 1);
}

function removing(state: AppState, { at }: Happened): AppState {
  const stopping = withPhase(withPhase(state, 'blue', 'stopping'), 'green', 'stopping');
  const release =
    state.release && !transitions[state.release.status].ended ? ended(state.release, at) : state.release;
  return { ...stopping, live: null, release, removing: true };
}

const ended = (release: Release, at: number): Release => ({
  ...release,
  status: endOf[release.status] ?? 'aborted',
  reason: 'the app was removed',
  endedAt: at,
});

const endOf: Partial<Record<ReleaseStatus, ReleaseStatus>> = {
  promoted: 'completed',
  retiring: 'completed',
  reverting: 'rolled-back',
  reverted: 'rolled-back',
};

const withEnvironment = (state: AppState, colour: Colour, environment: Environment | null): AppState => ({
  ...state,
  environments: { ...state.environments, [colour]: environment },
});

function withPhase(state: AppState, colour: Colour, phase: Environment['phase']): AppState {
  const environment = state.environments[colour];
  return environment === null ? state : withEnvironment(state, colour, { ...environment, phase });
}

function withSize(state: AppState, colour: Colour): AppState {
  const environment = state.environments[colour];
  return environment === null ? state : withEnvironment(state, colour, { ...environment, size: 'full' });
}
