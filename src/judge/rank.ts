/**
 * From measurements to scores: where a latency lies among those of the past, 0 quickest, 1 slowest. The scale is fixed before the release,
 * so any is valid; the past's own quantiles make a score even out at ½, and let neither seconds nor outliers set the weight.
 * A person's score is the mean over the requests of the first 30 s; see betting.ts for what is done with it.
 */
import { scoreLevels } from './betting.ts';

/** Sorted values that divide the past into equal parts. */
export type Scale = readonly number[];

/** 99 marks: the percentiles. */
const marks = 99;

/** The percentiles of past measurements. @param past any order, any unit; empty gives a scale on which all are alike */
export function scaleOf(past: readonly number[]): Scale {
  if (past.length === 0) return [];
  const sorted = Float64Array.from(past).sort();
  return Array.from({ length: marks }, (_, index) => {
    const at = Math.ceil(((index + 1) / (marks + 1)) * sorted.length) - 1;
    return sorted[Math.max(0, at)] ?? 0;
  });
}

/** How much of the past a measurement exceeds, 0…1. On the candidate give it divided by the tolerated factor, e.g. 1.1. */
export function rank(scale: Scale, value: number): number {
  if (scale.length === 0) return 0.5;
  let [low, high] = [0, scale.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((scale[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low / scale.length;
}

/** Index into the counts of `Scores`. @param score 0…1 */
export const levelOf = (score: number): number => Math.round(Math.min(1, Math.max(0, score)) * scoreLevels);
