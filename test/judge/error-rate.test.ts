// The promise as a whole: not one e-value but releases, looked at after every tick, with all metrics at the edge of what is tolerated.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomOf, type Random } from '../../bench/judge/random.ts';
import { scoreLevels } from '../../src/judge/betting.ts';
import type { Pair, Stratum } from '../../src/judge/facts.ts';
import { begin, eventMetrics, step } from '../../src/judge/judge.ts';
import { defaults, type Settings } from '../../src/judge/settings.ts';
import { decide, type Action } from '../../src/judge/verdict.ts';
import { stratum, tick } from './support.ts';

/** Knuth 1969: fine for means below 100. */
function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let [count, product] = [0, random()];
  while (product > limit) {
    count += 1;
    product *= random();
  }
  return count;
}

/** α large, so that a few hundred releases tell a bound that holds from one that does not. */
const settings: Settings = { ...defaults, alpha: 0.2, freeze: 2 };
const shares = [0.01, 0.05, 0.1, 0.25, 0.5, 0.95];

/** A tick in which each event metric has `of(live rate)` on the candidate, and the scores of both sides are alike. */
function facts(random: Random, share: number, of: (rate: number) => number): Stratum {
  // The hour of the day moves the rates of both sides from tick to tick.
  const rate = 0.005 + 0.05 * random();
  const events = eventMetrics(settings.metrics).map(({ id }): [string, Pair] => {
    const [candidate, live] = [300 * share, 300 * (1 - share)];
    return [
      id,
      {
        candidate: { exposed: candidate, events: poisson(random, candidate * of(rate)) },
        live: { exposed: live, events: poisson(random, live * rate) },
      },
    ];
  });
  const counts = (people: number): number[] => {
    const levels = Array.from({ length: scoreLevels + 1 }, () => 0);
    for (let index = 0; index < people; index += 1) {
      const level = Math.floor(random() * (scoreLevels + 1));
      levels[level] = (levels[level] ?? 0) + 1;
    }
    return levels;
  };
  let onCandidate = 0;
  for (let person = 0; person < 20; person += 1) if (random() < share) onCandidate += 1;
  const cell = { share, candidate: counts(onCandidate), live: counts(20 - onCandidate) };
  return stratum({
    events: Object.fromEntries(events),
    scores: { latency: [cell], 'fewer-requests': [cell] },
  });
}

/** In how many of some releases the judge ever says so, over a ramp of six steps of seven ticks. */
function ever(action: Action, of: (rate: number) => number, releases: number): number {
  const random = randomOf(5);
  let found = 0;
  for (let release = 0; release < releases; release += 1) {
    let state = begin(settings);
    for (let seq = 0; seq < 42; seq += 1) {
      const share = shares[Math.floor(seq / 7)] ?? 1;
      state = step(
        settings,
        state,
        tick(seq, [facts(random, share, of)], { stage: `${share}`, seconds: 60 }),
      );
      if (decide(settings, state).action === action) {
        found += 1;
        break;
      }
    }
  }
  return found;
}

// Three standard deviations above the bound: less than one run in 700 would exceed it if the bound were only just kept.
const above = (bound: number, runs: number): number =>
  runs * bound + 3 * Math.sqrt(runs * bound * (1 - bound));

test('at the edge of what is tolerated at most α of the releases are ever rolled back, and beyond it most are', () => {
  const edge = ever('roll-back', (rate) => 1.25 * rate + 0.001, 100);
  assert(edge <= above(settings.alpha, 100), `${edge} of 100`);
  assert(ever('roll-back', (rate) => 2.5 * rate + 0.01, 20) >= 19);
});

test('a version as bad as must be ruled out is let on in at most β of the releases, and a good one in most', () => {
  const bad = ever('advance', (rate) => 2 * rate + 0.01, 100);
  assert(bad <= above(settings.beta, 100), `${bad} of 100`);
  assert(ever('advance', (rate) => rate, 20) >= 19);
});
