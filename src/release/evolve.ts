import { buckets } from '../audience/bucket.ts';
import { countFirsts, type ReleaseCohort } from '../audience/cohort.ts';
import type { Exposure } from '../audience/table.ts';
import { afterJump } from './clock.ts';
import type { Event, ReleaseEvent } from './events.ts';
import { settled } from './features.ts';
import { begun, rotated } from './keys.ts';
import type { AppState, Build, Colour, Environment, Release, ReleaseStatus } from './state.ts';
import { other } from './state.ts';
import { freezeHolds } from './freeze.ts';
import { judgeHolds } from './judging.ts';
import { begun as migrationBegun, changedBy, givenUp, placed } from './migrate.ts';
import { sizeFor } from './steps.ts';
import { shifted, waitsSince } from './timers.ts';
import { next, transitions } from './transitions.ts';

/** When an event happened, and who made it happen. */
export interface Happened {
  readonly at: number;
  readonly actor: string;
}

/** A rollback reaches back this far; older builds are forgotten, and their folders may be pruned. */
const livesKept = 10;

/** The state after an event. Total for every event that `decide` makes; anything else is a bug, and throws. */
export const evolve = (state: AppState, event: Event, happened: Happened): AppState =>
  settled(state, evolved(state, event, happened), happened.at);

function evolved(state: AppState, event: Event, happened: Happened): AppState {
  switch (event.type) {
    case 'applied':
      return { ...state, config: event.config, keys: begun(state.keys, happened.at) };
    case 'scaled':
      return { ...state, scale: { ...state.scale, [event.role]: event.instances } };
    case 'restarted':
      return { ...state, restart: state.restart + 1 };
    case 'maintenance-set':
      return { ...state, maintenance: event.message === null ? null : { message: event.message } };
    case 'frozen':
      return frozen(state, event.reason, happened);
    case 'unfrozen':
      return goesOn({ ...state, frozen: null }, happened.at);
    case 'key-added':
      return { ...state, keys: { ...state.keys, next: event.key } };
    case 'keys-rotated':
      return { ...state, keys: rotated(state.keys, happened.at) };
    case 'queued':
      return { ...state, queued: event.deploy };
    case 'clock-jumped':
      return afterJump(state, event.ms);
    case 'remove-started':
      return removing(state, happened);
    case 'removed':
      return {
        ...state,
        config: null,
        removing: false,
        lives: [],
        scale: {},
        maintenance: null,
        frozen: null,
        queued: null,
        migration: null,
        contracted: [],
        outdated: [],
      };
    case 'migration-proved':
    case 'phase-passed':
    case 'phase-failed':
    case 'contract-started':
    case 'undo-started':
      return changedBy(state, event, happened.at);
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
    actor: event.actor ?? happened.actor,
    group: event.group ?? null,
    ready: false,
    exposed: [],
    cohort: event.cohort ?? unchosen,
    expose: null,
    approvals: [],
    past: null,
    verdict: null,
    startedAt: happened.at,
    since: happened.at,
    pausedAt: null,
    stoppedAt: null,
    deadlineAt: event.deadlineAt,
    windowEndsAt: null,
    livesBefore: state.lives,
    differences: [],
    drain: null,
    reason: null,
    error: null,
    endedAt: null,
  };
  const after = { ...withPhase(state, event.colour, 'stopping'), release, releases: state.releases + 1 };
  return state.queued?.build.version === event.build.version ? { ...after, queued: null } : after;
}

function advanced(state: AppState, event: ReleaseEvent, happened: Happened): AppState {
  const { at } = happened;
  const before = state.release;
  if (event.type === 'retired' && (before === null || transitions[before.status].ended || state.removing)) {
    return withEnvironment(state, event.colour, null);
  }
  const status = before === null ? null : next(before.status, event.type);
  if (before === null || status === null) {
    throw new Error(`no transition for ${event.type} in ${before?.status ?? 'no release'} of ${state.app}`);
  }
  const timers =
    status === before.status
      ? { since: before.since, deadlineAt: before.deadlineAt }
      : { since: timed(before, at), deadlineAt: deadlineAfter(before, at) };
  const release = { ...before, ...timers, status, endedAt: transitions[status].ended ? at : null };
  const { migration } = event.type === 'abort-started' ? givenUp(state, release) : state;
  return changed({ ...state, migration, release }, event, happened);
}

