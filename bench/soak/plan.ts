/** How long what takes, for a run of so many minutes: pure. */

export interface Plan {
  readonly minutes: number;
  /** Long enough for growth to be told from warming up: judged. */
  readonly full: boolean;
  /** The run is cut into as many parts of this length, with a look at the quiet router after each. */
  readonly parts: number;
  readonly partMs: number;
  /** Between two looks at the router under load. */
  readonly sampleMs: number;
  /** Between two releases. */
  readonly releaseMs: number;
  /** At each look in quiet. */
  readonly quietSamples: number;
}

/** Code is compiled, pools and caches fill: below this nothing can be said of growth. */
const leastFullMinutes = 9;
/** Enough for a slope: the pairs grow with its square. */
const samples = 90;

export function planOf(minutes: number): Plan {
  const ms = minutes * 60_000;
  const full = minutes >= leastFullMinutes;
  return {
    minutes,
    full,
    parts: 3,
    partMs: ms / 3,
    sampleMs: Math.max(1_000, ms / samples),
    releaseMs: full ? 2_000 : 500,
    quietSamples: full ? 5 : 2,
  };
}
