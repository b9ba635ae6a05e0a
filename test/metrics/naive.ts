/** The same counts as src/metrics/ledger.ts makes, the long way: one object per person, every metric by the judge's own rules, nothing packed. */
import type { Count, Pair } from '../../src/judge/facts.ts';
import { levelOf, rank, type Scale } from '../../src/judge/rank.ts';
import { latencyTolerance, tolerated } from '../../src/judge/settings.ts';
import {
  after,
  atRisk,
  eventMetrics,
  happened,
  newPerson,
  type EventMetric,
  type Person,
  type Slow,
} from '../../src/judge/units.ts';

export interface Seen {
  readonly person: number;
  readonly at: number;
  readonly side: 'candidate' | 'live';
  readonly held: boolean;
  /** Decided by another table than the one in force. */
  readonly stale: boolean;
  readonly bucket: number;
  readonly latency: number;
  readonly asked: boolean;
  readonly failed: boolean;
  readonly refused: boolean;
  readonly instance: string | null;
}

interface Known {
  events: Person;
  /** As of the end of the turn before. */
  before: Person;
  last: Seen;
  instance: string | null;
  readonly sides: Set<string>;
  readonly first: number;
  readonly assigned: { readonly side: 'candidate' | 'live'; readonly share: number };
  readonly ranks: number[];
  scored: boolean;
}

export interface Counts {
  readonly events: Record<string, Pair>;
  readonly instances: Record<string, Record<string, Count>>;
  readonly fresh: Record<string, number>;
  readonly scores: Record<string, number>;
  readonly arrived: Record<string, number>;
}

interface NaiveStratum {
  readonly ms: Map<string, number>;
  readonly events: Map<string, number>;
  readonly plain: Map<string, number>;
}

const requestScale: Scale = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 19, 24, 30, 38, 48, 60, 75, 95, 120];

export class Naive {
  readonly #slow: Slow;
  readonly #scale: Scale;
  #width: number;
  #people = new Map<number, Known>();
  #strata = new Map<string, NaiveStratum>();
  #turned = 0;

  constructor(width: number, slow: Slow, scale: Scale) {
    [this.#width, this.#slow, this.#scale] = [width, slow, scale];
  }

  step(width: number): void {
    if (this.#width === 0 && width > 0) [this.#people, this.#strata] = [new Map(), new Map()];
    this.#width = width;
  }

  see(seen: Seen): void {
    const known = this.#people.get(seen.person) ?? this.#meet(seen);
    known.last = seen;
    if (seen.side === 'candidate' && seen.instance !== null) known.instance = seen.instance;
    const stratum = this.#stratumOf(seen);
    if (!known.sides.has(seen.side)) {
      known.sides.add(seen.side);
      bump(stratum.plain, `arrived ${seen.side}`);
    }
    const now = after(known.events, seen, this.#slow);
    for (const metric of happened(known.events, now)) {
      bump(stratum.events, `${seen.side} ${metric}`);
      if (seen.side === 'candidate' && seen.instance !== null)
        bump(stratum.events, `${seen.instance} ${metric}`);
    }
    known.events = now;
    if (seen.asked && seen.at < known.first + 30_000) {
      known.ranks.push(rank(this.#scale, seen.side === 'candidate' ? tolerated(seen.latency) : seen.latency));
    }
  }

  turn(at: number): void {
    const ms = at - this.#turned;
    if (ms <= 0) return;
    this.#turned = at;
    for (const known of this.#people.values()) {
      const { before, last } = known;
      known.before = known.events;
      this.#score(known, at);
      if (last.at <= at - 60_000) continue;
      const candidate = last.bucket < this.#width || last.held;
      const stratum = this.#stratumOf(last);
      // An instance is named from its first person on, also when they have nothing left to have.
      if (candidate && known.instance !== null) bump(stratum.ms, `${known.instance} anybody`, 0);
      for (const metric of eventMetrics) {
        if (!atRisk(before, metric)) continue;
        bump(stratum.ms, `${candidate ? 'candidate' : 'live'} ${metric}`, ms);
        if (candidate && known.instance !== null) bump(stratum.ms, `${known.instance} ${metric}`, ms);
      }
    }
  }

  close(): Record<string, Counts> {
    const all: Record<string, Counts> = {};
    for (const [name, { ms, events, plain }] of this.#strata) {
      const count = (who: string, metric: EventMetric): Count => {
        const had = events.get(`${who} ${metric}`) ?? 0;
        return { exposed: Math.max(ms.get(`${who} ${metric}`) ?? 0, had * 100) / 60_000, events: had };
      };
      const of = (who: string) =>
        Object.fromEntries(eventMetrics.map((metric) => [metric, count(who, metric)]));
      const [candidate, live] = [of('candidate'), of('live')];
      const instances = ['i1', 'i2'].filter((id) =>
        [...ms.keys(), ...events.keys()].some((key) => key.startsWith(`${id} `)),
      );
      all[name] = {
        events: Object.fromEntries(
          eventMetrics.map((metric) => [
            metric,
            { candidate: candidate[metric] as Count, live: live[metric] as Count },
          ]),
        ),
        instances: Object.fromEntries(instances.map((id) => [id, of(id)])),
        fresh: starting(plain, 'fresh '),
        scores: starting(plain, 'score '),
        arrived: starting(plain, 'arrived '),
      };
    }
    this.#strata = new Map();
    return all;
  }

  #meet(seen: Seen): Known {
    const share = this.#width / 100_000;
    const side = seen.held ? 'live' : seen.side;
    const known: Known = {
      events: newPerson,
      before: newPerson,
      last: seen,
      instance: null,
      sides: new Set(),
      first: seen.at,
      assigned: { side, share },
      ranks: [],
      scored: seen.held || seen.stale,
    };
    this.#people.set(seen.person, known);
    if (!seen.stale) {
      bump(this.#stratum(this.#width > 0 ? 'all' : 'not exposed').plain, `fresh ${share} ${side}`);
    }
    return known;
  }

  #score(known: Known, at: number): void {
    if (known.scored || known.first + 30_000 > at) return;
    known.scored = true;
    const { side, share } = known.assigned;
    const { plain } = this.#stratum(this.#width > 0 ? 'all' : 'not exposed');
    const requests = known.ranks.length;
    const mean = requests === 0 ? 1 : known.ranks.reduce((sum, each) => sum + each, 0) / requests;
    bump(plain, `score latency ${share} ${side} ${levelOf(mean)}`);
    const fewer = 1 - rank(requestScale, side === 'candidate' ? requests * latencyTolerance : requests);
    bump(plain, `score fewer-requests ${share} ${side} ${levelOf(fewer)}`);
  }

  /** All are in one role and none in an audience: who is on the candidate for another reason than chance is apart. */
  #stratumOf({ bucket, held }: Seen): NaiveStratum {
    if (held && bucket >= this.#width) return this.#stratum('held');
    return this.#stratum(this.#width > 0 ? 'all' : 'not exposed');
  }

  #stratum(name: string): NaiveStratum {
    const known = this.#strata.get(name) ?? { ms: new Map(), events: new Map(), plain: new Map() };
    this.#strata.set(name, known);
    return known;
  }
}

function bump(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

const starting = (counts: Map<string, number>, start: string): Record<string, number> =>
  Object.fromEntries(
    [...counts]
      .filter(([key]) => key.startsWith(start))
      .map(([key, count]) => [key.slice(start.length), count]),
  );
