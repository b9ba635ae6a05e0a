import type { EnvironmentCounts } from '../router.ts';
import type { WorkerStatus } from './options.ts';
import { sumEnvironments } from './worker-status.ts';

/**
 * The last report of every worker, so that sums never go back: one that does not answer at the moment counts with what
 * it said last, and what one had counted that has ended since stays counted.
 */
export class Reports<Worker> {
  readonly #last = new Map<Worker, WorkerStatus>();
  #ended: readonly EnvironmentCounts[] = [];
  #endedDropped = 0;

  /** @param heard null for a worker that did not answer @returns one report for each worker that ever gave one */
  take(heard: ReadonlyMap<Worker, WorkerStatus | null>): readonly WorkerStatus[] {
    for (const [worker, report] of this.#last) {
      if (heard.has(worker)) continue;
      this.#last.delete(worker);
      this.#endedDropped += report.linesDropped;
      const ended = report.environments.map((counts) => ({ ...counts, inFlight: 0, waiting: 0 }));
      this.#ended = sumEnvironments([...this.#ended, ...ended]);
    }
    for (const [worker, report] of heard) if (report !== null) this.#last.set(worker, report);
    return [...this.#last.values()];
  }

  /** What one that is about to end says last. */
  hear(worker: Worker, report: WorkerStatus): void {
    this.#last.set(worker, report);
  }

  /** Of the access log. */
  get linesDropped(): number {
    return [...this.#last.values()].reduce((sum, { linesDropped }) => sum + linesDropped, this.#endedDropped);
  }

  /** The same of some apps. @param living what the workers have just said of these apps */
  countsOf(apps: readonly string[], living: readonly WorkerStatus[]): readonly EnvironmentCounts[] {
    const now = sumEnvironments(living.flatMap(({ environments }) => environments));
    const known = new Set(now.map(keyOf));
    const ended = this.#ended.filter((counts) => apps.includes(counts.app) && known.has(keyOf(counts)));
    return sumEnvironments([...now, ...ended]);
  }

  /** Of all workers there ever were. */
  everything(): readonly EnvironmentCounts[] {
    return sumEnvironments([
      ...[...this.#last.values()].flatMap(({ environments }) => environments),
      ...this.#ended,
    ]);
  }

  /** Of all workers there ever were; of versions that one of those that are still knows. */
  counts(): readonly EnvironmentCounts[] {
    const living = sumEnvironments([...this.#last.values()].flatMap(({ environments }) => environments));
    const known = new Set(living.map(keyOf));
    this.#ended = this.#ended.filter((counts) => known.has(keyOf(counts)));
    return sumEnvironments([...living, ...this.#ended]);
  }
}

function keyOf({ app, colour, version }: EnvironmentCounts): string {
  return JSON.stringify([app, colour, version]);
}
