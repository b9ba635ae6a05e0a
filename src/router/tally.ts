/** What is counted of answers, by whose request it was: cheap enough for every request, and sums over workers are sums of numbers. */

/**
 * `live`: went where everyone goes · `candidate`: was sent to a release's candidate · `pinned`: a file for a page from before · `preview`:
 * somebody looked at what is not live · `mirror`: a copy of a request that went to live
 */
const cohorts = ['live', 'candidate', 'pinned', 'preview', 'mirror'] as const;
export type Cohort = (typeof cohorts)[number];

/** The requests of one cohort, in sums: two of them can be added. */
export interface Tally {
  /** Answers of the app by class: 1xx (101 alone) to 5xx. */
  readonly classes: readonly number[];
  /** By seconds to the first byte of the answer: up to each of `secondsBounds`, and above. */
  readonly buckets: readonly number[];
  readonly seconds: number;
}

/** By cohort; one that nobody was of is left out. */
export type Tallies = Readonly<Partial<Record<Cohort, Tally>>>;

/** What people feel as at once, quick, slow and broken; the same as the usual default of Prometheus clients, so that queries carry over. */
export const secondsBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** One that a worker counts in. */
interface Counting {
  readonly classes: number[];
  readonly buckets: number[];
  seconds: number;
}

/** Those of one version that a worker counts in. */
export type CountingAll = Partial<Record<Cohort, Counting>>;

/** @param ms from the decision to the first byte of the answer */
export function tally(all: CountingAll, cohort: Cohort, status: number, ms: number): void {
  const one = (all[cohort] ??= nothing());
  const kind = Math.min(4, Math.max(0, Math.trunc(status / 100) - 1));
  one.classes[kind] = (one.classes[kind] ?? 0) + 1;
  const seconds = ms / 1000;
  let bucket = 0;
  while (bucket < secondsBounds.length && seconds > (secondsBounds[bucket] as number)) bucket++;
  one.buckets[bucket] = (one.buckets[bucket] ?? 0) + 1;
  one.seconds += seconds;
}

const nothing = (): Counting => ({
  classes: [0, 0, 0, 0, 0],
  buckets: Array.from({ length: secondsBounds.length + 1 }, () => 0),
  seconds: 0,
});

/**
 * What became of copies of requests. `answered` · `failed`: refused, reset, or answered with what is no HTTP · `timeout` · not sent at all:
 * `busy`, with too many under way; `too-large`; `no-instance`; `unverified`, since who asks was not known yet
 */
export const copyOutcomes = [
  'answered',
  'failed',
  'timeout',
  'busy',
  'too-large',
  'no-instance',
  'unverified',
] as const;
export type CopyOutcome = (typeof copyOutcomes)[number];
export type CopyCounts = Readonly<Partial<Record<CopyOutcome, number>>>;

/** Neither is changed. */
export function sumCopies(a: CopyCounts = {}, b: CopyCounts = {}): CopyCounts {
  const sum: Partial<Record<CopyOutcome, number>> = { ...a };
  for (const outcome of copyOutcomes) {
    const more = b[outcome];
    if (more !== undefined) sum[outcome] = (sum[outcome] ?? 0) + more;
  }
  return sum;
}

/** Neither is changed. Absent in what a router of an older Teal says. */
export function sumTallies(a: Tallies = {}, b: Tallies = {}): Tallies {
  const sum: Partial<Record<Cohort, Tally>> = { ...a };
  for (const cohort of cohorts) {
    const [mine, more] = [sum[cohort], b[cohort]];
    if (more === undefined) continue;
    sum[cohort] = mine === undefined ? more : added(mine, more);
  }
  return sum;
}

const added = (a: Tally, b: Tally): Tally => ({
  classes: a.classes.map((value, index) => value + (b.classes[index] ?? 0)),
  buckets: a.buckets.map((value, index) => value + (b.buckets[index] ?? 0)),
  seconds: a.seconds + b.seconds,
});
