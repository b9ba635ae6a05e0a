/**
 * How many times worse (or better): an interval for the ratio r = candidate's rate / live's that holds at all times at once.
 *
 * For each margin m of a grid two e-processes run, against r ≤ m and against r ≥ m. The interval is what neither refutes. Both are
 * monotone in m, path by path (a larger m makes D larger for λ > 1 and smaller for λ < 1), so what is refuted is one end of the grid.
 * GUARANTEE  If the ratio is constant, P(it is ever outside) ≤ 1 − `confidence`. For people to read: the decision does not use it.
 * SOURCES  Confidence sequences: Darling & Robbins 1967; by inverting tests: Howard et al. 2021. The estimate: Mantel & Haenszel 1959.
 */
import type { Pair } from './facts.ts';
import { bet, logValue, noBets, type Bets } from './mixture.ts';
import { harmGrid, logEvidence, safetyGrid } from './rate-ratio.ts';
import { ruined } from './log.ts';

const confidence = 0.95;
/** Half of the error on either side. */
const logLimit = Math.log(2 / (1 - confidence));

/** 10^-1 … 10^2, ten to a decade: neighbours differ by 26 %, finer than anybody reads a ratio. Literals, since no power is portable. */
export const margins: readonly number[] = [
  0.1, 0.126, 0.158, 0.2, 0.251, 0.316, 0.398, 0.501, 0.631, 0.794, 1, 1.26, 1.58, 2, 2.51, 3.16, 3.98, 5.01,
  6.31, 7.94, 10, 12.6, 15.8, 20, 25.1, 31.6, 39.8, 50.1, 63.1, 79.4, 100,
];

/** Part of the judge's state. */
export interface RatioTests {
  /** For each of `margins`: against "at most so many times". */
  readonly above: readonly Bets[];
  /** Against "at least so many times". */
  readonly below: readonly Bets[];
  /** Mantel–Haenszel sums over batches: X·nB/n and Y·nC/n. */
  readonly candidate: number;
  readonly live: number;
}

/** The ratio, as far as it is known. */
export interface RatioInterval {
  /** Null while live had no events. */
  readonly estimate: number | null;
  /** 0 when nothing is refuted. */
  readonly low: number;
  /** Null when nothing is refuted. */
  readonly high: number | null;
}

export const noTests: RatioTests = {
  above: margins.map(() => noBets(harmGrid.length)),
  below: margins.map(() => noBets(safetyGrid.length)),
  candidate: 0,
  live: 0,
};

/** Adds a tick: one batch per stratum. @param first whether it is the first */
export function observe(tests: RatioTests, batches: readonly Pair[], first: boolean): RatioTests {
  // Most ticks of most metrics: without an event nothing is learnt of a ratio.
  if (!first && batches.every((each) => each.candidate.events + each.live.events === 0)) return tests;
  const stake = first ? 0 : ruined;
  let { candidate, live } = tests;
  for (const pair of batches) {
    const exposed = pair.candidate.exposed + pair.live.exposed;
    if (exposed === 0) continue;
    candidate += (pair.candidate.events * pair.live.exposed) / exposed;
    live += (pair.live.events * pair.candidate.exposed) / exposed;
  }
  const next = (all: readonly Bets[], grid: readonly number[]): readonly Bets[] =>
    margins.map((margin, index) =>
      bet(all[index] ?? noBets(grid.length), evidence(batches, margin, grid), stake),
    );
  return { above: next(tests.above, harmGrid), below: next(tests.below, safetyGrid), candidate, live };
}

function evidence(batches: readonly Pair[], margin: number, grid: readonly number[]): readonly number[] {
  return grid.map((lambda) => {
    let log = 0;
    for (const pair of batches) log += logEvidence(pair, { margin, delta: 0 }, lambda);
    return log;
  });
}

/** What the tests leave. */
export function intervalOf({ above, below, candidate, live }: RatioTests): RatioInterval {
  const refuted = (bets: Bets): boolean => logValue(bets, ruined) >= logLimit;
  const low = margins.findLast((_, index) => refuted(above[index] ?? []));
  const high = margins.find((_, index) => refuted(below[index] ?? []));
  return { estimate: live === 0 ? null : candidate / live, low: low ?? 0, high: high ?? null };
}