function changed(state: AppState & { release: Release }, event: ReleaseEvent, happened: Happened): AppState {
  const { at } = happened;
  const release = state.release;
  const set = (more: Partial<Release>): AppState => ({ ...state, release: { ...release, ...more } });
  switch (event.type) {
    case 'migration-started':
      return withEnvironment(migrationBegun(state, event, at), release.colour, null);
    case 'cleared':
    case 'migrated':
      return placed(
        withEnvironment(state, release.colour, {
          ...release.build,
          size: 'preview',
          phase: 'running',
          since: at,
        }),
        release.build,
      );
    case 'ready':
      return set({ ready: true, past: event.past ?? release.past });
    case 'candidate-ready':
      return sized(set({ differences: event.differences, past: event.past ?? release.past, ready: false }));
    case 'step-passed':
      return sized(set(pastStep(release, event, happened)));
    case 'judged':
      return set({ verdict: { ...event.verdict, at } });
    case 'expose-started':
      return exposing(state, event.exposed);
    case 'mirror-started':
      return set({ expose: { at: null }, ready: false });
    case 'exposed':
    case 'mirrored':
      // What it took to grow was Teal's time; from here on the people's is counted.
      return set({ expose: { at: timed(release, at) } });
    case 'step-failed':
      return set({ error: event.error });
    case 'steps-passed':
      return withSize(set({ cursor: release.steps.length - 1, ready: false }), release.colour);
    case 'paused':
      return set({ pausedAt: at, stoppedAt: release.stoppedAt ?? at });
    case 'resumed':
      return goesOn(set({ pausedAt: null }), at);
    case 'switch-started':
      return {
        ...set({
          differences: event.differences,
          cursor: release.steps.length,
          exposed: [],
          expose: null,
          verdict: null,
          ready: false,
        }),
        live: release.colour,
        lives: livesAfter(state),
      };
    case 'switched':
      return release.status === 'reverted'
        ? withPhase(set({}), release.colour, release.group === null ? 'stopping' : 'running')
        : set({ windowEndsAt: timed(release, at) + release.build.spec.release.rollbackWindowMs });
    case 'settled':
      return set(running);
    case 'drained':
      return set({ drain: event.drain });
    case 'let-go':
      return withPhase(state, release.colour, 'stopping');
    case 'window-closed':
      return withPhase(set(running), other(release.colour), 'stopping');
    case 'retired':
      return withEnvironment(set({ drain: release.drain ?? event.drain }), event.colour, null);
    case 'abort-started':
      return withPhase(
        set({
          reason: event.why,
          error: event.error ?? release.error,
          ...running,
          exposed: [],
          expose: null,
        }),
        release.colour,
        // People of a group may be in it: what they have begun goes on with the same versions of the other apps.
        release.group !== null && release.exposed.length > 0 ? 'running' : 'stopping',
      );
    case 'rollback-started':
      return {
        ...set({ reason: event.why, error: event.error, ...running, drain: null }),
        live: other(release.colour),
        lives: release.livesBefore,
      };
    case 'superseded':
      return set({ reason: release.reason ?? `superseded by ${event.by}` });
    case 'release-started':
      throw new Error('release-started is evolved by started()');
  }
}

const running = { pausedAt: null, stoppedAt: null } as const;

function pastStep(
  release: Release,
  { cursor, approved, verdict }: ReleaseEvent & { type: 'step-passed' },
  { at, actor }: Happened,
): Partial<Release> {
  const gate = approved === true || release.steps[cursor]?.kind === 'approve';
  const approval = { cursor, actor, at, ...(verdict === undefined ? {} : { verdict }) };
  return {
    cursor: cursor + 1,
    since: timed(release, at),
    ready: false,
    expose: null,
    approvals: gate ? [...release.approvals, approval] : release.approvals,
    // What holds the release holds it further on, too; whether it may go on is asked anew.
    verdict: judgeHolds(release) ? release.verdict : null,
    deadlineAt: deadlineAfter(release, at),
  };
}

/** The deadline does not count how long the step stood still for a person or a clock. */
function deadlineAfter(release: Release, at: number): number {
  const waited = waitsSince(release);
  return release.deadlineAt + (waited === null ? 0 : timed(release, at) - waited);
}

/** The people of the first percentage have been first from now on, whatever becomes of the release. */
function exposing(state: AppState & { release: Release }, exposed: readonly Exposure[]): AppState {
  const { release } = state;
  const share = exposed.find(({ width }) => width < buckets);
  const counted = countFirsts(state.cohort, release.cohort, share?.width ?? 0);
  const after = { ...release, exposed, cohort: counted.release, expose: { at: null } };
  return { ...state, cohort: counted.state, release: { ...after, ready: false } };
}

/** Of releases that an older Teal began: none of them exposed anybody. */
export const unchosen: ReleaseCohort = { cohort: 'same', offset: 0, counted: false };

function frozen(state: AppState, reason: string | null, { at, actor }: Happened): AppState {
  const { release } = state;
  const now = { ...state, frozen: { reason, actor, at } };
  if (release === null || !freezeHolds(now)) return now;
  return { ...now, release: { ...release, stoppedAt: release.stoppedAt ?? at } };
}

/** What begins while a release stands still begins where its time stands: none of it has passed when it goes on. */
const timed = ({ stoppedAt }: Release, at: number): number => stoppedAt ?? at;

/** When neither a pause nor a freeze holds it any more, every timer goes on with the time it had left. */
function goesOn(state: AppState, at: number): AppState {
  const { release } = state;
  if (release === null || release.stoppedAt === null || release.pausedAt !== null || freezeHolds(state))
    return state;
  return { ...state, release: { ...release, ...shifted(release, at - release.stoppedAt), stoppedAt: null } };
}

/** The candidate as large as the step under the cursor needs it. */
function sized(state: AppState): AppState {
  const { release } = state;
  const environment = release === null ? null : state.environments[release.colour];
  if (release === null || environment === null) return state;
  return withEnvironment(state, release.colour, { ...environment, size: sizeFor(release) });
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
  ...running,
  status: endOf[release.status] ?? 'aborted',
  exposed: [],
  expose: null,
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
