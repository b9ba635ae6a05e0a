/**
 * How much more it takes: a forecast for people, not a promise. Evidence of safety grows in expectation by a fixed amount per exposure as
 * long as the candidate is as good as live; the wait is what is missing, divided by the growth of the bet that gets there first.
 */
import type { Pair } from './facts.ts';
import type { Bets } from './mixture.ts';
import { harmGrid, logEvidence, safetyGrid, type Null } from './rate-ratio.ts';

/** Averages per tick of what has been seen lately. */
export interface Pace {
  readonly candidate: number;
  readonly live: number;
  /** Events per exposed, of live. */
  readonly rate: number;
}

/** Ticks until the bets on safety reach `logTarget` if the candidate is as good as live; Infinity when it never will at this margin. */
export function ticksToSafety(bets: Bets, test: Null, pace: Pace, logTarget: number): number {
  const expected: Pair = {
    candidate: { exposed: pace.candidate, events: pace.candidate * pace.rate },
    live: { exposed: pace.live, events: pace.live * pace.rate },
  };
  let ticks = Infinity;
  safetyGrid.forEach((lambda, index) => {
    const growth = logEvidence(expected, test, lambda);
    // One bet has to make up for the share of the others.
    const missing = logTarget + Math.log(safetyGrid.length) - (bets[index] ?? 0);
    if (growth > 0) ticks = Math.min(ticks, Math.max(0, missing / growth));
  });
  return ticks;
}

/**
 * People with an event, on both sides together, that it takes on average to roll back when the candidate is `ratio` times worse:
 * log(2K/α) / KL(θ1 ‖ θ0), K bets and half of the stake at the start. Wald 1945 for the shape.
 * @param share the candidate's, 0…1 @returns Infinity when the ratio is tolerated
 */
export function eventsToDecide(ratio: number, share: number, margin: number, alpha: number): number {
  if (ratio <= margin || share <= 0 || share >= 1) return Infinity;
  const of = (factor: number): number => (share * factor) / (share * factor + 1 - share);
  const [truth, null0] = [of(ratio), of(margin)];
  const divergence = truth * Math.log(truth / null0) + (1 - truth) * Math.log((1 - truth) / (1 - null0));
  return Math.log((2 * harmGrid.length) / alpha) / divergence;
}
