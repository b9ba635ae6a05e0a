/** What the judge is asked to judge by. Every default has its reason here. */
import type { Count } from './facts.ts';
import type { Null } from './rate-ratio.ts';
import type { Schedule } from './starts.ts';

/**
 * Who is sent to the candidate, which decides what can be promised. `randomised`: by a hash of the person. `split`: the same inside a chosen
 * group, part of which stays on live. `targeted`: the whole of a chosen group, so that there is nobody alike to compare with.
 */
type Cohort = 'randomised' | 'split' | 'targeted';

/** A metric that counts people who had an event. */
export interface EventMetric {
  readonly kind: 'event';
  readonly id: string;
  /** What people did who had it: "hit an error". */
  readonly says: string;
  /** Part of the stake on rolling back. */
  readonly weight: number;
  /** What is tolerated: the judge rolls back on evidence that the candidate is worse than that. */
  readonly harm: Null;
  /** What has to be ruled out before the next step; null: the metric is not asked. */
  readonly safety: Null | null;
  /** Events per exposed that are tolerated whatever live does; null: no limit. The only test for a `targeted` cohort. */
  readonly limit: number | null;
}

/** A metric that gives each person a score, high being bad. */
export interface ScoreMetric {
  readonly kind: 'score';
  readonly id: string;
  /** What a higher mean says: "was answered more slowly". */
  readonly says: string;
  readonly weight: number;
}

export type Metric = EventMetric | ScoreMetric;

/** All traffic, both sides together, against how it was before: a candidate that hurts a shared database hurts both alike. */
export interface TotalGuard {
  /** The event metric that is watched. */
  readonly metric: string;
  /** The same count from a time before the release, begun with nobody's events remembered. */
  readonly before: Count;
  /** Above this the ramp is frozen: a multiple of before, and at least a rate. */
  readonly freeze: Limit;
  /** Above this everyone goes back, though the cause is not proven. */
  readonly limit: Limit;
}

export interface Limit {
  readonly factor: number;
  /** Events per exposed. */
  readonly floor: number;
}

export interface Settings {
  /** For sentences: which environment is which. */
  readonly names: { readonly candidate: string; readonly live: string };
  readonly cohort: Cohort;
  readonly metrics: readonly Metric[];
  /** Bound on the probability that a release that is not worse than tolerated is ever rolled back. */
  readonly alpha: number;
  /** Bound on the probability that one step goes on though something is as bad as `safety` says. */
  readonly beta: number;
  /** Evidence at which a release goes no further, 1 < freeze < 1/alpha. */
  readonly freeze: number;
  /** Bound on the probability of calling the routing broken when it is not. */
  readonly routingAlpha: number;
  /** The same for the guard on all traffic. */
  readonly totalAlpha: number;
  /** When stakes are placed on harm that begins later: of the comparison, */
  readonly starts: Schedule;
  /** and of the tests against a fixed level. */
  readonly levelStarts: Schedule;
  /** A step takes at least this long, */
  readonly minSeconds: number;
  /** and asks a person after this. */
  readonly maxSeconds: number;
  readonly total: TotalGuard | null;
}

/**
 * A quarter worse, and one person more per 1000 active minutes, is not worth a rollback: hosts, caches and chance differ by that much. Twice
 * as bad, or one in a hundred hit every minute, has to be ruled out before more people get it: less would take hours at small shares, and
 * what passes here meets the judge at the next step with more people to see it by.
 */
const harm: Null = { margin: 1.25, delta: 0.001 };
const safety: Null = { margin: 2, delta: 0.01 };

/**
 * Half of the stake is on failures: on first ones, which see what reaches many, and on third ones, which see what always hits a few. Slowness
 * has 0.4, over what sees a hang at once (marks passed) and what sees a shift of everybody (ranks). Answers 4xx and people who ask less say
 * little for certain; three 4xx of one person, since a single one is mostly the person's own.
 */
const defaultMetrics: readonly Metric[] = [
  event('errors', 'hit an error', 0.25, safety),
  event('errors-3', 'hit errors three times', 0.25, safety),
  event('slow-95', 'waited longer than 95 % did before', 0.1, safety),
  event('slow-99', 'waited longer than 99 % did before', 0.1, safety),
  { kind: 'score', id: 'latency', says: 'are answered more slowly', weight: 0.2 },
  event('client-errors-3', 'were refused (4xx) three times', 0.05, null),
  { kind: 'score', id: 'fewer-requests', says: 'ask for less', weight: 0.05 },
];

function event(id: string, says: string, weight: number, toGoOn: Null | null): EventMetric {
  return { kind: 'event', id, says, weight, harm, safety: toGoOn, limit: null };
}

/** Latencies of the candidate are divided by this before they are ranked: 10 % slower is tolerated. */
export const latencyTolerance = 1.1;

/**
 * And so many milliseconds: a process that 1 % of the people ask is colder than one that all others ask (its caches, its connections, its place
 * in the scheduler), by more than a tenth where an answer takes less than a few milliseconds. Nobody notices that, and no version can help it.
 */
const latencySlackMs = 2;

/** A latency of the candidate in milliseconds as it is ranked among those of live. Monotone, so that what is really slower still ranks higher. */
export const tolerated = (ms: number): number => Math.max(0, ms - latencySlackMs) / latencyTolerance;

/** Beyond this a request is slow, on both sides alike. @param quantile of the past, in milliseconds */
export const slowMark = (quantile: number): number => quantile + latencySlackMs;

export const defaults: Settings = {
  names: { candidate: 'green', live: 'blue' },
  cohort: 'randomised',
  metrics: defaultMetrics,
  // One false rollback in a hundred healthy releases at the very most; measured: fewer, since margins are tolerated on top.
  alpha: 0.01,
  // A wrong step further is not the end: the judge goes on.
  beta: 0.05,
  // False freezes stay below one in ten releases, and a freeze costs minutes.
  freeze: 10,
  // Broken routing is rare, and stops everything: it has to be certain.
  routingAlpha: 0.001,
  totalAlpha: 0.001,
  // Costs 3.3 nats for the first later start, 4.5 for the 12th (an hour), 9.6 for the 288th (a day): one to three more people who fail.
  starts: { everySeconds: 300, spread: 12 },
  // Far below its level a bet is ruined by a single tick, so there is a new one at each; 8 nats after an hour are nothing to a level.
  levelStarts: { everySeconds: 0, spread: 360 },
  // Caches fill and rare paths are taken within two minutes; after fifteen without evidence waiting longer will hardly bring it.
  minSeconds: 120,
  maxSeconds: 900,
  // Needs figures from before the release.
  total: null,
};

/** Twice the level of before is worth a look; five times it, and one active person in five hit every minute, is an outage whoever caused it. */
export const totalGuard = (before: Count): TotalGuard => ({
  metric: 'errors',
  before,
  freeze: { factor: 2, floor: 0.01 },
  limit: { factor: 5, floor: 0.2 },
});
