import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evidenceOf } from '../../src/judge/event-metric.ts';
import { logAdd, logSum, ruined } from '../../src/judge/log.ts';
import { bet, capped, logValue, noBets } from '../../src/judge/mixture.ts';
import { harmGrid, safetyGrid } from '../../src/judge/rate-ratio.ts';
import { logReserve, logStake, noStarts, place } from '../../src/judge/starts.ts';
import { expectation, near, pair, successes, vectors } from './support.ts';

const spread = 12;

interface Path {
  readonly batches: readonly (readonly [number, number, number, number])[];
  readonly cfg: {
    readonly margin: number;
    readonly delta: number;
    readonly grid: readonly number[];
    readonly restart: string | null;
  };
  readonly logE: readonly number[];
}

test('the mixture follows the published paths to 1e-12, with and without a second start', () => {
  const { paths } = vectors<{ paths: Path[] }>('rate-ratio');
  assert.equal(paths.length, 13);
  for (const { batches, cfg, logE } of paths) {
    let bets = noBets(cfg.grid.length);
    // In these paths the second start is at the third batch, with a quarter of the half that was held back.
    const stakes = cfg.restart === null ? [1, 0, 0] : [0.5, 0, 0.125];
    let reserve = 1;
    batches.forEach((batch, index) => {
      const stake = stakes[index] ?? 0;
      reserve -= stake;
      bets = bet(bets, evidenceOf([pair(...batch)], cfg, cfg.grid), stake === 0 ? ruined : Math.log(stake));
      near(logValue(bets, reserve === 0 ? ruined : Math.log(reserve)), logE[index] ?? Number.NaN);
    });
  }
});

test('over every path of three batches its expectation is at most 1, though shares follow what was seen', () => {
  const live = 0.2;
  for (const [grid, edge] of [
    [harmGrid, 1.25 * live + 0.01],
    [safetyGrid, 1.25 * live + 0.01],
  ] as const) {
    const walk = (depth: number, bets: readonly number[], seen: number, count: number): number => {
      if (depth === 3) return Math.exp(logValue(bets, logReserve(count, spread)));
      // The more has failed the smaller the candidate's share: the next batch may depend on all earlier ones.
      const nC = seen > 1 ? 1 : 3;
      const stake = depth === 1 ? ruined : logStake(count, spread);
      const staked = depth === 1 ? count : count + 1;
      return expectation(successes(Array(nC).fill(edge)), successes(Array(4).fill(live)), (x, y) => {
        const evidence = evidenceOf([pair(nC, 4, x, y)], { margin: 1.25, delta: 0.01 }, grid);
        return walk(depth + 1, bet(bets, evidence, stake), seen + x, staked);
      });
    };
    const expected = walk(0, noBets(grid.length), 0, 0);
    assert(expected <= 1 + 1e-12 && expected > 0.9, `${expected}`);
  }
});

test('stakes and reserve add up to what there was, for a year of starts', () => {
  let staked = 0;
  for (let count = 0; count < 100_000; count += 1) {
    staked += Math.exp(logStake(count, spread));
    if (count % 1000 === 0) near(staked + Math.exp(logReserve(count + 1, spread)), 1, 1e-10);
  }
  assert.equal(logReserve(0, spread), 0);
});

test('stakes are placed at the first tick, at a new stage, and every so often', () => {
  let starts = noStarts;
  const placed: number[] = [];
  for (let index = 0; index < 100; index += 1) {
    const done = place(
      starts,
      { seconds: 10, newStage: index === 0 || index === 50 },
      { everySeconds: 300, spread },
    );
    if (done.logStake > ruined) placed.push(index);
    starts = done.starts;
  }
  assert.deepEqual(placed, [0, 30, 50, 80]);
  assert.equal(starts.count, 4);
});

test('a regression after a good day is found about as soon as one at once: the day has not eaten up later stakes', () => {
  const until = (goodTicks: number): number => {
    let [bets, starts, bad] = [noBets(harmGrid.length), noStarts, 0];
    for (let index = 0; ; index += 1) {
      const placed = place(starts, { seconds: 10, newStage: index === 0 }, { everySeconds: 300, spread });
      starts = placed.starts;
      const batch = index < goodTicks ? pair(10, 90, index % 10 === 0 ? 1 : 0, 1) : pair(10, 90, 2, 1);
      bets = bet(bets, evidenceOf([batch], { margin: 1.25, delta: 0 }, harmGrid), placed.logStake);
      if (index >= goodTicks) bad += 1;
      if (logValue(bets, logReserve(starts.count, spread)) >= Math.log(100)) return bad;
    }
  };
  const [atOnce, afterADay] = [until(0), until(8640)];
  assert(atOnce <= 6 && afterADay <= 3 * atOnce, `${atOnce} ${afterADay}`);
});

test('a capped bet never holds more than the cap, and is undone by what comes later', () => {
  assert.deepEqual(capped([1, 9, ruined], 5), [1, 5, ruined]);
});

test('sums of logarithms are finite and right for any evidence, none included', () => {
  const log = fc.oneof(fc.double({ min: -1e12, max: 1e12, noNaN: true }), fc.constant(ruined));
  fc.assert(
    fc.property(fc.array(log, { maxLength: 8 }), (logs) => {
      const sum = logSum(logs);
      assert(Number.isFinite(sum) && sum >= Math.max(ruined, ...logs));
      near(sum, logs.reduce(logAdd, ruined), 1e-12);
      const bets = bet(
        logs,
        logs.map(() => ruined),
        ruined,
      );
      assert(
        bets.every((held) => held === ruined),
        'ruin stays ruin, and never becomes infinite',
      );
    }),
  );
});
