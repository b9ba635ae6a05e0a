import type { App } from '../config/config.ts';
import type { TealError } from '../errors.ts';
import type { Decision } from './decision.ts';
import type { Event } from './events.ts';
import type { Command } from './input.ts';
import * as refuse from './refusals.ts';
import type { AppState, Build, Release } from './state.ts';
import { other } from './state.ts';
import { rollbackSteps, stepName, steps } from './steps.ts';
import { next, transitions } from './transitions.ts';

/** What a command does to an app now: events, or a refusal that says what would help. */
export function obey(state: AppState, command: Command, now: number): Decision {
  // Rollback first, before anything that could refuse (invariant 3).
  if (command.type === 'rollback') return rollback(state, command.reason, now);
  if (command.type === 'apply') return apply(state, command.config);
  if (state.config === null || state.removing) return { refused: refuse.unknownApp(state.app) };
  switch (command.type) {
    case 'deploy':
      return deploy(state, command.build, command.promote, now);
    case 'promote':
      return promote(state, command.full);
    case 'abort':
      return abort(state, command.reason);
    case 'retry':
      return retry(state, now);
    case 'pause':
      return pause(state);
    case 'resume':
      return resume(state);
    case 'scale':
      return scale(state, command.role, command.instances);
    case 'restart':
      return state.live === null
        ? { refused: refuse.noRelease(state, 'restart') }
        : { events: [{ type: 'restarted' }] };
    case 'maintenance':
      return { events: [{ type: 'maintenance-set', message: command.message }] };
    case 'remove':
      return { events: [{ type: 'remove-started' }] };
  }
}

/** What is being removed takes its settings with it: new ones would be lost without a word. */
function apply(state: AppState, config: App): Decision {
  if (state.removing)
    return refused(
      refuse.wrongState(state, 'be applied', `when it is gone, which teal status shows: teal apply`),
    );
  return { events: [{ type: 'applied', config }] };
}

/** Back to what was live before, whatever state the release is in, and whatever is wrong with the candidate. */
function rollback(state: AppState, reason: string | null, now: number): Decision {
  const release = state.release;
  if (release !== null) {
    if (next(release.status, 'rollback-started')) {
      return state.environments[other(release.colour)] === null
        ? refused(refuse.nothingToRollBackTo(state))
        : { events: [{ type: 'rollback-started', why: reason ?? 'asked for', error: null }] };
    }
    if (next(release.status, 'abort-started')) {
      return {
        events: [{ type: 'abort-started', why: reason ?? 'rolled back before the switch', error: null }],
      };
    }
    // Typed twice in a hurry, it must not go on to the version before the one that was asked for.
    if (isOnItsWayBack.has(release.status)) {
      return { events: [], note: `${release.id} is already on its way back` };
    }
  }
  const target = state.lives.at(-2);
  if (target === undefined || state.live === null) return refused(refuse.nothingToRollBackTo(state));
  return begin(state, { kind: 'rollback', build: target, steps: rollbackSteps }, now);
}

const isOnItsWayBack: ReadonlySet<Release['status']> = new Set(['aborting', 'reverting', 'reverted']);

function deploy(state: AppState, build: Build, promote: 'auto' | 'manual' | null, now: number): Decision {
  const release = state.release;
  const live = state.lives.at(-1)?.version;
  if (release !== null && busy(release)) {
    if (build.version === live && next(release.status, 'abort-started')) {
      return {
        events: [
          { type: 'abort-started', why: `${build.version}, which is live, was deployed again`, error: null },
        ],
      };
    }
    return refused(
      release.status === 'reverting' ? refuse.rollingBack(state, release) : refuse.inProgress(state, release),
    );
  }
  if (state.live !== null && build.version === live) return refused(refuse.alreadyLive(state, build.version));
  const policy = build.spec.release;
  const gate =
    promote === null
      ? policy.promote
      : promote === 'manual'
        ? ({ kind: 'manual' } as const)
        : ({ kind: 'auto', afterMs: 0 } as const);
  return begin(state, { kind: 'deploy', build, steps: steps({ ...policy, promote: gate }) }, now);
}

/** A release that still needs the idle environment for itself; the others yield it to the next one. */
const busy = (release: Release): boolean =>
  !transitions[release.status].ended && next(release.status, 'superseded') === null;

