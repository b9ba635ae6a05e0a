/**
 * What is counted: people, not requests. One broken client that fails a hundred times is one fact, not a hundred; a test that takes the
 * hundred for independent rolls back most healthy releases.
 *
 * A person's k-th event ends that person's exposure to it: k = 1 sees an error that reaches many, k = 3 sees those to whom it always
 * happens, which a first failure in a thousand requests of everybody else would hide.
 */

/** What is remembered of a person for one release: whichever side they are on, since a rising share moves people. */
export interface Person {
  /** Up to 3. */
  readonly failures: number;
  /** Answers 4xx, up to 3. */
  readonly refusals: number;
  readonly slow95: boolean;
  readonly slow99: boolean;
}

export const newPerson: Person = { failures: 0, refusals: 0, slow95: false, slow99: false };

/** Fixed before the release: quantiles of the past, in the unit of `Request.latency`. */
export interface Slow {
  readonly q95: number;
  readonly q99: number;
}

/** One request, as soon as something is known of it. */
export interface Request {
  /** Answered 5xx, not connected, cut, or timed out. */
  readonly failed: boolean;
  /** Answered 4xx. */
  readonly refused: boolean;
  /** So far: a request is slow when its timer passes the mark, not when it ends, or those that hang would never count. */
  readonly latency: number;
}

export const eventMetrics = ['errors', 'errors-3', 'slow-95', 'slow-99', 'client-errors-3'] as const;
export type EventMetric = (typeof eventMetrics)[number];

/** Enough to tell "always" from "once". */
const often = 3;

/** Whether the person can still have the event, and so counts as exposed to it. */
export function atRisk(person: Person, metric: EventMetric): boolean {
  switch (metric) {
    case 'errors':
      return person.failures === 0;
    case 'errors-3':
      return person.failures < often;
    case 'slow-95':
      return !person.slow95;
    case 'slow-99':
      return !person.slow99;
    case 'client-errors-3':
      return person.refusals < often;
  }
}

/** The person after a request. The events that happened are those for which they were at risk before and are not any more. */
export function after(person: Person, request: Request, slow: Slow): Person {
  return {
    failures: Math.min(often, person.failures + (request.failed ? 1 : 0)),
    refusals: Math.min(often, person.refusals + (request.refused ? 1 : 0)),
    slow95: person.slow95 || request.latency > slow.q95,
    slow99: person.slow99 || request.latency > slow.q99,
  };
}

/** Which events a request was, for the person it happened to. */
export const happened = (before: Person, now: Person): readonly EventMetric[] =>
  eventMetrics.filter((metric) => atRisk(before, metric) && !atRisk(now, metric));
