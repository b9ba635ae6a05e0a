/** When to start again what has ended unasked, and when to call it a crash loop. Pure. */

/** One unasked end. */
export interface Crash {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** For how long it had been healthy; null: never. */
  readonly healthyMs: number | null;
}

// The first three of an app that ends at once take less than a second, so a bad deploy is told quickly.
const firstDelayMs = 100;
const longestDelayMs = 30_000;
/** Healthy for this long, and what came before is forgiven. */
const forgivenAfterMs = 60_000;
const neverHealthy = { exits: 3, withinMs: 60_000 };
const everHealthy = { exits: 5, withinMs: 300_000 };

/** The crashes that still count: a long healthy time wipes out those before it. */
export function sinceForgiven(crashes: readonly Crash[]): readonly Crash[] {
  const last = crashes.findLastIndex((crash) => (crash.healthyMs ?? 0) >= forgivenAfterMs);
  return crashes.slice(Math.max(last, 0));
}

/** How long to wait before the next start, after the last crash. */
export function restartDelay(crashes: readonly Crash[]): number {
  const before = Math.max(sinceForgiven(crashes).length - 1, 0);
  return Math.min(firstDelayMs * 2 ** before, longestDelayMs);
}

/** Whether it ends again and again: 3 times within a minute without having been healthy, or 5 times within 5 minutes. */
export function isCrashLoop(crashes: readonly Crash[], now: number): boolean {
  const counted = sinceForgiven(crashes);
  const within = (ms: number): readonly Crash[] => counted.filter((crash) => now - crash.at <= ms);
  const last = counted.findLastIndex((crash) => crash.healthyMs !== null);
  const unhealthy = counted.slice(last + 1).filter((crash) => now - crash.at <= neverHealthy.withinMs);
  return unhealthy.length >= neverHealthy.exits || within(everHealthy.withinMs).length >= everHealthy.exits;
}
