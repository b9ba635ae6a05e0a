/**
 * Is it the version, or one of its instances (a bad host, a cold cache)? Then that instance is to be restarted, and the release goes on.
 *
 * An instance is the outlier when both hold: without its counts the evidence against the candidate is below the level at which a release is
 * frozen, and it is worse than the candidate's other instances by an e-process of its own (rate ratio, tolerated margin) at β divided by the
 * number of instances. The first alone was refused: when a bad version has two instances, either one's counts are half of the evidence, and
 * √100 is 10, so every rollback would be held up just as it becomes due.
 * The one that is blamed stays the one: when evidence comes together again without it, a second instance is bad, and it is the version.
 * With fewer than about eight instances the few people that a rollback takes cannot tell: then the version goes back.
 * GUARANTEE  A rollback is only ever put off by this, so its error bound stands. When all instances are alike, one is blamed with
 * probability at most β (union bound), for independent people.
 */
import { add, noCount, type Count, type Pair, type Stratum } from './facts.ts';
import { evidenceOf, type EventState, type Stake } from './event-metric.ts';
import { ruined } from './log.ts';
import { bet, noBets, type Bets } from './mixture.ts';
import { harmGrid } from './rate-ratio.ts';
import type { EventMetric } from './settings.ts';

/** Part of the judge's state, by metric. */
interface InstanceState {
  /** As `EventState.harm`, without this instance. */
  readonly without: Readonly<Record<string, Bets>>;
  /** Against "not worse than the other instances". */
  readonly against: Readonly<Record<string, Bets>>;
}

export type Instances = Readonly<Record<string, InstanceState>>;

/** A rollback takes about four people: to tell in time whose they are, bets are on "all on this one" and little less. */
const outlierGrid: readonly number[] = [6, 30, 1000];

/** More are not told apart: a version that crashes all day shall not fill the memory. */
const kept = 64;

/** @param before the states of the metrics before this tick: what a new instance has not been part of */
export function stepInstances(
  all: Instances,
  strata: readonly Stratum[],
  metrics: readonly EventMetric[],
  { before, stake }: { readonly before: Readonly<Record<string, EventState>>; readonly stake: Stake },
): Instances {
  const present = new Set(strata.flatMap(({ instances }) => instances.map(({ id }) => id)));
  const known = Object.keys(all);
  const ids = [...known, ...[...present].filter((id) => all[id] === undefined).toSorted()].slice(0, kept);
  return Object.fromEntries(
    ids.map((id) => {
      const state = all[id];
      const without = metrics.map((metric) => {
        const bets = state?.without[metric.id] ?? before[metric.id]?.harm ?? noBets(harmGrid.length);
        const evidence = evidenceOf(pairsWithout(strata, metric.id, id), metric.harm, harmGrid);
        return [metric.id, bet(bets, evidence, stake.logStake)] as const;
      });
      const against = metrics.map((metric) => {
        const bets = state?.against[metric.id];
        const test = { margin: metric.harm.margin, delta: 0 };
        const evidence = evidenceOf(pairsAgainst(strata, metric.id, id), test, outlierGrid);
        return [metric.id, bet(bets ?? noBets(outlierGrid.length), evidence, bets ? ruined : 0)] as const;
      });
      return [id, { without: Object.fromEntries(without), against: Object.fromEntries(against) }];
    }),
  );
}

const own = (stratum: Stratum, metric: string, id: string): Count =>
  stratum.instances.find((each) => each.id === id)?.events[metric] ?? noCount;

function pairsWithout(strata: readonly Stratum[], metric: string, id: string): readonly Pair[] {
  return strata.flatMap((stratum) => {
    const pair = stratum.events[metric];
    return pair ? [{ candidate: less(pair.candidate, own(stratum, metric, id)), live: pair.live }] : [];
  });
}

/** Counts of an instance and of the whole come by two ways: rounding shall not make a person of minus one. */
function less(whole: Count, part: Count): Count {
  const exposed = Math.max(0, whole.exposed - part.exposed);
  return { exposed, events: exposed === 0 ? 0 : Math.max(0, whole.events - part.events) };
}

function pairsAgainst(strata: readonly Stratum[], metric: string, id: string): readonly Pair[] {
  return strata.map((stratum) => ({
    candidate: own(stratum, metric, id),
    live: stratum.instances
      .filter((each) => each.id !== id)
      .reduce((sum, each) => add(sum, each.events[metric] ?? noCount), noCount),
  }));
}
