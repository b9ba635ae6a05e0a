/** What the tests of the judge share: vectors, exact sums over all outcomes, and ticks made of few words. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pair, Stratum, Tick } from '../../src/judge/facts.ts';

export const vectors = <T>(name: string): T =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'vectors', `${name}.json`), 'utf8')) as T;

export function near(actual: number, expected: number, tolerance = 1e-12, what = ''): void {
  const allowed = tolerance * Math.max(1, Math.abs(expected));
  assert(Math.abs(actual - expected) <= allowed, `${what} ${actual} is not ${expected} (± ${allowed})`);
}

export const pair = (nC: number, nB: number, x: number, y: number): Pair => ({
  candidate: { exposed: nC, events: x },
  live: { exposed: nB, events: y },
});

/** Probability of each number of successes of independent trials with these probabilities. */
export function successes(probabilities: readonly number[]): readonly number[] {
  let chances = [1];
  for (const p of probabilities) {
    const next = Array.from({ length: chances.length + 1 }, () => 0);
    chances.forEach((chance, count) => {
      next[count] = (next[count] ?? 0) + chance * (1 - p);
      next[count + 1] = (next[count + 1] ?? 0) + chance * p;
    });
    chances = next;
  }
  return chances;
}

/** Adds up value × chance over every pair of counts. */
export function expectation(
  candidate: readonly number[],
  live: readonly number[],
  value: (x: number, y: number) => number,
): number {
  let sum = 0;
  candidate.forEach((one, x) => {
    live.forEach((two, y) => {
      if (one * two > 0) sum += one * two * value(x, y);
    });
  });
  return sum;
}

export const stratum = (some: Partial<Stratum> = {}): Stratum => ({
  name: 'all',
  events: {},
  scores: {},
  fresh: [],
  arrived: { candidate: 0, live: 0 },
  instances: [],
  ...some,
});

export const tick = (seq: number, strata: readonly Stratum[], some: Partial<Tick> = {}): Tick => ({
  seq,
  seconds: 10,
  stage: '5 %',
  phase: 'stepping',
  strata,
  rules: [],
  ...some,
});
