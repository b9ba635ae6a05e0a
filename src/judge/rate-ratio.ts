/**
 * The e-value of one batch about the ratio of two event rates: the core of the judge.
 *
 * In a batch nC and nB are exposed on candidate and live, X and Y have the event. With a margin m ≥ 0 (a factor) and δ ≥ 0 (events
 * per exposed), the null says that the candidate's mean rate is p_C ≤ m·p_B + δ (λ > 1: evidence of harm), or p_C ≥ m·p_B + δ (λ < 1:
 * evidence of safety). Rates may be anything and change from batch to batch. With θ = nC·m / (nC·m + nB) and D = 1 + θ(λ − 1):
 *
 *   log e = X·log(λ/D) + Y·log(1/D) − nC·δ·(λ/D − 1)
 *
 * GUARANTEE  E[e | past] ≤ 1 under the null, for independent Bernoulli events with any probabilities, and for Poisson counts. So
 * the running product exceeds 1/α with probability at most α, however often one looks (Ville 1939).
 * PROOF  With a = λ/D, b = 1/D: E[a^X b^Y] = Π(1 + p_i(a−1))·Π(1 + q_j(b−1)) ≤ exp((a−1)Σp_i + (b−1)Σq_j). For a > 1 use
 * Σp_i ≤ nC(m·q + δ), for a < 1 the reverse, q being the mean of the q_j: the exponent is at most
 * q(nC·m + nB)(θ(a−1) + (1−θ)(b−1)) + nC·δ(a−1), and θa + (1−θ)b = 1.
 * When only the random assignment is trusted (m = 1): given X + Y, X is hypergeometric and the e-value convex in it, so drawing without
 * replacement is covered too (Hoeffding 1963, theorem 4).
 * SOURCES  One event at a time this is the safe log-rank test (Grünwald, Ly, Pérez-Ortiz, ter Schure 2020); counts of events alone:
 * Lindon & Malek 2022; testing by betting: Shafer 2021; Ramdas, Grünwald, Vovk, Shafer 2023.
 */
import type { Pair } from './facts.ts';
import { bounded, ruined } from './log.ts';

/** A null hypothesis about two rates: candidate ≤ margin × live + delta (for harm), or ≥ (for safety). */
export interface Null {
  /** Factor, ≥ 0. With 0 the live side does not matter: an absolute limit `delta`, tested on one sample. */
  readonly margin: number;
  /** Events per unit of exposure, ≥ 0. */
  readonly delta: number;
}

/** Natural logarithm of the e-value of one batch. 0 (no evidence) when a side that the null needs had no exposure. */
export function logEvidence({ candidate, live }: Pair, { margin, delta }: Null, lambda: number): number {
  const { exposed, events } = candidate;
  if (exposed === 0 || (margin > 0 && live.exposed === 0)) return 0;
  if (events === 0 && live.events === 0 && delta === 0) return 0;
  const weighed = exposed * margin;
  const whole = weighed + live.exposed;
  const theta = margin === 0 ? 0 : weighed / whole;
  const rest = margin === 0 ? 1 : live.exposed / whole;
  const shift = theta * (lambda - 1);
  // 1 + shift would lose the live side's part to rounding where it is tiny and λ small.
  const plain = shift > -0.5;
  const d = plain ? 1 + shift : theta * lambda + rest;
  const logD = plain ? Math.log1p(shift) : Math.log(d);
  // θa + (1 − θ)b = 1 makes a − 1 = (λ − 1)(1 − θ)/D, which does not cancel near a = 1; log λ − log D would.
  const aMinus1 = ((lambda - 1) * rest) / d;
  // λ = 0 says "never": one event refutes it for good.
  if (lambda === 0 && events > 0) return ruined;
  const ofCandidate = events === 0 ? 0 : events * Math.log1p(aMinus1);
  const ofLive = margin === 0 ? 0 : live.events * logD;
  return bounded(ofCandidate - ofLive - exposed * delta * aMinus1);
}

/** How much worse or better the candidate may be: bets spread over the range in which it matters to people. */
export const harmGrid: readonly number[] = [1.25, 1.6, 2.2, 3.5, 6, 12, 30];
/** 0 bets on "never happens": the quickest way on for a version without errors. */
export const safetyGrid: readonly number[] = [0, 0.25, 0.5, 0.7, 0.85];
