/** Counts people for the judge, by brute force: what a router reports, without its limits on memory. */
import { levelOf, rank, scaleOf, type Scale } from '../../src/judge/rank.ts';
import { scoreLevels } from '../../src/judge/betting.ts';
import { latencyTolerance, slowMark, tolerated } from '../../src/judge/settings.ts';
import type { Pair, Scores, Stratum } from '../../src/judge/facts.ts';
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
import type { Outcome } from './scenarios.ts';
import { traceOf, usual } from './trace.ts';

const activeSeconds = 60;
const windowSeconds = 30;

interface Known {
  person: Person;
  /** As of the end of the tick before: who counts as exposed. */
  before: Person;
  lastSeen: number;
  /** Below the share: their next request goes to the candidate. */
  readonly bucket: number;
  seenOn: [boolean, boolean];
  window: Window | null;
}

/** Who asked, when, and by what they were sent where. */
export interface Request {
  person: number;
  bucket: number;
  isNew: boolean;
  at: number;
  share: number;
}

/** The first 30 s of a person. */
interface Window {
  readonly from: number;
  readonly share: number;
  readonly onCandidate: boolean;
  ranks: number;
  requests: number;
}

/** What the past was like: from an hour of its own, before the release. */
export interface Past {
  readonly slow: Slow;
  readonly latency: Scale;
  readonly requests: Scale;
}

export function pastOf(seed: number): Past {
  const trace = traceOf({ seed, ...usual });
  const latency = scaleOf(Array.from(trace.latency));
  const opened = new Map<number, { from: number; requests: number }>();
  for (let index = 0; index < trace.length; index += 1) {
    const [person, at] = [trace.person[index] ?? 0, trace.at[index] ?? 0];
    const window = opened.get(person) ?? { from: at, requests: 0 };
    if (at < window.from + windowSeconds) window.requests += 1;
    opened.set(person, window);
  }
  return {
    slow: { q95: slowMark(latency[94] ?? 0), q99: slowMark(latency[98] ?? 0) },
    latency,
    requests: scaleOf([...opened.values()].map(({ requests }) => requests)),
  };
}

/** Counts one release. */
export class Counter {
  readonly #past: Past;
  readonly #people = new Map<number, Known>();
  #active = new Set<Known>();
  #open = new Set<Known>();
  #events = noEvents();
  #fresh = { candidate: 0, live: 0 };
  #arrived = { candidate: 0, live: 0 };

  constructor(past: Past) {
    this.#past = past;
  }

  see(request: Request, outcome: Readonly<Outcome>): void {
    const { isNew, at } = request;
    const known = this.#people.get(request.person) ?? this.#meet(request);
    known.lastSeen = at;
    this.#active.add(known);
    if (!known.seenOn[isNew ? 1 : 0]) {
      known.seenOn[isNew ? 1 : 0] = true;
      this.#arrived[isNew ? 'candidate' : 'live'] += 1;
    }
    if (outcome.fails || outcome.latency > this.#past.slow.q95) this.#change(known, isNew, outcome);
    const { window } = known;
    if (window && at < window.from + windowSeconds) {
      const ranked = isNew ? tolerated(outcome.latency) : outcome.latency;
      window.ranks += rank(this.#past.latency, ranked);
      window.requests += 1;
    }
  }

  #change(known: Known, isNew: boolean, { fails, latency }: Readonly<Outcome>): void {
    const now = after(known.person, { failed: fails, refused: false, latency }, this.#past.slow);
    for (const metric of happened(known.person, now))
      this.#events[metric][isNew ? 'candidate' : 'live'].events += 1;
    known.person = now;
  }

  #meet({ person, isNew, at, share, bucket }: Request): Known {
    const window: Window = { from: at, share, onCandidate: isNew, ranks: 0, requests: 0 };
    const known: Known = {
      person: newPerson,
      before: newPerson,
      lastSeen: at,
      bucket,
      seenOn: [false, false],
      window,
    };
    this.#people.set(person, known);
    this.#open.add(known);
    this.#fresh[isNew ? 'candidate' : 'live'] += 1;
    return known;
  }

  /** Everything since the last call, as the judge wants it. */
  take(end: number, tickSeconds: number, share: number): Stratum {
    const minutes = tickSeconds / 60;
    for (const known of this.#active) {
      if (known.lastSeen < end - activeSeconds) {
        this.#active.delete(known);
        continue;
      }
      // Not where the last request went: after a step of the ramp all who have left would stay behind on live, and make its rate look low.
      const side = known.bucket < share ? 'candidate' : 'live';
      for (const metric of eventMetrics) {
        if (atRisk(known.before, metric)) this.#events[metric][side].exposed += minutes;
      }
      known.before = known.person;
    }
    const stratum: Stratum = {
      name: 'all',
      events: this.#events,
      scores: this.#close(end),
      fresh: [{ share, ...this.#fresh }],
      arrived: this.#arrived,
      instances: [],
    };
    this.#events = noEvents();
    this.#fresh = { candidate: 0, live: 0 };
    this.#arrived = { candidate: 0, live: 0 };
    return stratum;
  }

  #close(end: number): Readonly<Record<string, readonly Scores[]>> {
    const latency = new Map<number, MutableScores>();
    const requests = new Map<number, MutableScores>();
    for (const known of this.#open) {
      const { window } = known;
      if (!window || window.from + windowSeconds > end) continue;
      this.#open.delete(known);
      known.window = null;
      // A tenth fewer is tolerated, as a tenth slower is.
      const asked = window.onCandidate ? window.requests * latencyTolerance : window.requests;
      add(latency, window, window.ranks / window.requests);
      add(requests, window, 1 - rank(this.#past.requests, asked));
    }
    return { latency: [...latency.values()], 'fewer-requests': [...requests.values()] };
  }
}

interface MutableScores {
  readonly share: number;
  readonly candidate: number[];
  readonly live: number[];
}

function add(cells: Map<number, MutableScores>, { share, onCandidate }: Window, score: number): void {
  const none = (): number[] => Array.from({ length: scoreLevels + 1 }, () => 0);
  const cell = cells.get(share) ?? { share, candidate: none(), live: none() };
  cells.set(share, cell);
  const side = onCandidate ? cell.candidate : cell.live;
  const level = levelOf(score);
  side[level] = (side[level] ?? 0) + 1;
}

type Mutable = { -readonly [Side in keyof Pair]: { exposed: number; events: number } };

const noEvents = (): Record<EventMetric, Mutable> =>
  Object.fromEntries(
    eventMetrics.map((metric) => [
      metric,
      { candidate: { exposed: 0, events: 0 }, live: { exposed: 0, events: 0 } },
    ]),
  ) as Record<EventMetric, Mutable>;
