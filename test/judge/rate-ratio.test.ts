import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { harmGrid, logEvidence, safetyGrid } from '../../src/judge/rate-ratio.ts';
import { expectation, near, pair, successes, vectors } from './support.ts';

const grids = [...harmGrid, ...safetyGrid];

test('the e-value of a batch is the published formula, to 1e-12', () => {
  const { batches } = vectors<{
    batches: {
      nC: number;
      nB: number;
      x: number;
      y: number;
      margin: number;
      delta: number;
      lambda: number;
      logE: number;
    }[];
  }>('rate-ratio');
  assert.equal(batches.length, 8);
  for (const { nC, nB, x, y, margin, delta, lambda, logE } of batches)
    near(logEvidence(pair(nC, nB, x, y), { margin, delta }, lambda), logE);
});

test('its expectation is at most 1 at the edge of the null, whoever has which probability: every outcome added up', () => {
  const probability = fc.double({ min: 0.001, max: 0.6, noNaN: true });
  const people = fc.array(probability, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      people,
      people,
      fc.record({
        margin: fc.double({ min: 0.2, max: 3, noNaN: true }),
        delta: fc.double({ min: 0, max: 0.05, noNaN: true }),
      }),
      fc.constantFrom(...grids),
      (live, shape, { margin, delta }, lambda) => {
        // Candidate's people differ among themselves, and their mean is at the edge, or on the side of it that is allowed.
        const mean = (all: readonly number[]): number => all.reduce((sum, p) => sum + p, 0) / all.length;
        const edge = margin * mean(live) + delta;
        const scale = edge / mean(shape);
        const candidate = shape.map((p) => p * scale);
        fc.pre(candidate.every((p) => p <= 1));
        const expected = expectation(successes(candidate), successes(live), (x, y) =>
          Math.exp(logEvidence(pair(shape.length, live.length, x, y), { margin, delta }, lambda)),
        );
        assert(expected <= 1 + 1e-12, `${expected}`);
      },
    ),
    { numRuns: 400 },
  );
});

test('for Poisson counts at the edge of the null the expectation is exactly 1', () => {
  const poisson = (mean: number): readonly number[] => {
    const chances = [Math.exp(-mean)];
    for (let count = 1; count < 200; count += 1) chances.push(((chances[count - 1] ?? 0) * mean) / count);
    return chances;
  };
  for (const lambda of grids)
    for (const [nC, nB, rate, margin, delta] of [
      [3, 40, 0.05, 1.25, 0.001],
      [50, 5, 0.01, 2, 0.01],
      [10, 10, 0.1, 1, 0],
      [20, 0, 0.1, 0, 0.05],
    ] as const) {
      const candidate = poisson(nC * (margin * rate + delta));
      const expected = expectation(candidate, poisson(nB * rate), (x, y) =>
        Math.exp(logEvidence(pair(nC, nB, x, y), { margin, delta }, lambda)),
      );
      near(expected, 1, 1e-9, `λ ${lambda}, m ${margin}`);
    }
});

test('when only the assignment is random the expectation is at most 1: every way to deal people to the sides', () => {
  const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
  for (const [nC, nB, failing] of [
    [3, 7, 4],
    [5, 5, 2],
    [2, 18, 6],
    [9, 1, 5],
  ] as const)
    for (const lambda of grids) {
      let sum = 0;
      for (let x = Math.max(0, failing - nB); x <= Math.min(nC, failing); x += 1) {
        const chance = (choose(nC, x) * choose(nB, failing - x)) / choose(nC + nB, failing);
        sum += chance * Math.exp(logEvidence(pair(nC, nB, x, failing - x), { margin: 1, delta: 0 }, lambda));
      }
      assert(sum <= 1 + 1e-12, `${nC} ${nB} ${failing} λ ${lambda}: ${sum}`);
    }
});

const batch = fc.record({
  nC: fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
  nB: fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
  x: fc.nat(1e9),
  y: fc.nat(1e9),
  margin: fc.constantFrom(0, 0.1, 1, 1.25, 2, 100),
  delta: fc.constantFrom(0, 1e-6, 0.001, 0.5),
  lambda: fc.constantFrom(...grids),
});

