import type { OwnRouter } from '../../../src/control/drivers.ts';
import type { Counted, Past } from '../../../src/metrics/counted.ts';
import type {
  Confirmed,
  CountRequest,
  DrainReport,
  DrainRequest,
  FlagCounts,
  RouterStatus,
} from '../../../src/router/router.ts';
import type { RoutingTable } from '../../../src/router/table.ts';
import type { Random } from '../random.ts';
import type { Outside } from './faults.ts';
import { as, type Life } from './life.ts';
import { unavailable, type SimulatedRouter } from './router.ts';

/** How long a control plane waits for an answer that does not come. */
const patienceMs = { least: 100, most: 3000 };

export interface LinkParts {
  readonly life: Life;
  readonly router: SimulatedRouter;
  readonly outside: Outside;
  readonly random: Random;
}

/**
 * One control plane's connection to the router. It breaks: then what was asked may have been done or not, and is asked again. As over a socket,
 * what is done for a caller that is gone is given up, where it can be.
 */
export class Link implements OwnRouter {
  readonly #parts: LinkParts;
  /** Another control plane has taken the router over. */
  cut = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  apply(table: RoutingTable): Promise<void> {
    return this.#call(`apply of table ${table.generation}`, (router) => router.apply(table));
  }

  drain(request: DrainRequest, signal: AbortSignal): Promise<DrainReport> {
    const what = `drain of ${request.endpoints.join(' ')}`;
    return this.#call(what, (router, gone) => router.drain(request, AbortSignal.any([signal, gone])));
  }

  status(): Promise<RouterStatus> {
    return this.#call('status', async (router) => router.status());
  }

  confirm(table: RoutingTable): Promise<Confirmed> {
    return this.#call('confirm', async (router) => await router.confirm(table));
  }

  count(request: CountRequest): Promise<Counted & { readonly lost: boolean }> {
    return this.#call('count', async (router) => router.count(request));
  }

  flags(): Promise<FlagCounts> {
    return this.#call('flags', async () => ({ since: 0, counts: [] }));
  }

  past(): Promise<Past> {
    return this.#call('past', async (router) => router.past());
  }

  close(): void {
    this.cut = true;
  }

  async shutdown(): Promise<void> {
    this.close();
  }

  #call<T>(what: string, work: Work<T>): Promise<T> {
    const { life, outside } = this.#parts;
    return outside.act(life, what, () => this.#send(work));
  }

  async #send<T>(work: Work<T>): Promise<T> {
    const { life, outside, random, router } = this.#parts;
    const broken = new AbortController();
    const gone = AbortSignal.any([life.gone.signal, broken.signal]);
    // The world's own work: it does not end with who asked for it.
    const arrive = (): Promise<T> => as(null, async () => await work(router, gone));
    await this.#way();
    if (this.#breaks()) return await this.#waitInVain();
    const arrived = arrive();
    // Broken while it is being done, or when it is.
    if (random.chance(outside.weather.loss)) {
      arrived.catch(() => undefined);
      await this.#waitInVain().finally(() => broken.abort());
    }
    const answer = await arrived;
    if (this.#breaks()) return await this.#waitInVain();
    await this.#way();
    if (!random.chance(outside.weather.twice)) return answer;
    await this.#way();
    return await arrive();
  }

  #breaks(): boolean {
    const { outside, random } = this.#parts;
    const { weather } = outside;
    return this.cut || weather.cut || random.chance(weather.loss);
  }

  async #waitInVain(): Promise<never> {
    const { outside, life } = this.#parts;
    await outside.pause(life, patienceMs.least, patienceMs.most);
    throw unavailable('nothing came back');
  }

  #way(): Promise<void> {
    const { outside, life, random } = this.#parts;
    return random.chance(0.6) ? Promise.resolve() : outside.pause(life, 1, 30);
  }
}

/** @param gone aborted when nobody waits for it any more */
type Work<T> = (router: SimulatedRouter, gone: AbortSignal) => Promise<T>;
