/**
 * The e-value of people's scores in [0, 1] (latency ranks, say), high being bad: is the candidate's mean higher than live's?
 *
 * A person is on the candidate (Z = 1) with the known probability ρ, and scores S. With a centre c that is fixed before
 * the batch (the mean of all earlier scores), and a stake κ = f·κmax, κmax = min(1/((1/ρ−1)c), 1/(1−c)), f < 1:
 *
 *   e = 1 + κ·(Z/ρ − 1)·(S − c)
 *
 * GUARANTEE  E[e | past] = 1 + κ(1−ρ)(mean of S on candidate − mean on live) ≤ 1 when the candidate's mean is not higher. Each person
 * counts once per release, so the people of a batch are independent given the past, and their e-values multiply.
 * SOURCES  Two-sample tests by betting: Shekhar & Ramdas 2023; stakes for bounded means: Waudby-Smith & Ramdas 2024. The product over a
 * batch depends on how many scored what on which side, not on the order: so counts suffice, and several workers add up exactly.
 */
import type { Scores } from './facts.ts';
import { bounded } from './log.ts';

/** Fractions of the largest stake that cannot go broke. */
export const stakes: readonly number[] = [0.05, 0.1, 0.2, 0.4, 0.8];

/** Scores are kept as one of 21 levels, 0, 1/20, …, 1: rounding is a map fixed beforehand, which the guarantee allows. */
export const scoreLevels = 20;

/** The mean of earlier scores. */
export interface Centre {
  readonly sum: number;
  readonly count: number;
}

/** As if ten people had scored ½: the first real ones shall not decide alone. */
export const firstCentre: Centre = { sum: 5, count: 10 };

/** Log e-value of a batch, for each of `stakes`. */
export function logEvidence(cells: readonly Scores[], centre: Centre): readonly number[] {
  const middle = centre.sum / centre.count;
  return stakes.map((fraction) => {
    let log = 0;
    for (const cell of cells) log += ofCell(cell, middle, fraction);
    return bounded(log);
  });
}

function ofCell({ share, candidate, live }: Scores, centre: number, fraction: number): number {
  // Everybody on one side: nothing is compared.
  if (share <= 0 || share >= 1) return 0;
  const odds = 1 / share - 1;
  const stake = fraction * Math.min(1 / (odds * centre), 1 / (1 - centre));
  let log = 0;
  for (let level = 0; level <= scoreLevels; level += 1) {
    const away = level / scoreLevels - centre;
    const [onCandidate = 0, onLive = 0] = [candidate[level], live[level]];
    if (onCandidate > 0) log += onCandidate * Math.log1p(stake * odds * away);
    if (onLive > 0) log += onLive * Math.log1p(-stake * away);
  }
  return log;
}

/** The centre for the next batch. Both sides count, so that it does not tell them apart. */
export function recentre({ sum, count }: Centre, cells: readonly Scores[]): Centre {
  let [more, people] = [0, 0];
  for (const { candidate, live } of cells) {
    for (let level = 0; level <= scoreLevels; level += 1) {
      const here = (candidate[level] ?? 0) + (live[level] ?? 0);
      people += here;
      more += here * (level / scoreLevels);
    }
  }
  return { sum: sum + more, count: count + people };
}
