/**
 * Arithmetic on natural logarithms of evidence. Evidence multiplies, so it leaves the range of a double within hours of
 * traffic; its logarithm does not. Only `log`, `exp`, `log1p` are used: V8 has them in portable software (fdlibm), so a
 * log that is replayed gives the same bits on every machine.
 */

/**
 * The logarithm of evidence that has become 0. Finite, where −∞ would become `null` in JSON and NaN in a difference;
 * no sum of real facts can bring it back, since it is 300 orders of magnitude below any of them.
 */
export const ruined = -Number.MAX_VALUE;

/** A sum of logarithms that went below `ruined` is `ruined`. */
export const bounded = (log: number): number => Math.max(log, ruined);

/** log(exp(one) + exp(two)), without overflow. */
export function logAdd(one: number, two: number): number {
  const high = Math.max(one, two);
  return high === ruined ? ruined : high + Math.log1p(Math.exp(Math.min(one, two) - high));
}

/** log Σ exp(logs), without overflow; `ruined` for an empty list. */
export function logSum(logs: readonly number[]): number {
  let high = ruined;
  for (const log of logs) high = Math.max(high, log);
  if (high === ruined) return ruined;
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - high);
  return high + Math.log(sum);
}