function begin(state: AppState, what: Pick<Release, 'kind' | 'build' | 'steps'>, now: number): Decision {
  const colour = state.live === null ? 'blue' : other(state.live);
  const id = `${state.app}-${state.releases + 1}`;
  const yields: Event[] =
    state.release !== null && next(state.release.status, 'superseded')
      ? [{ type: 'superseded', by: id }]
      : [];
  const started: Event = {
    type: 'release-started',
    release: id,
    ...what,
    from: state.lives.at(-1)?.version ?? null,
    colour,
    deadlineAt: now + what.build.spec.release.deadlineMs,
  };
  return { events: [...yields, started] };
}

function promote(state: AppState, full: boolean): Decision {
  const release = state.release;
  if (release === null) return refused(refuse.noRelease(state, 'promote'));
  if (release.status === 'promoted' || release.status === 'completed')
    return { events: [], note: `${release.build.version} is live already` };
  if (release.status !== 'stepping') {
    const instead = transitions[release.status].ended
      ? `teal deploy ${state.app} <version>`
      : `teal status ${state.app}`;
    return refused(refuse.wrongState(state, 'promote', instead));
  }
  if (release.pausedAt !== null)
    return refused(refuse.wrongState(state, 'promote while paused', `teal resume ${state.app}`));
  const step = release.steps[release.cursor];
  if (full) return { events: skip(release, release.steps.length - 1) };
  if (step?.kind !== 'approve' && step?.kind !== 'wait') {
    return refused(
      refuse.wrongState(
        state,
        'promote',
        `wait for it, or skip what is left: teal promote ${state.app} --full`,
      ),
    );
  }
  return { events: skip(release, release.cursor + 1) };
}

const skip = (release: Release, until: number): Event[] =>
  release.steps.slice(release.cursor, until).map((step, index) => ({
    type: 'step-passed',
    cursor: release.cursor + index,
    name: stepName(step),
    output: null,
    skipped: step.kind !== 'approve',
  }));

function abort(state: AppState, reason: string | null): Decision {
  const release = state.release;
  if (release === null) return refused(refuse.noRelease(state, 'abort'));
  if (next(release.status, 'abort-started'))
    return { events: [{ type: 'abort-started', why: reason ?? 'asked for', error: null }] };
  if (release.status === 'aborting' || release.status === 'aborted')
    return { events: [], note: `${release.id} is aborted already` };
  if (
    next(release.status, 'rollback-started') ||
    release.status === 'retiring' ||
    release.status === 'completed'
  ) {
    return refused(refuse.wrongState(state, 'abort', `it is live already: teal rollback ${state.app}`));
  }
  return refused(refuse.wrongState(state, 'abort', `teal status ${state.app}`));
}

function retry(state: AppState, now: number): Decision {
  const release = state.release;
  if (release === null) return refused(refuse.noRelease(state, 'retry'));
  const back: readonly Release['status'][] = ['aborting', 'aborted', 'reverted', 'rolled-back'];
  if (!back.includes(release.status)) {
    return refused(
      refuse.wrongState(state, 'retry', 'only a release that was aborted or rolled back can be tried again'),
    );
  }
  return begin(state, { kind: release.kind, build: release.build, steps: release.steps }, now);
}

function pause(state: AppState): Decision {
  const release = state.release;
  if (release === null || transitions[release.status].ended) return refused(refuse.noRelease(state, 'pause'));
  if (release.pausedAt !== null) return { events: [], note: `${release.id} is paused already` };
  if (!next(release.status, 'paused'))
    return refused(refuse.wrongState(state, 'pause', `teal status ${state.app}`));
  return { events: [{ type: 'paused' }] };
}

function resume(state: AppState): Decision {
  const release = state.release;
  if (release === null || transitions[release.status].ended)
    return refused(refuse.noRelease(state, 'resume'));
  if (release.pausedAt === null) return { events: [], note: `${release.id} is not paused` };
  return { events: [{ type: 'resumed' }] };
}

function scale(state: AppState, role: string | null, instances: number): Decision {
  const roles = state.config?.roles ?? [];
  const name = role ?? roles.find((known) => known.kind === 'web')?.name ?? 'web';
  if (!roles.some((known) => known.name === name)) return refused(refuse.unknownRole(state, name));
  if (!Number.isInteger(instances) || instances < 1 || instances > 1000)
    return refused(refuse.badInstances(instances));
  return { events: [{ type: 'scaled', role: name, instances }] };
}

const refused = (error: TealError): Decision => ({ refused: error });
