/** What is counted of one stratum within a tick. */
import { eventMetrics } from '../judge/units.ts';
import { scoreLevels } from '../judge/betting.ts';
import type { Arrivals, Count, InstanceFacts, People, Scores, Stratum } from '../judge/facts.ts';
import { riskSets } from './person-state.ts';

/** Index 0 is live, 1 the candidate. */
export type Side = 0 | 1;

/**
 * Who had an event was there for so long at least, also when the exposure was counted elsewhere, since a step moved the person, or another instance answered
 * later in the turn: an event where nothing is exposed cannot be. A tenth of a turn, which is less than any other event comes with.
 */
const eventMs = 100;

/** Events, and milliseconds by what those who were active could still have: sums of whole numbers, exact in any order. */
class Exposure {
  readonly ms = new Float64Array(riskSets);
  readonly events = new Float64Array(eventMetrics.length);

  count(metric: number): Count {
    const events = this.events[metric] as number;
    let ms = 0;
    for (let set = 0; set < riskSets; set++) if (((set >>> metric) & 1) === 1) ms += this.ms[set] as number;
    return { exposed: Math.max(ms, events * eventMs) / 60_000, events };
  }
}

/** By share: people who came, or their scores by level, on either side. */
type ByShare<Of> = Map<number, readonly [Of, Of]>;

/** One stratum within a tick. */
export class Cell {
  readonly sides: readonly [Exposure, Exposure] = [new Exposure(), new Exposure()];
  readonly arrived: [number, number] = [0, 0];
  readonly #fresh: ByShare<[number]> = new Map();
  readonly #scores: Record<string, ByShare<number[]>> = { latency: new Map(), 'fewer-requests': new Map() };
  readonly #instances = new Map<number, Exposure>();

  /** @param instance 0: not known, or live's */
  expose(side: Side, instance: number, set: number, ms: number): void {
    const exposed = this.sides[side].ms;
    exposed[set] = (exposed[set] as number) + ms;
    if (instance === 0) return;
    const own = this.#instance(instance).ms;
    own[set] = (own[set] as number) + ms;
  }

  /** @param set of the metrics whose event it was */
  happened(side: Side, instance: number, set: number): void {
    for (let metric = 0; metric < eventMetrics.length; metric++) {
      if (((set >>> metric) & 1) === 0) continue;
      const { events } = this.sides[side];
      events[metric] = (events[metric] as number) + 1;
      if (instance === 0) continue;
      const own = this.#instance(instance).events;
      own[metric] = (own[metric] as number) + 1;
    }
  }

  /** @param share 0…1 */
  came(side: Side, share: number): void {
    const counts = pairFor(this.#fresh, share, () => [0] as [number])[side];
    counts[0]++;
  }

  /** @param level of `levelOf` */
  scored(metric: 'latency' | 'fewer-requests', side: Side, share: number, level: number): void {
    const levels = pairFor(this.#scores[metric] as ByShare<number[]>, share, noLevels)[side];
    levels[level] = (levels[level] ?? 0) + 1;
  }

  /** As the judge takes it. @param metrics those that can be told; @param instances names by index */
  stratum(name: string, { metrics, instances }: Told): Stratum {
    const [live, candidate] = this.sides;
    const told = eventMetrics.flatMap((metric, index) =>
      metrics.has(metric) ? [[metric, index] as const] : [],
    );
    return {
      name,
      events: Object.fromEntries(
        told.map(([metric, index]) => [
          metric,
          { candidate: candidate.count(index), live: live.count(index) },
        ]),
      ),
      scores: Object.fromEntries(
        Object.entries(this.#scores).flatMap(([metric, by]) =>
          by.size === 0 ? [] : [[metric, scoresOf(by)]],
        ),
      ),
      fresh: [...this.#fresh].map(([share, [onLive, onCandidate]]): Arrivals => ({
        share,
        candidate: onCandidate[0],
        live: onLive[0],
      })),
      arrived: { candidate: this.arrived[1], live: this.arrived[0] } satisfies People,
      instances: [...this.#instances].map(([index, own]): InstanceFacts => ({
        id: instances[index] ?? '',
        events: Object.fromEntries(told.map(([metric, at]) => [metric, own.count(at)])),
      })),
    };
  }

  #instance(index: number): Exposure {
    const known = this.#instances.get(index) ?? new Exposure();
    this.#instances.set(index, known);
    return known;
  }
}

interface Told {
  readonly metrics: ReadonlySet<string>;
  readonly instances: readonly string[];
}

const noLevels = (): number[] => Array.from({ length: scoreLevels + 1 }, () => 0);

function pairFor<Of>(by: ByShare<Of>, share: number, none: () => Of): readonly [Of, Of] {
  const known = by.get(share) ?? [none(), none()];
  by.set(share, known);
  return known;
}

const scoresOf = (by: ByShare<number[]>): readonly Scores[] =>
  [...by].map(([share, [live, candidate]]) => ({ share, candidate, live }));
