import type { App } from '../config/config.ts';
import type { TealError } from '../errors.ts';
import { begin } from './begin.ts';
import { harming, type Asked, type Decision } from './decision.ts';
import { deploy } from './deploy.ts';
import { freezeHolds } from './freeze.ts';
import { approve, promote, reject } from './gates.ts';
import type { Command } from './input.ts';
import { following } from './keys.ts';
import { inTheWay } from './migrate.ts';
import { harmAhead, harmOf } from './migrate-harm.ts';
import { outdatedBy } from './migrate-knows.ts';
import { contract, undo } from './migrate-orders.ts';
import * as refuse from './refusals.ts';
import type { AppState, Release } from './state.ts';
import { other } from './state.ts';
import { rollbackSteps } from './steps.ts';
import { next, transitions } from './transitions.ts';

/** What a command does to an app now: events, or a refusal that says what would help. */
export function obey(state: AppState, command: Command, asked: Asked): Decision {
  const { now, actor } = asked;
  // Rollback first, before anything that could refuse (invariant 3).
  if (command.type === 'rollback') return withoutQueue(state, rollback(state, command.reason, now));
  if (command.type === 'apply') return apply(state, command.config);
  if (state.config === null || state.removing) return { refused: refuse.unknownApp(state.app) };
  switch (command.type) {
    case 'deploy':
      return deploy(state, command, { now, actor });
    case 'promote':
      return promote(state, command.full, actor);
    case 'approve':
      return approve(state, command, actor);
    case 'reject':
      return reject(state, command, actor);
    case 'freeze':
      return state.frozen === null
        ? { events: [{ type: 'frozen', reason: command.reason }] }
        : { events: [], note: `${state.app} is frozen already` };
    case 'unfreeze':
      return state.frozen === null
        ? { events: [], note: `${state.app} is not frozen` }
        : { events: [{ type: 'unfrozen' }] };
    case 'add-key':
      return command.key === following(state.keys) && state.keys.next === null
        ? { events: [{ type: 'key-added', key: command.key }] }
        : { events: [] };
    case 'rotate-keys':
      return state.keys.next === null
        ? { events: [], note: `the keys of ${state.app} were rotated a moment ago` }
        : { events: [{ type: 'keys-rotated', key: state.keys.next }] };
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
      return restart(state);
    case 'maintenance':
      return { events: [{ type: 'maintenance-set', message: command.message }] };
    case 'remove':
      return { events: [{ type: 'remove-started' }] };
    case 'undo':
      return undo(state);
    case 'contract':
      return contract(state);
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
      const back = state.environments[other(release.colour)];
      return back === null
        ? refused(refuse.nothingToRollBackTo(state))
        : {
            events: [{ type: 'rollback-started', why: reason ?? 'asked for', error: null }],
            ...harming(harmOf(state, back.version)),
          };
    }
    if (next(release.status, 'abort-started'))
      return givenUp(state, reason ?? 'rolled back before the switch');
    // Typed twice in a hurry, it must not go on to the version before the one that was asked for.
    if (isOnItsWayBack.has(release.status)) {
      return { events: [], note: `${release.id} is already on its way back` };
    }
  }
  const target = state.lives.at(-2);
  if (target === undefined || state.live === null) return refused(refuse.nothingToRollBackTo(state));
  return {
    events: begin(state, { kind: 'rollback', build: target, steps: rollbackSteps }, now),
    ...harming(harmOf(state, target.version)),
  };
}

/** Before the switch: everyone stays on what is live, which what the candidate has written may be strange to. */
function givenUp(state: AppState, why: string): Decision {
  const live = state.live === null ? null : state.environments[state.live];
  return {
    events: [{ type: 'abort-started', why, error: null }],
    ...harming(live === null ? null : harmOf(state, live.version)),
  };
}

/** Who goes back does not want the next version to follow by itself. */
function withoutQueue(state: AppState, decision: Decision): Decision {
  if (decision.refused || state.queued === null) return decision;
  return { ...decision, events: [{ type: 'queued', deploy: null }, ...decision.events] };
}

const isOnItsWayBack: ReadonlySet<Release['status']> = new Set(['aborting', 'reverting', 'reverted']);

function abort(state: AppState, reason: string | null): Decision {
  const release = state.release;
  if (release === null) return refused(refuse.noRelease(state, 'abort'));
  if (next(release.status, 'abort-started')) return givenUp(state, reason ?? 'asked for');
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
  if (freezeHolds(state)) return refused(refuse.frozen(state));
  const { kind, build, steps, cohort } = release;
  const contracted = kind === 'rollback' ? null : outdatedBy(state, build);
  if (contracted !== null) return refused(refuse.schemaContracted(state, contracted, build.version));
  const first = inTheWay(state, build, kind);
  if (first !== null) return refused(refuse.migrationOpen(state, first));
  const harm = kind === 'rollback' ? harmOf(state, build.version) : harmAhead(state, build);
  return { events: begin(state, { kind, build, steps, retried: cohort }, now), ...harming(harm) };
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

function restart(state: AppState): Decision {
  if (state.live === null) return refused(refuse.noRelease(state, 'restart'));
  if (runsElsewhere(state)) return refused(refuse.runsElsewhere(state, 'restart'));
  return { events: [{ type: 'restarted' }] };
}

function scale(state: AppState, role: string | null, instances: number): Decision {
  if (runsElsewhere(state)) return refused(refuse.runsElsewhere(state, 'scale'));
  const roles = state.config?.roles ?? [];
  const name = role ?? roles.find((known) => known.kind === 'web')?.name ?? 'web';
  if (!roles.some((known) => known.name === name)) return refused(refuse.unknownRole(state, name));
  if (!Number.isInteger(instances) || instances < 1 || instances > 1000)
    return refused(refuse.badInstances(instances));
  return { events: [{ type: 'scaled', role: name, instances }] };
}

/** Its servers are started and stopped by somebody else. */
const runsElsewhere = ({ config }: AppState): boolean =>
  config?.roles.some(({ origins }) => origins !== undefined) ?? false;

const refused = (error: TealError): Decision => ({ refused: error });
