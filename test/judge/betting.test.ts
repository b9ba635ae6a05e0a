import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstCentre, logEvidence, recentre, scoreLevels, stakes } from '../../src/judge/betting.ts';
import type { Scores } from '../../src/judge/facts.ts';
import { ruined } from '../../src/judge/log.ts';
import { bet, logValue, noBets } from '../../src/judge/mixture.ts';
import { levelOf, rank, scaleOf } from '../../src/judge/rank.ts';
import { tolerated } from '../../src/judge/settings.ts';
import { near, vectors } from './support.ts';

/** Levels of people on the two sides as counts. */
function cell(share: number, candidate: readonly number[], live: readonly number[]): Scores {
  const counts = (levels: readonly number[]): number[] =>
    Array.from({ length: scoreLevels + 1 }, (_, level) => levels.filter((each) => each === level).length);
  return { share, candidate: counts(candidate), live: counts(live) };
}

test('the score test follows the published path to 1e-12', () => {
  const { rho, data, logE, fracs } = vectors<{
    rho: number;
    data: [number, number][];
    logE: number[];
    fracs: number[];
  }>('score-betting');
  assert.deepEqual(stakes, fracs);
  let [bets, centre] = [noBets(stakes.length), firstCentre];
  data.forEach(([onCandidate, score], index) => {
    const levels = [levelOf(score)];
    const cells = [cell(rho, onCandidate === 1 ? levels : [], onCandidate === 1 ? [] : levels)];
    bets = bet(bets, logEvidence(cells, centre), index === 0 ? 0 : ruined);
    centre = recentre(centre, cells);
    near(logValue(bets, ruined), logE[index] ?? Number.NaN);
  });
});

test('its expectation is exactly 1 when scores do not depend on the side, over every way to deal people', () => {
  const levels = fc.array(fc.nat(scoreLevels), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      levels,
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      fc.nat(1000),
      (people, share, past) => {
        const centre = { sum: 5 + past * 0.31, count: 10 + past };
        stakes.forEach((_, index) => {
          let expected = 0;
          for (let deal = 0; deal < 2 ** people.length; deal += 1) {
            const on = people.filter((_level, bit) => (deal >> bit) % 2 === 1);
            const off = people.filter((_level, bit) => (deal >> bit) % 2 === 0);
            const chance = share ** on.length * (1 - share) ** off.length;
            expected += chance * Math.exp(logEvidence([cell(share, on, off)], centre)[index] ?? 0);
          }
          near(expected, 1, 1e-9);
        });
      },
    ),
    { numRuns: 60 },
  );
});

test('a candidate that scores lower has an expectation below 1', () => {
  const share = 0.1;
  for (const [index] of stakes.entries()) {
    const worth = (level: number, on: boolean): number =>
      Math.exp(logEvidence([cell(share, on ? [level] : [], on ? [] : [level])], firstCentre)[index] ?? 0);
    // Live scores 5 or 15 evenly, the candidate 4 or 14.
    const expected =
      share * 0.5 * (worth(4, true) + worth(14, true)) +
      (1 - share) * 0.5 * (worth(5, false) + worth(15, false));
    assert(expected < 1, `${expected}`);
  }
});

test('counts of several workers, in any order, give the evidence of all people together', () => {
  const one = cell(0.2, [3, 4], [10]);
  const two = cell(0.2, [20], [0, 0, 7]);
  const whole = logEvidence([cell(0.2, [3, 4, 20], [10, 0, 0, 7])], firstCentre);
  logEvidence([two, one], firstCentre).forEach((log, index) => near(log, whole[index] ?? Number.NaN));
});

test('it is finite for a thousand million people at the ends of the scale, and silent when all are on one side', () => {
  const many = {
    share: 1e-5,
    candidate: cell(0, [], []).candidate.map(() => 1e9),
    live: cell(0, [], []).live.map(() => 1e9),
  };
  for (const centre of [firstCentre, { sum: 1e-9, count: 1e9 }, { sum: 1e9, count: 1e9 + 1 }])
    assert(logEvidence([many], centre).every(Number.isFinite));
  assert(
    logEvidence(
      [
        { ...many, share: 0 },
        { ...many, share: 1 },
      ],
      firstCentre,
    ).every((log) => log === 0),
  );
});

test('a rank is the share of the past that was quicker, and grows with the latency', () => {
  const scale = scaleOf(Array.from({ length: 1000 }, (_, index) => 1000 - index));
  assert.equal(scale.length, 99);
  near(rank(scale, 500), 0.5, 0.02);
  assert.deepEqual([rank(scale, 0), rank(scale, 5000), rank([], 7)], [0, 1, 0.5]);
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (one, two) => {
      assert(rank(scale, Math.min(one, two)) <= rank(scale, Math.max(one, two)));
    }),
  );
  // What is within the tolerance ranks as if nothing had changed.
  for (const latency of [20, 333, 999])
    assert(rank(scale, tolerated(latency * 1.0999 + 1.99)) <= rank(scale, latency));
  // A cold process is no slow version: 0.3 ms that became 2.
  assert.equal(rank(scaleOf(Array.from({ length: 100 }, () => 0.3)), tolerated(2)), 0);
  // The unit of the measurement is nothing to it.
  near(
    rank(
      scale.map((mark) => mark / 1000),
      0.3,
    ),
    rank(scale, 300),
  );
});
