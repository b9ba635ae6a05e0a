/**
 * One decision from several metrics.
 *
 * To roll back: the weighted mean of their evidence. It is an e-process however the metrics depend on each other, and is never
 * weaker than Bonferroni's correction (w·E ≥ 1/α makes the mean ≥ 1/α). Vovk & Wang 2021, proposition 3.1.
 * To go on: every one of them has to show safety. No correction is needed, since the error is to believe in all at once when one is
 * false (intersection–union test, Berger 1982).
 * To name the metric: the closed test of weighted means. P(any innocent metric is ever named) ≤ α. Vovk & Wang 2021, section 5.
 */
import { logSum } from './log.ts';

export interface Weighed {
  /** Adds up to 1 over all that are combined. */
  readonly weight: number;
  /** log E. */
  readonly log: number;
}

/** log Σ w·E. */
export const logMean = (all: readonly Weighed[]): number =>
  logSum(all.filter(({ weight }) => weight > 0).map(({ weight, log }) => Math.log(weight) + log));

/**
 * log of the evidence against one metric that is left after the closed test: the smallest weighted mean over all groups it belongs to.
 * The smallest is found by adding the others from the weakest up, as long as they pull the mean down.
 */
export function logNamed(all: readonly Weighed[], index: number): number {
  const own = all[index];
  if (own === undefined || own.weight <= 0) return 0;
  let group: readonly Weighed[] = [own];
  let mean = own.log;
  for (const each of all.filter((_, at) => at !== index).toSorted((one, two) => one.log - two.log)) {
    if (each.weight <= 0) continue;
    if (each.log >= mean) break;
    group = [...group, each];
    mean = logMean(group) - Math.log(group.reduce((sum, { weight }) => sum + weight, 0));
  }
  return mean;
}
