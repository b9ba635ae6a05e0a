/**
 * Which people a percentage selects in a release. Everybody stands at a bucket; a release takes the window of `width`
 * buckets from its offset on, so a higher percentage holds the lower one.
 *
 * `same`: the offset is 0, and the same people go first in every release.
 * `fresh`: the offset moves on by the width of the release's first percentage. Offsets so lay the firsts of all releases end to end
 * around the circle of buckets: at any time nobody has been first more than once more often than anybody else, and nobody goes first
 * again before everybody has, but in the release whose window closes the circle. (A new seed for each release instead would choose
 * independently: at 5 %, two thirds of the people of release 20 had been first before.)
 */
import { buckets } from './bucket.ts';

export type Cohort = 'same' | 'fresh';

/** Kept per app, over its releases. */
export interface CohortState {
  /** Where the next fresh release begins. */
  readonly offset: number;
}

/** Kept per release. */
export interface ReleaseCohort {
  readonly cohort: Cohort;
  /** Where its windows begin; it never moves while the release runs. */
  readonly offset: number;
  /** Its firsts have been counted: the app's offset has moved on behind them. */
  readonly counted: boolean;
}

export const firstCohort: CohortState = { offset: 0 };

/**
 * The cohort of a release that begins. A retry of one that had exposed somebody exposes the same people again, and is not counted
 * again; one that exposed nobody left no trace.
 */
export function beginCohort(
  state: CohortState,
  cohort: Cohort,
  retried: ReleaseCohort | null = null,
): ReleaseCohort {
  if (cohort === 'same') return { cohort, offset: 0, counted: false };
  if (retried !== null && retried.cohort === cohort && retried.counted) return retried;
  return { cohort, offset: state.offset, counted: false };
}

export interface Counted {
  readonly state: CohortState;
  readonly release: ReleaseCohort;
}

/**
 * What follows from the first percentage that a release exposes, whatever becomes of the release: moved on once, however often it
 * is told. Everyone at once (100 %) makes nobody first.
 * @param width in buckets: thousandths of a percent
 */
export function countFirsts(state: CohortState, release: ReleaseCohort, width: number): Counted {
  if (release.cohort === 'same' || release.counted || width <= 0) return { state, release };
  return {
    state: { offset: (release.offset + width) % buckets },
    release: { ...release, counted: true },
  };
}
