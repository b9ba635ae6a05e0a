import { beginCohort, type ReleaseCohort } from '../audience/cohort.ts';
import { begin, busy } from './begin.ts';
import { inTheWay } from './migrate.ts';
import type { Changes } from './group.ts';
import type { AppState, Build, GroupPart, Release, Step } from './state.ts';
import { isOpen } from './windows.ts';

/** One app's part of a release of its group that begins. */
export interface Beginner {
  readonly state: AppState;
  readonly build: Build;
  readonly steps: readonly Step[];
  readonly actor?: string;
  /** Of the release that is tried again. */
  readonly retried?: ReleaseCohort;
}

interface Together {
  readonly name: string;
  readonly kind: Release['kind'];
  /** Every app of the group, also those that stay as they are. */
  readonly states: readonly AppState[];
  readonly now: number;
  /** Not before each of them may. */
  readonly wait?: boolean;
}

/** One release of all of them: one number, and the same people first in each. Empty while they have to wait. */
export function beginTogether(parts: readonly Beginner[], together: Together): Changes {
  const { name, kind, states, now } = together;
  const [first] = parts;
  if (first === undefined || (together.wait === true && !parts.every((part) => mayBegin(part, now))))
    return new Map();
  const group: GroupPart = {
    name,
    id: `${name}-${Math.max(...states.map((state) => Math.max(state.releases, numberOf(state)))) + 1}`,
    apps: parts.map(({ state }) => state.app),
    before: liveTogether(parts.map(({ state }) => state)),
  };
  const cohort = cohortOf(first, states);
  return new Map(
    parts.map(({ state, build, steps, actor }) => {
      const what = { kind, build, steps, group, cohort, ...(actor === undefined ? {} : { actor }) };
      return [state.app, begin(state, what, now)];
    }),
  );
}

const mayBegin = ({ state, build }: Beginner, now: number): boolean =>
  state.frozen === null &&
  !state.removing &&
  (state.release === null || !busy(state.release)) &&
  inTheWay(state, build) === null &&
  isOpen(build.spec.release.windows, now);

/** The offset moves with each release of the group: the app that was in the last one knows it. */
function cohortOf({ build, retried }: Beginner, states: readonly AppState[]): ReleaseCohort {
  return beginCohort(states.reduce(later).cohort, build.spec.release.cohort, retried);
}

/** Of the last release that the app took part in: numbers of a group only rise. 0 when it took part in none. */
const numberOf = ({ release }: AppState): number => Number(release?.group?.id.match(/\d+$/)?.[0] ?? 0);

/** Whichever was released with its group last. By the numbers: clocks are set back. */
export const later = <T extends AppState>(one: T, two: T): T =>
  numberOf(two) > numberOf(one) || (numberOf(two) === numberOf(one) && startedAt(two) > startedAt(one))
    ? two
    : one;

const startedAt = ({ release }: AppState): number => release?.startedAt ?? 0;

/** What the apps are told apart by that belong together: the release they came with, or were left on by. */
export type Side = 'new' | 'old';
export const setOf = (id: string, side: Side): string => `${id}-${side}`;

/** The set that is live in all of them; null when they went live apart. */
function liveTogether(states: readonly AppState[]): string | null {
  const sets = states.map(({ release, live }) => {
    const group = release?.group ?? null;
    return release === null || group === null
      ? null
      : setOf(group.id, live === release.colour ? 'new' : 'old');
  });
  const [first = null] = sets;
  return sets.every((set) => set === first) ? first : null;
}
