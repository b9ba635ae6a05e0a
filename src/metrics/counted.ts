/** What routers count of a release for the judge, and what they know of the time before it. */
import type { Count, People, Stratum } from '../judge/facts.ts';
import type { Scale } from '../judge/rank.ts';
import type { Slow } from '../judge/units.ts';

/** What routers counted of a release between two closes, as the judge takes it. */
export interface Counted {
  /** The tick this is; closed for good. */
  readonly seq: number;
  /** Its length, by a clock that cannot jump. */
  readonly seconds: number;
  readonly strata: readonly Stratum[];
  /** 1: everybody is counted. Below: so much of the people, chosen by a hash that has nothing to do with their side. */
  readonly sampled: number;
  /** Requests of clients without identity, by side: not people for the judge, told for honesty. */
  readonly anonymous: People;
  /** Requests, by side, for people to read. */
  readonly requests: People;
  /** Answered 5xx, never answered, or cut, by side: for absolute limits, and for people to read. */
  readonly failed: People;
}

/** What is to be fixed before anybody is exposed. */
export interface Past {
  /** Milliseconds to the first byte of live's answers; null: too few have been answered to say. */
  readonly slow: Slow | null;
  /** Percentiles of the same; empty: as above. */
  readonly scale: Scale;
  /**
   * First failures of people on live from when the release was first in a table as `judged` until somebody was exposed. Nothing exposed: nobody
   * is known, since percentages alone give anonymous people an identity.
   */
  readonly before: Count;
}

/** A tick of which nothing is known. */
export const nothingCounted = (seq: number): Counted => ({
  seq,
  seconds: 0,
  strata: [],
  sampled: 1,
  anonymous: nobody,
  requests: nobody,
  failed: nobody,
});

const nobody: People = { candidate: 0, live: 0 };
