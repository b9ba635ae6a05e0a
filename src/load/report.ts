import type { FailureKind, Outcome, Samples } from './samples.ts';

/** Milliseconds from the scheduled time to the end, of answered requests; null when there were none. */
interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The requests that were scheduled between two marks. */
interface LoadWindow {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly latency: Latency | null;
}

export interface LoadReport {
  readonly url: string;
  /** As asked for. */
  readonly rps: number;
  readonly achievedRps: number;
  readonly connections: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly durationMs: number;
  /** Every request that was due: always `answered + failed`. */
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  /** The first problem of each kind, in words. */
  readonly problems: Readonly<Partial<Record<FailureKind, string>>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly versions: Readonly<Record<string, number>>;
  readonly latency: Latency | null;
  readonly windows: readonly LoadWindow[];
  readonly samples: Samples;
}

/** A point in time with a name: the window of that name begins. */
export interface Mark {
  readonly name: string;
  readonly at: number;
}

export interface Run {
  readonly url: string;
  readonly rps: number;
  readonly connections: number;
  readonly startedAt: number;
  /** When the clock of the load stopped: what came after is only the rest of the answers. */
  readonly stoppedAt: number;
  readonly endedAt: number;
  readonly marks: readonly Mark[];
  readonly problems: Readonly<Partial<Record<FailureKind, string>>>;
}

/** Counts and exact percentiles over all samples of a run. */
export function summarise(run: Run, samples: Samples): LoadReport {
  const all = new Tally();
  const windows = run.marks.map((mark) => ({ ...mark, tally: new Tally() }));
  const statuses: Record<string, number> = {};
  const versions: Record<string, number> = {};
  for (const sample of samples) {
    const window = windows.findLast((candidate) => candidate.at <= sample.scheduledAt);
    for (const tally of [all, window?.tally]) tally?.add(sample.outcome, sample.endedAt - sample.scheduledAt);
    if (sample.status > 0) statuses[sample.status] = (statuses[sample.status] ?? 0) + 1;
    if (sample.version !== null) versions[sample.version] = (versions[sample.version] ?? 0) + 1;
  }
  const seconds = (run.stoppedAt - run.startedAt) / 1000;
  return {
    url: run.url,
    rps: run.rps,
    achievedRps: seconds > 0 ? all.sent / seconds : 0,
    connections: run.connections,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    durationMs: run.endedAt - run.startedAt,
    sent: all.sent,
    answered: all.answered,
    failed: all.sent - all.answered,
    failures: all.failures,
    problems: run.problems,
    statuses,
    versions,
    latency: all.latency(),
    windows: windows.map(({ name, at, tally }, index) => ({
      name,
      from: at,
      to: windows[index + 1]?.at ?? run.stoppedAt,
      sent: tally.sent,
      answered: tally.answered,
      failed: tally.sent - tally.answered,
      latency: tally.latency(),
    })),
    samples,
  };
}

class Tally {
  sent = 0;
  answered = 0;
  readonly failures: Partial<Record<FailureKind, number>> = {};
  readonly #latencies: number[] = [];

  add(outcome: Outcome, latency: number): void {
    this.sent += 1;
    if (outcome === 'answered') {
      this.answered += 1;
      this.#latencies.push(latency);
    } else this.failures[outcome] = (this.failures[outcome] ?? 0) + 1;
  }

  latency(): Latency | null {
    if (this.#latencies.length === 0) return null;
    const sorted = Float64Array.from(this.#latencies).sort();
    return { p50: percentile(sorted, 50), p99: percentile(sorted, 99), max: percentile(sorted, 100) };
  }
}

/** Nearest rank: the smallest value that at least `percent` of all are not above. */
export function percentile(sorted: Float64Array, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}
