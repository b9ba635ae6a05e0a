import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { logMean, logNamed, type Weighed } from '../../src/judge/combine.ts';
import { eventsToDecide, ticksToSafety } from '../../src/judge/planning.ts';
import { noBets } from '../../src/judge/mixture.ts';
import { safetyGrid } from '../../src/judge/rate-ratio.ts';
import { near } from './support.ts';

const weighed = fc
  .array(
    fc.record({
      weight: fc.double({ min: 0.01, max: 1, noNaN: true }),
      log: fc.double({ min: -50, max: 50, noNaN: true }),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .map((all) => {
    const sum = all.reduce((total, { weight }) => total + weight, 0);
    return all.map(({ weight, log }) => ({ weight: weight / sum, log }));
  });

const meanOf = (group: readonly Weighed[]): number =>
  logMean(group) - Math.log(group.reduce((sum, { weight }) => sum + weight, 0));

test('the mean is never weaker than Bonferroni: one metric with w·E ≥ 1/α is enough', () => {
  fc.assert(
    fc.property(weighed, (all) => {
      for (const { weight, log } of all) assert(logMean(all) >= Math.log(weight) + log - 1e-9);
      assert(logMean(all) <= Math.max(...all.map(({ log }) => log)) + 1e-9);
    }),
  );
});

test('a metric is named by the closed test: the smallest mean over every group it is in', () => {
  fc.assert(
    fc.property(weighed, (all) => {
      all.forEach((_, index) => {
        let smallest = Infinity;
        for (let group = 0; group < 2 ** all.length; group += 1) {
          const members = all.filter((_each, bit) => (group >> bit) % 2 === 1);
          if ((group >> index) % 2 === 1) smallest = Math.min(smallest, meanOf(members));
        }
        near(logNamed(all, index), smallest, 1e-9);
      });
    }),
  );
});

test('a metric without weight has no say and is never named', () => {
  assert.equal(
    logMean([
      { weight: 0, log: 1000 },
      { weight: 1, log: 1 },
    ]),
    1,
  );
  assert.equal(logNamed([{ weight: 0, log: 1000 }], 0), 0);
});

test('the forecast of failing people fits what is known: about 14 on the candidate for four times worse', () => {
  const share = 0.01;
  const events = eventsToDecide(4.2, share, 1.25, 0.01);
  const onCandidate = (events * share * 4.2) / (share * 4.2 + 1 - share);
  assert(onCandidate > 11 && onCandidate < 17, `${onCandidate}`);
  assert.equal(eventsToDecide(1.2, share, 1.25, 0.01), Infinity, 'tolerated: never');
  assert(eventsToDecide(10, share, 1.25, 0.01) < eventsToDecide(2, share, 1.25, 0.01));
});

test('the forecast of the way to safety is right when nothing happens: the rule of three with the price of five bets', () => {
  const bets = noBets(safetyGrid.length).map(() => 0);
  const ticks = ticksToSafety(
    bets,
    { margin: 2, delta: 0.01 },
    { candidate: 10, live: 90, rate: 0 },
    Math.log(20),
  );
  near(ticks, Math.log(20 * safetyGrid.length) / (10 * 0.01));
  assert.equal(
    ticksToSafety(bets, { margin: 1, delta: 0 }, { candidate: 10, live: 90, rate: 0.1 }, 3),
    Infinity,
  );
});
