/**
 * Growth of something that is sampled over time, by the estimator of Theil and Sen: the median of the slopes of all
 * pairs of samples (H. Theil 1950; P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968).
 * Up to 29 % of the samples may be anything without moving it far, so that one hiccup of a machine is no leak, while
 * a least-squares line would follow it. Pure.
 */

export interface Point {
  /** Milliseconds. */
  readonly at: number;
  readonly value: number;
}

/** Per millisecond. `low` and `high` hold the slope in 95 of 100 runs, as far as samples are independent. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** Of the normal distribution, for 95 %. */
const z = 1.96;

/** @returns null for fewer than three samples, which say nothing of a trend */
export function theilSen(points: readonly Point[]): Slope | null {
  if (points.length < 3) return null;
  const slopes: number[] = [];
  for (const [index, one] of points.entries()) {
    for (const other of points.slice(index + 1)) {
      if (other.at !== one.at) slopes.push((other.value - one.value) / (other.at - one.at));
    }
  }
  const sorted = Float64Array.from(slopes).sort();
  const n = points.length;
  // The variance of Kendall's S under no trend gives the ranks of the interval (Sen 1968, §3).
  const width = z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const at = (rank: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))] ?? Number.NaN;
  return {
    slope: median(sorted),
    low: at((sorted.length - width) / 2),
    high: at((sorted.length + width) / 2),
  };
}

/** @param values at least one */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
