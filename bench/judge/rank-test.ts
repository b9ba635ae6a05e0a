/**
 * The Mann–Whitney test with a confidence interval of the shift, decided as Kayenta's judge documents it: a metric is "high" when the interval
 * (98 %) lies above a quarter of the estimated shift and the mean has grown. Written anew from the formula of the normal approximation with
 * correction for ties and continuity (Hollander & Wolfe, Nonparametric Statistical Methods). Roots are found by bisection to 1e-9 of the range: kinder
 * than an absolute tolerance, which makes the answer depend on the unit.
 */
const z = 2.3263478740408408;
const tolerance = 0.25;

/** How far the ranks of `candidate − shift` among `live` are from even, in standard deviations; falls with the shift. */
function distance(
  candidate: readonly number[],
  live: readonly number[],
  shift: number,
  continuity: number,
): number {
  const [nx, ny] = [candidate.length, live.length];
  const moved = candidate.map((value) => value - shift);
  let wins = 0;
  for (const one of moved) for (const other of live) wins += one > other ? 1 : one === other ? 0.5 : 0;
  const counts = new Map<number, number>();
  for (const value of [...moved, ...live]) counts.set(value, (counts.get(value) ?? 0) + 1);
  let ties = 0;
  for (const count of counts.values()) ties += count ** 3 - count;
  const all = nx + ny;
  const deviation = Math.sqrt(((nx * ny) / 12) * (all + 1 - ties / (all * (all - 1))));
  const away = wins - (nx * ny) / 2;
  return deviation === 0 ? Math.sign(away) * Infinity : (away - continuity) / deviation;
}

/** The shift at which `distance` passes `level`. */
function root(candidate: readonly number[], live: readonly number[], level: number): number {
  let low = Math.min(...candidate) - Math.max(...live) - 1e-9;
  let high = Math.max(...candidate) - Math.min(...live) + 1e-9;
  const enough = (high - low) * 1e-9;
  const continuity = 0.5 * Math.sign(level);
  while (high - low > enough) {
    const middle = (low + high) / 2;
    if (distance(candidate, live, middle, continuity) > level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Lower end of the interval and the estimate (Hodges & Lehmann 1963) of the shift. */
const shiftOf = (
  candidate: readonly number[],
  live: readonly number[],
): { low: number; estimate: number } => ({
  low: root(candidate, live, z),
  estimate: root(candidate, live, 0),
});

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Whether the metric is classified as higher on the candidate. */
export function isHigh(candidate: readonly number[], live: readonly number[]): boolean {
  if (new Set([...candidate, ...live]).size === 1) return false;
  const sorted = (values: readonly number[]): string => values.toSorted((one, two) => one - two).join();
  if (sorted(candidate) === sorted(live)) return false;
  const { low, estimate } = shiftOf(candidate, live);
  const ratio = mean(candidate) / mean(live);
  return low > tolerance * Math.abs(estimate) && (Number.isNaN(ratio) || mean(live) === 0 || ratio >= 1);
}
