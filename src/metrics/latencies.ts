/**
 * How long answers took, in buckets that grow by 1/16 of an octave (4.4 %): quantiles to that accuracy from a kilobyte and a half, and those of several
 * workers add up. The idea is of HDR Histogram (Gil Tene) and DDSketch (Masson, Rim & Lee 2019).
 */
import type { Scale } from '../judge/rank.ts';
import { slowMark } from '../judge/settings.ts';
import type { Slow } from '../judge/units.ts';

const perOctave = 16;
/** Everything quicker is one bucket. */
const quickest = 1 / 16;
/** Up to 9.3 hours: more than any answer may take. */
const octaves = 29;
const buckets = octaves * perOctave;

/** Fewer do not have a 99th percentile worth the name. */
const fewest = 200;

export class Latencies {
  readonly #counts = new Uint32Array(buckets);

  add(ms: number): void {
    const index = ms > quickest ? Math.min(buckets - 1, Math.ceil(Math.log2(ms / quickest) * perOctave)) : 0;
    this.#counts[index] = (this.#counts[index] as number) + 1;
  }

  /** Plain, to be added to others. */
  get counts(): readonly number[] {
    return [...this.#counts];
  }
}

/** What can be fixed from the counts of all workers: the upper bounds of the buckets in which percentiles lie, and the marks of what is slow. */
export function marksOf(all: readonly (readonly number[])[]): {
  readonly slow: Slow | null;
  readonly scale: Scale;
} {
  const sums = Array.from({ length: buckets }, (_, index) =>
    all.reduce((sum, each) => sum + (each[index] ?? 0), 0),
  );
  const total = sums.reduce((sum, each) => sum + each, 0);
  if (total < fewest) return { slow: null, scale: [] };
  const scale: number[] = [];
  let below = 0;
  for (let index = 0; index < buckets && scale.length < 99; index++) {
    below += sums[index] ?? 0;
    while (scale.length < 99 && below * 100 >= (scale.length + 1) * total) scale.push(upper(index));
  }
  return { slow: { q95: slowMark(scale[94] as number), q99: slowMark(scale[98] as number) }, scale };
}

/** Rounded, since it goes through tables, events and logs. */
const upper = (index: number): number => Number((quickest * 2 ** (index / perOctave)).toPrecision(4));
