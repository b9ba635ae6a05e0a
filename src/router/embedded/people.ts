import type { Logger } from 'pino';
import { noCount } from '../../judge/facts.ts';
import { nothingCounted, type Counted, type Past } from '../../metrics/counted.ts';
import { marksOf } from '../../metrics/latencies.ts';
import { ReleaseCount } from '../../metrics/release-count.ts';
import type { CountRequest } from '../router.ts';
import type { RoutingTable } from '../table.ts';
import { termsOf } from './judging.ts';
import { machineTime } from './machine-clock.ts';
import type { ToldOf } from './taps.ts';
import type { Member } from './member.ts';

/** How often workers are asked for what they saw: so much is lost with one that is killed. Also the length of the ledger's turns. */
const askEveryMs = 1000;
/** A worker that does not answer in this time tells later, and what it tells counts then. */
const patienceMs = 2000;

/**
 * Owns everybody's key: what all workers see of a person is counted in one place. Nothing is asked of anybody while no release of the table is judged.
 */
export class PeopleCounts {
  readonly #workers: () => readonly Member[];
  readonly #log: Logger;
  readonly #releases = new Map<string, ReleaseCount>();
  /** Workers that were asked, and have not answered yet. */
  readonly #asked = new Set<Member>();
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  constructor(workers: () => readonly Member[], log: Logger) {
    this.#workers = workers;
    this.#log = log;
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** The table is in force everywhere: from now on people are where it has them. Nobody has to wait for that, a rollback least of all. */
  adopt(table: RoutingTable): void {
    this.#inTurn(async () => {
      const at = await this.#turn();
      const judged = new Set<string>();
      for (const app of table.apps) {
        const terms = termsOf(app, table.generation);
        const release = app.judged?.release;
        if (terms === null || release === undefined) continue;
        judged.add(app.app);
        const known = this.#releases.get(app.app);
        if (known?.release === release) known.change(terms);
        else this.#releases.set(app.app, new ReleaseCount(release, terms, at));
      }
      for (const app of this.#releases.keys()) if (!judged.has(app)) this.#releases.delete(app);
      if (this.#releases.size === 0) this.close();
      else this.#timer ??= setInterval(() => this.#tick(), askEveryMs).unref();
    }).catch((error: unknown) => this.#log.error({ error }, 'people cannot be counted by this table'));
  }

  /** See `Router.count`. */
  count({ app, release, seq }: CountRequest): Promise<Counted & { readonly lost: boolean }> {
    return this.#inTurn(async () => {
      const known = this.#releases.get(app);
      if (known?.release !== release) return { ...nothingCounted(seq), lost: true };
      await this.#turn();
      return known.count(seq);
    });
  }

  /** See `Router.past`. */
  past(app: string): Promise<Past> {
    return this.#inTurn(async () => {
      const known = this.#releases.get(app);
      if (known !== undefined) await this.#turn();
      const all = await Promise.all(
        this.#workers().map(async (worker) => {
          const counts = await heard(worker.call('latencies', { app })).catch(() => undefined);
          return (counts ?? []) as readonly number[];
        }),
      );
      return { ...marksOf(all), before: known?.before ?? noCount };
    });
  }

  #tick(): void {
    this.#inTurn(() => this.#turn()).catch((error: unknown) =>
      this.#log.error({ error }, 'people cannot be counted'),
    );
  }

  /** Asks all workers, and ends the turn as of when they were asked. @returns that moment */
  async #turn(): Promise<number> {
    const at = Math.floor(machineTime(performance.now()));
    if (this.#releases.size === 0) return at;
    const free = this.#workers().filter((worker) => !this.#asked.has(worker));
    await Promise.all(free.map((worker) => heard(this.#ask(worker))));
    for (const release of this.#releases.values()) release.turn(at);
    return at;
  }

  async #ask(worker: Member): Promise<void> {
    this.#asked.add(worker);
    try {
      for (const { app, release, told } of (await worker.call('people', {})) as readonly ToldOf[]) {
        const known = this.#releases.get(app);
        if (known?.release === release) known.hear(told);
        if (told.dropped > 0)
          this.#log.warn({ app, dropped: told.dropped }, 'requests not counted for the judge');
      }
    } catch {
      // It has ended, and with it what it had not told yet.
    } finally {
      this.#asked.delete(worker);
    }
  }

  /** One after the other: a turn belongs to one table and one tick. */
  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => {});
    return result;
  }
}

/** Not for longer than patience lasts: then undefined. */
async function heard<Result>(answer: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patienceMs, undefined);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
