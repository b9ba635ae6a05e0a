import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Pair } from '../../src/judge/facts.ts';
import { ruined } from '../../src/judge/log.ts';
import { logValue } from '../../src/judge/mixture.ts';
import { intervalOf, margins, noTests, observe, type RatioTests } from '../../src/judge/ratio-interval.ts';
import { near, pair } from './support.ts';

const after = (batches: readonly Pair[]): RatioTests =>
  batches.reduce((tests, batch, index) => observe(tests, [batch], index === 0), noTests);

const batches = fc.array(
  fc.record({
    nC: fc.double({ min: 0.1, max: 1000, noNaN: true }),
    nB: fc.double({ min: 0.1, max: 1000, noNaN: true }),
    x: fc.nat(20),
    y: fc.nat(20),
  }),
  { minLength: 1, maxLength: 10 },
);

test('what is refuted is one end of the grid: evidence is monotone in the margin on every path', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const { above, below } = after(all.map(({ nC, nB, x, y }) => pair(nC, nB, x, y)));
      const falls = above.map((bets) => logValue(bets, ruined));
      const rises = below.map((bets) => logValue(bets, ruined));
      for (let index = 1; index < margins.length; index += 1) {
        assert((falls[index] ?? 0) <= (falls[index - 1] ?? 0) + 1e-9);
        assert((rises[index] ?? 0) >= (rises[index - 1] ?? 0) - 1e-9);
      }
    }),
    { numRuns: 60 },
  );
});

test('low and high never cross, on any path', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const { low, high } = intervalOf(after(all.map(({ nC, nB, x, y }) => pair(nC, nB, x, y))));
      assert(high === null || low < high, `${low} ${high}`);
    }),
    { numRuns: 100 },
  );
});

test('it closes in on the ratio, and the unit of exposure does not matter', () => {
  const of = (unit: number): RatioTests =>
    after(Array.from({ length: 200 }, () => pair(10 * unit, 90 * unit, 3, 9)));
  const found = intervalOf(of(1));
  near(found.estimate ?? 0, 3);
  assert(
    found.low > 2 && found.low < 3 && (found.high ?? 0) > 3 && (found.high ?? 0) < 4.5,
    JSON.stringify(found),
  );
  const other = intervalOf(of(60));
  assert.deepEqual([other.low, other.high], [found.low, found.high]);
});

test('the estimate is not fooled by a ramp over which the base rate drifts (Simpson)', () => {
  // The candidate's share rises with the error rate of both: totals would say 2.6 times worse.
  const found = intervalOf(
    after(
      Array.from({ length: 100 }, (_, index) => {
        const [share, rate] = index < 50 ? [0.1, 0.002] : [0.5, 0.01];
        return pair(10_000 * share, 10_000 * (1 - share), 10_000 * share * rate, 10_000 * (1 - share) * rate);
      }),
    ),
  );
  near(found.estimate ?? 0, 1);
  assert(found.low < 1 && (found.high ?? 0) > 1, JSON.stringify(found));
});

test('before anything happened it is open on both ends', () => {
  assert.deepEqual(intervalOf(after([pair(10, 10, 0, 0)])), { estimate: null, low: 0, high: null });
});
