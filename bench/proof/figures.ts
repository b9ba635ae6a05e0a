/** Runs as figures, and what they fall short of: pure. */

export interface BadRun {
  /** What became of it: `rolled back` is what is wanted. */
  readonly end: string;
  /** People who got an error of the bad version. */
  readonly harmed: number;
  /** From the first people on it, and from the first error of it, to the decision; null: there was none. */
  readonly exposedSeconds: number | null;
  readonly detectedSeconds: number | null;
  /** Requests that Teal lost. */
  readonly lost: number;
  readonly why: string;
}

export interface GoodRun {
  /** `live` is what is wanted; `rolled back` is the worst. */
  readonly end: string;
  readonly seconds: number;
  /** Errors of the new version and of the one before: both have as few. */
  readonly errors: { readonly candidate: number; readonly live: number };
  readonly lost: number;
  readonly why: string;
}

/** What has to hold. */
const goals = {
  /** Harmed people. */
  median: 10,
  most: 30,
  /** Of 20 healthy releases: one may ask for a sign-off. */
  liveShare: 0.95,
} as const;

export interface Figures {
  readonly bad: readonly BadRun[];
  readonly good: readonly GoodRun[];
}

/** In words; none: all goals are met. */
export function shortOf({ bad, good }: Figures): readonly string[] {
  const rolledBack = bad.filter(({ end }) => end === 'rolled back').length;
  const harmed = bad.map((run) => run.harmed);
  const live = good.filter(({ end }) => end === 'live').length;
  const wrong = good.filter(({ end }) => end === 'rolled back').length;
  const lost = [...bad, ...good].reduce((sum, run) => sum + run.lost, 0);
  const checks: readonly (readonly [boolean, string])[] = [
    [rolledBack === bad.length, `${rolledBack} of ${bad.length} bad versions rolled back`],
    [
      bad.length === 0 || median(harmed) <= goals.median,
      `${median(harmed)} people harmed in the median, not ${goals.median}`,
    ],
    [Math.max(0, ...harmed) <= goals.most, `${Math.max(0, ...harmed)} people harmed, not ${goals.most}`],
    [
      live >= Math.floor(good.length * goals.liveShare),
      `${live} of ${good.length} healthy versions went live`,
    ],
    [wrong === 0, `${wrong} healthy versions rolled back`],
    [lost === 0, `${lost} requests lost`],
  ];
  return checks.filter(([holds]) => !holds).map(([, words]) => words);
}

/** The middle one, or the mean of both; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The last line. */
export function lineOf(figures: Figures, minutes: number): Readonly<Record<string, unknown>> {
  const { bad, good } = figures;
  const harmed = bad.map((run) => run.harmed);
  const times = bad.flatMap(({ exposedSeconds }) => (exposedSeconds === null ? [] : [exposedSeconds]));
  const short = shortOf(figures);
  return {
    good: short.length === 0,
    bad: {
      runs: bad.length,
      rolledBack: bad.filter(({ end }) => end === 'rolled back').length,
      harmedMedian: rounded(median(harmed)),
      harmedMost: harmed.length === 0 ? null : Math.max(...harmed),
      secondsMedian: rounded(median(times)),
    },
    healthy: {
      runs: good.length,
      live: good.filter(({ end }) => end === 'live').length,
      asked: good.filter(({ end }) => end === 'asked').length,
      rolledBack: good.filter(({ end }) => end === 'rolled back').length,
      secondsMedian: rounded(median(good.filter(({ end }) => end === 'live').map(({ seconds }) => seconds))),
    },
    lost: [...bad, ...good].reduce((sum, run) => sum + run.lost, 0),
    minutes: rounded(minutes),
    short,
  };
}

/** JSON has no NaN. */
const rounded = (value: number): number | null => (Number.isNaN(value) ? null : Math.round(value * 10) / 10);

export function tableOf({ bad, good }: Figures): string {
  const seconds = (value: number | null): string => (value === null ? '–' : value.toFixed(1)).padStart(9);
  const count = (value: number): string => String(value).padStart(9);
  return [
    'bad         end          harmed  exposed s  error s     lost',
    ...bad.map(
      (run, index) =>
        `${`${index + 1}`.padEnd(12)}${run.end.padEnd(12)}${count(run.harmed).slice(2)}${seconds(run.exposedSeconds).padStart(11)}${seconds(run.detectedSeconds)}${count(run.lost)}  ${run.why}`,
    ),
    '',
    'healthy     end         seconds   errors  on live     lost',
    ...good.map(
      (run, index) =>
        `${`${index + 1}`.padEnd(12)}${run.end.padEnd(10)}${seconds(run.seconds)}${count(run.errors.candidate)}${count(run.errors.live)}${count(run.lost)}  ${run.why}`,
    ),
  ].join('\n');
}
