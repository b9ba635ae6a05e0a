import type { ReleasePolicy } from '../config/release.ts';
import type { TealError } from '../errors.ts';
import { begin, busy } from './begin.ts';
import { harming, type Asked, type Decided, type Decision } from './decision.ts';
import type { Event } from './events.ts';
import type { Command } from './input.ts';
import { inTheWay } from './migrate.ts';
import { harmAhead } from './migrate-harm.ts';
import { outdatedBy } from './migrate-knows.ts';
import * as refuse from './refusals.ts';
import type { AppState, Queued, Release, Step } from './state.ts';
import { steps } from './steps.ts';
import { next } from './transitions.ts';
import { isOpen } from './windows.ts';

type Deploy = Command & { type: 'deploy' };

/** A new version; while another is on its way: not, after it, or instead of it. */
export function deploy(state: AppState, command: Deploy, { now, actor }: Asked): Decision {
  const { build, promote, onConflict = 'refuse' } = command;
  const { release } = state;
  const live = state.lives.at(-1)?.version;
  const refusal = unable(state, command);
  if (refusal !== null) return { refused: refusal };
  const wanted = {
    build,
    steps: stepsOf(build.spec.release, promote),
  };
  // Who is not there when its turn comes should know it now.
  const harm = harming(harmAhead(state, build));
  if (release !== null && busy(release)) {
    if (build.version === live && next(release.status, 'abort-started')) {
      return { events: [aborted(`${build.version}, which is live, was deployed again`)] };
    }
    if (onConflict !== 'refuse')
      return { ...afterwards(state, { ...wanted, actor, at: now }, { release, onConflict }), ...harm };
    return {
      refused:
        release.status === 'reverting'
          ? refuse.rollingBack(state, release)
          : refuse.inProgress(state, release),
    };
  }
  if (state.live !== null && build.version === live)
    return { refused: refuse.alreadyLive(state, build.version) };
  if (!isOpen(build.spec.release.windows, now)) {
    const note = `${build.version} is deployed when the next window opens`;
    return { events: [{ type: 'queued', deploy: { ...wanted, actor, at: now } }], note, ...harm };
  }
  // Asked to wait for whatever is under way, it waits for the database, too.
  const first = inTheWay(state, build);
  if (first !== null) {
    const note = `${build.version} is deployed when ${first.name} is contracted or undone`;
    return { events: [{ type: 'queued', deploy: { ...wanted, actor, at: now } }], note, ...harm };
  }
  return { events: begin(state, { kind: 'deploy', ...wanted }, now), ...harm };
}

/** Whatever is on its way, or not. */
function unable(state: AppState, { build, group: asked, onConflict }: Deploy): TealError | null {
  const group = build.spec.group ?? null;
  // With its group, too: what goes away gets nothing new.
  if (state.removing) return refuse.unknownApp(state.app);
  if (group !== null && asked !== group) return refuse.releasedTogether(state, group);
  if (state.frozen !== null) return refuse.frozen(state);
  const contracted = outdatedBy(state, build);
  if (contracted !== null) return refuse.schemaContracted(state, contracted, build.version);
  const first = onConflict === 'queue' ? null : inTheWay(state, build);
  return first === null ? null : refuse.migrationOpen(state, first);
}

/** The newest wins: who deploys twice while waiting does not want the first any more. */
function afterwards(
  state: AppState,
  queued: Queued,
  running: { readonly release: Release; readonly onConflict: 'queue' | 'supersede' },
): Decided {
  const { release, onConflict } = running;
  const events: Event[] = [{ type: 'queued', deploy: queued }];
  if (onConflict === 'supersede' && next(release.status, 'abort-started')) {
    events.push(aborted(`superseded by ${queued.build.version}`));
  }
  const instead = state.queued === null ? '' : `, instead of ${state.queued.build.version}`;
  return { events, note: `${queued.build.version} is deployed when ${release.id} has ended${instead}` };
}

/** What waited begins, as soon as nothing needs the idle environment any more. */
export function dequeued(state: AppState, now: number): readonly Event[] {
  const { queued, release } = state;
  if (queued?.group !== undefined) return [];
  if (queued !== null && !isOpen(queued.build.spec.release.windows, now)) return [];
  if (queued === null || state.frozen !== null || (release !== null && busy(release))) return [];
  if (inTheWay(state, queued.build) !== null) return [];
  if (queued.build.version === state.lives.at(-1)?.version || outdatedBy(state, queued.build) !== null)
    return [{ type: 'queued', deploy: null }];
  const { build, steps: all, actor } = queued;
  return begin(state, { kind: 'deploy', build, steps: all, actor }, now);
}

const aborted = (why: string): Event => ({ type: 'abort-started', why, error: null });

/** @param promote overrides that of the policy when it is not null */
export const stepsOf = (policy: ReleasePolicy, promote: 'auto' | 'manual' | null): readonly Step[] =>
  steps({ ...policy, promote: gate(policy, promote) });

function gate(policy: ReleasePolicy, asked: 'auto' | 'manual' | null): ReleasePolicy['promote'] {
  if (asked === null) return policy.promote;
  return asked === 'manual' ? { kind: 'manual' } : { kind: 'auto', afterMs: 0 };
}
