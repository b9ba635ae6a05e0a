/**
 * An e-process from many bets at once: over parameters (how much worse?) and over start times (since when?).
 *
 *   R_k ← (R_k + w_t)·e_t(k)        E_t = mean over k of R_k + weight not yet started
 *
 * GUARANTEE  If each e_t(k) has expectation ≤ 1 given the past and the weights w_t ≥ 0 sum to at most 1 and are fixed before the batch,
 * E_t is a nonnegative supermartingale from E_0 = 1. Costs against the best bet in hindsight: log of the number of bets, plus log of one
 * over the weight of its start.
 * SOURCES  Mixtures: Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon 2021. Start times: the weighted Shiryaev–Roberts mixture kept below 1
 * (Shin, Ramdas, Rinaldo 2022 on e-detectors).
 */
import { bounded, logAdd, logSum, ruined } from './log.ts';

/** log R_k for each bet. */
export type Bets = readonly number[];

/** Before the first batch: nothing is staked yet. */
export const noBets = (count: number): Bets => Array.from({ length: count }, () => ruined);

/** Stakes exp(logStart) anew on every bet (`ruined`: none), then multiplies each by the evidence of one batch. */
export function bet(bets: Bets, logEvidence: readonly number[], logStart: number): Bets {
  return bets.map((held, index) => bounded(logAdd(held, logStart) + (logEvidence[index] ?? 0)));
}

/** log E_t. `logReserve`: logarithm of the weight that has not been started, `ruined` when there is none. */
export function logValue(bets: Bets, logReserve: number): number {
  return logAdd(logSum(bets) - Math.log(bets.length), logReserve);
}

/**
 * Takes away what a bet holds above `logCap`. Still a supermartingale, and what happens later can undo it: without, an hour of good
 * behaviour would outweigh the ten bad minutes after it.
 */
export const capped = (bets: Bets, logCap: number): Bets => bets.map((held) => Math.min(held, logCap));
