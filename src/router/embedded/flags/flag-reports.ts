import type { FlagCount } from '../../router.ts';
import { sumFlags } from './tally.ts';

/** The last report of every worker, so that sums never go back; what one had counted that has ended stays counted. */
export class FlagReports<Worker> {
  readonly #last = new Map<Worker, readonly FlagCount[]>();
  #ended: readonly FlagCount[] = [];

  /** @param heard null for a worker that did not answer */
  take(heard: ReadonlyMap<Worker, readonly FlagCount[] | null>): readonly FlagCount[] {
    for (const [worker, counts] of this.#last) {
      if (heard.has(worker)) continue;
      this.#last.delete(worker);
      this.#ended = sumFlags([...this.#ended, ...counts]);
    }
    for (const [worker, counts] of heard) if (counts !== null) this.#last.set(worker, counts);
    return sumFlags([...this.#ended, ...[...this.#last.values()].flat()]);
  }
}
