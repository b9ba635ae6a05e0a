/**
 * What the judge is told, once per tick: plain counts, so that the log of them can be kept and replayed. They are counted
 * per person, never per request: see units.ts for what a person's event is.
 */

/** Events of one kind on one side within a tick. */
export interface Count {
  /**
   * How much there was that could have had an event. For an event that happens in time (first failure, first slow request):
   * active person-minutes of those who have not had it yet, a person being active for 60 s after each request. Minutes, so that
   * rates do not depend on the length of a tick; on the side where their next request would go, since after a step of the ramp those who
   * have left would otherwise stay behind on live, and make its rate look low.
   */
  readonly exposed: number;
  /** People who had it in this tick. */
  readonly events: number;
}

/** The same on the two sides, at the same time: the only comparison that a drift of the traffic cannot fool. */
export interface Pair {
  readonly candidate: Count;
  readonly live: Count;
}

/** People, counted on the two sides. */
export interface People {
  readonly candidate: number;
  readonly live: number;
}

/** People who were assigned when the candidate's share was `share`. */
export interface Arrivals extends People {
  /** Probability, 0…1, with which one of them was sent to the candidate. */
  readonly share: number;
}

/** Scores of the people whose window closed in this tick: how many have each level, see `scoreLevels`. */
export interface Scores {
  /** The candidate's share when they were assigned, 0…1. */
  readonly share: number;
  readonly candidate: readonly number[];
  readonly live: readonly number[];
}

/** Traffic that is compared within itself: a region, a group of routes, or all of it. */
export interface Stratum {
  readonly name: string;
  /** By metric. A metric that is missing has nothing to say in this tick. */
  readonly events: Readonly<Record<string, Pair>>;
  /** By metric; one entry per share. Each person once per release: the first window. */
  readonly scores: Readonly<Record<string, readonly Scores[]>>;
  /** People seen for the first time in this release, by the share at that moment. */
  readonly fresh: readonly Arrivals[];
  /** People seen for the first time on that side; who was moved by a rising share counts on both. */
  readonly arrived: People;
  /** Empty when the platform cannot tell the candidate's instances apart. */
  readonly instances: readonly InstanceFacts[];
}

/** One instance of the candidate: its part of the candidate's counts, by metric. */
export interface InstanceFacts {
  readonly id: string;
  readonly events: Readonly<Record<string, Count>>;
}

/** Something outside statistics that was checked: health, connect failures, a limit on a metric of the user's own. */
export interface Rule {
  readonly name: string;
  readonly outcome: 'pass' | 'fail' | 'inconclusive';
  /** What was found, with the value, for people. */
  readonly says: string;
}

/** Everything that was found out since the tick before. */
export interface Tick {
  /** 0, 1, 2, …: none is repeated, none is left out. */
  readonly seq: number;
  /** Its length in seconds, by a clock that cannot jump. */
  readonly seconds: number;
  /** The step the release is in; a new one begins a new waiting time. */
  readonly stage: string;
  /** `watching`: all steps are done, and the judge looks on through hold-back and rollback window. */
  readonly phase: 'stepping' | 'watching';
  readonly strata: readonly Stratum[];
  readonly rules: readonly Rule[];
}

/** Both sides together. */
export const both = ({ candidate, live }: Pair): Count => add(candidate, live);

/**
 * Refuses what cannot have been counted: negative, not finite, or an event where nothing was exposed. A single NaN would
 * silence every later tick. @throws RangeError
 */
export function check(tick: Tick): void {
  natural(tick.seq, 'seq');
  amount(tick.seconds, 'seconds');
  tick.strata.forEach(checkStratum);
}

function checkStratum({ name, events, scores, fresh, arrived, instances }: Stratum): void {
  for (const [metric, pair] of Object.entries(events)) {
    count(pair.candidate, `${name} ${metric} candidate`);
    count(pair.live, `${name} ${metric} live`);
  }
  for (const [metric, cells] of Object.entries(scores)) {
    for (const cell of cells) {
      share(cell.share, `${name} ${metric} share`);
      for (const each of [...cell.candidate, ...cell.live]) natural(each, `${name} ${metric} scores`);
    }
  }
  for (const each of fresh) {
    share(each.share, `${name} share of fresh people`);
    people(each, `${name} fresh people`);
  }
  people(arrived, `${name} people`);
  for (const { id, events: own } of instances) {
    for (const [metric, each] of Object.entries(own)) count(each, `${name} instance ${id} ${metric}`);
  }
}

function people({ candidate, live }: People, what: string): void {
  natural(candidate, what);
  natural(live, what);
}

function count({ exposed, events }: Count, what: string): void {
  amount(exposed, `${what} exposed`);
  natural(events, `${what} events`);
  if (events > 0 && exposed === 0) throw new RangeError(`${what}: ${events} events, but nothing was exposed`);
}

function amount(value: number, what: string): void {
  if (!(value >= 0 && value < Infinity)) throw new RangeError(`${what}: ${value} is not an amount`);
}

function natural(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${what}: ${value} is not a count`);
}

function share(value: number, what: string): void {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${what}: ${value} is not between 0 and 1`);
}

/** Nothing exposed, no events. */
export const noCount: Count = { exposed: 0, events: 0 };

export const add = (one: Count, two: Count): Count => ({
  exposed: one.exposed + two.exposed,
  events: one.events + two.events,
});
