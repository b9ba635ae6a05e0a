import { beginCohort, type ReleaseCohort } from '../audience/cohort.ts';
import type { Event } from './events.ts';
import type { AppState, GroupPart, Release, Step } from './state.ts';
import { other } from './state.ts';
import { next, transitions } from './transitions.ts';

/** A release that still needs the idle environment for itself; the others yield it to the next one. */
export const busy = (release: Release): boolean =>
  !transitions[release.status].ended && (next(release.status, 'superseded') === null || isLeaving(release));

/** What people of a group have begun with its candidates ends there. */
const isLeaving = ({ group, status, drain }: Release): boolean =>
  group !== null && drain === null && (status === 'reverted' || status === 'aborting');

type Beginning = Pick<Release, 'kind' | 'build' | 'steps'> & {
  readonly actor?: string;
  /** Of the release that is tried again: it meets the same people. */
  readonly retried?: ReleaseCohort;
  readonly group?: GroupPart;
  /** Of the group. */
  readonly cohort?: ReleaseCohort;
};

/** Whether a step makes sense where nothing is live. */
export const withoutLive = ({ kind }: Step): boolean => kind !== 'expose' && kind !== 'mirror';

/** What a release is from its first moment on. */
export type Upcoming = Pick<Release, 'id' | 'from' | 'colour' | 'cohort' | 'steps'>;

/** The next release of an app, if nothing changes before it begins: who begins it and who foresees it ask the same. */
export function upcoming(
  state: AppState,
  { build, steps, retried, cohort }: Pick<Beginning, 'build' | 'steps' | 'retried' | 'cohort'>,
): Upcoming {
  return {
    id: `${state.app}-${state.releases + 1}`,
    from: state.lives.at(-1)?.version ?? null,
    colour: state.live === null ? 'blue' : other(state.live),
    cohort: cohort ?? beginCohort(state.cohort, build.spec.release.cohort, retried),
    // Where nothing is live there is nobody to be kept from harm: exposing a few would refuse all the others. Nor is there anything to copy.
    steps: state.live === null ? steps.filter(withoutLive) : steps,
  };
}

/** A new release in the idle environment; the one before ends where it stands. */
export function begin(state: AppState, { retried, ...what }: Beginning, now: number): readonly Event[] {
  const { id, ...first } = upcoming(state, { ...what, ...(retried === undefined ? {} : { retried }) });
  const yields: Event[] =
    state.release !== null && next(state.release.status, 'superseded')
      ? [{ type: 'superseded', by: id }]
      : [];
  const started: Event = {
    type: 'release-started',
    release: id,
    ...what,
    ...first,
    deadlineAt: now + what.build.spec.release.deadlineMs,
  };
  return [...yields, started];
}
