/**
 * Does the router send as many people to the candidate as it was told? If not, who is compared is not who was chosen at random, and no
 * other number here means anything.
 *
 * Under the null each new person goes to arm i with the known probability θ_i. The alternative is any other probability, with a Dirichlet
 * prior of strength k around θ:
 *
 *   log E = Σ_i [log Γ(kθ_i + c_i) − log Γ(kθ_i) − c_i log θ_i] − log Γ(k + n) + log Γ(k)
 *
 * GUARANTEE  A martingale from 1 under the null: ever E ≥ 1/α with probability at most α. When the share changes a new urn is begun, and
 * the evidence of the old one stays as a factor.
 * SOURCE  Lindon & Malek 2022 (sample ratio mismatch; multinomial counts). The two-sided beta-binomial mixture of Howard et al. 2021 is
 * the case of two arms.
 */
import type { Arrivals } from './facts.ts';
import { bounded } from './log.ts';
import { logRising } from './rising.ts';

/** As if so many people had been seen to follow θ: finds a share that is off by a tenth within some thousands. */
const priorStrength = 100;

/** Evidence of counts against known probabilities. @param prior k·θ_i, or any other positive weights; @param expected θ_i */
export function logUrn(
  counts: readonly number[],
  prior: readonly number[],
  expected: readonly number[],
): number {
  let [log, people, strength] = [0, 0, 0];
  counts.forEach((count, arm) => {
    const weight = prior[arm] ?? 0;
    if (count > 0) log += logRising(weight, count) - count * Math.log(expected[arm] ?? 0);
    people += count;
    strength += weight;
  });
  return bounded(log - logRising(strength, people));
}

/** Part of the judge's state, one per stratum. */
export interface SampleRatio {
  /** Evidence of all urns so far. */
  readonly log: number;
  /** The urn in use. */
  readonly share: number;
  readonly candidate: number;
  readonly live: number;
}

export const noSample: SampleRatio = { log: 0, share: 0, candidate: 0, live: 0 };

/** Adds a tick's new people. Those who came at a share of 0 or 1 say nothing. */
export function count(sample: SampleRatio, fresh: readonly Arrivals[]): SampleRatio {
  return fresh.reduce(draw, sample);
}

function draw(sample: SampleRatio, { share, candidate, live }: Arrivals): SampleRatio {
  if (share <= 0 || share >= 1) return sample;
  const urn = sample.share === share ? sample : { ...sample, share, candidate: 0, live: 0 };
  // The part of the urn that is new: its prior is what was in it before. Differences of whole urns would lose it to rounding.
  const prior = [priorStrength * share + urn.candidate, priorStrength * (1 - share) + urn.live];
  const added = logUrn([candidate, live], prior, [share, 1 - share]);
  return {
    log: bounded(urn.log + added),
    share,
    candidate: urn.candidate + candidate,
    live: urn.live + live,
  };
}