test('it is a finite number for any counts up to a thousand million', () => {
  fc.assert(
    fc.property(batch, ({ nC, nB, x, y, margin, delta, lambda }) => {
      assert(Number.isFinite(logEvidence(pair(nC, nB, x, y), { margin, delta }, lambda)));
    }),
    { numRuns: 3000 },
  );
  assert.equal(logEvidence(pair(0, 0, 0, 0), { margin: 1, delta: 0.1 }, 0), 0);
  assert.equal(
    logEvidence(pair(5, 0, 2, 0), { margin: 1, delta: 0 }, 6),
    0,
    'nobody to compare with: no evidence',
  );
});

test('one more failing person on the candidate is evidence of harm and against safety; one more on live the reverse', () => {
  fc.assert(
    fc.property(batch, ({ nC, nB, x, y, margin, delta, lambda }) => {
      const at = (dx: number, dy: number): number =>
        logEvidence(pair(nC, nB, x + dx, y + dy), { margin, delta }, lambda);
      const slack = 1e-9 * Math.max(1, Math.abs(at(0, 0)));
      const sign = lambda > 1 ? 1 : -1;
      assert(sign * (at(1, 0) - at(0, 0)) >= -slack);
      assert(sign * (at(0, 1) - at(0, 0)) <= slack);
    }),
  );
});

test('a wider margin makes harm harder to show, and safety easier', () => {
  fc.assert(
    fc.property(batch, fc.double({ min: 1.001, max: 5, noNaN: true }), (each, wider) => {
      const { nC, nB, x, y, lambda } = each;
      const at = (margin: number): number => logEvidence(pair(nC, nB, x, y), { margin, delta: 0 }, lambda);
      const margin = Math.max(each.margin, 0.1);
      const slack = 1e-9 * Math.max(1, Math.abs(at(margin)));
      const change = at(margin * wider) - at(margin);
      assert(lambda > 1 ? change <= slack : change >= -slack);
    }),
  );
});

test('the unit of exposure does not matter', () => {
  fc.assert(
    fc.property(batch, fc.double({ min: 0.01, max: 100, noNaN: true }), (each, unit) => {
      const { nC, nB, x, y, margin, delta, lambda } = each;
      const one = logEvidence(pair(nC, nB, x, y), { margin, delta }, lambda);
      const other = logEvidence(pair(nC * unit, nB * unit, x, y), { margin, delta: delta / unit }, lambda);
      // A thousand million events multiply what the last bit of their unit is worth.
      near(other, one, 1e-9 + 1e-14 * (x + y));
    }),
  );
});

test('nothing seen on either side is evidence of safety: the rule of three', () => {
  // 300 exposed without an event rule out 1 in 100 at E = 20.
  near(logEvidence(pair(300, 300, 0, 0), { margin: 1.5, delta: 0.01 }, 0), 3);
  assert(Math.exp(logEvidence(pair(300, 300, 0, 0), { margin: 1.5, delta: 0.01 }, 0)) > 20);
});

test('one event at a time it is the safe log-rank test: the ratio of two Cox partial likelihoods', () => {
  // Risk sets shrink by one with each event; q is the chance that it happens on the candidate at hazard ratio λ.
  const q = (lambda: number, y1: number, y0: number): number => (y1 * lambda) / (y1 * lambda + y0);
  for (const lambda of [0.25, 0.5, 2.2, 6]) {
    let [y1, y0, direct, ours] = [5, 7, 1, 0];
    for (const onCandidate of [true, false, false, true, true, false, true]) {
      const at = (ratio: number): number => (onCandidate ? q(ratio, y1, y0) : 1 - q(ratio, y1, y0));
      direct *= at(lambda) / at(1);
      ours += logEvidence(
        pair(y1, y0, onCandidate ? 1 : 0, onCandidate ? 0 : 1),
        { margin: 1, delta: 0 },
        lambda,
      );
      if (onCandidate) y1 -= 1;
      else y0 -= 1;
    }
    near(Math.exp(ours), direct);
  }
});
