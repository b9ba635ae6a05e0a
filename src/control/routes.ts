import type { Router } from '../router/router.ts';
import type { AppTable } from '../router/table.ts';
import { sleep } from './runner.ts';

export interface RoutesOptions {
  readonly router: Router;
  readonly build: () => readonly AppTable[];
  readonly nextGeneration: () => Promise<number>;
  readonly failed: (error: unknown) => void;
  readonly applied: (generation: number) => void;
}

const retryMs = { first: 50, last: 2000 };

/**
 * Keeps the routers' table equal to what it shall be. Any number of changes while one table is on its way become one
 * next table; whoever waits by `current` gets the number of one that was built after they asked.
 */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #closed = new AbortController();
  #waiters: ((generation: number) => void)[] = [];
  #dirty = false;
  #pumping: Promise<void> | null = null;
  #content: string | null = null;
  #generation = 0;

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  /** Something that the table is made of has changed. */
  refresh(): void {
    if (this.#closed.signal.aborted) return;
    this.#dirty = true;
    this.#pumping ??= this.#pump().finally(() => (this.#pumping = null));
  }

  /** The generation in force everywhere that reflects everything known at the time of this call. */
  current(signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(signal.reason as Error);
      if (signal.aborted) return gone();
      signal.addEventListener('abort', gone, { once: true });
      this.#waiters.push((generation) => {
        signal.removeEventListener('abort', gone);
        resolve(generation);
      });
      this.refresh();
    });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    let wait = retryMs.first;
    while (this.#dirty && !this.#closed.signal.aborted) {
      this.#dirty = false;
      const waiters = this.#waiters;
      this.#waiters = [];
      try {
        await this.#apply(this.#options.build());
        for (const waiter of waiters) waiter(this.#generation);
        wait = retryMs.first;
      } catch (error) {
        this.#options.failed(error);
        this.#waiters.unshift(...waiters);
        this.#dirty = true;
        await sleep(wait, this.#closed.signal);
        wait = Math.min(wait * 2, retryMs.last);
      }
    }
  }

  async #apply(apps: readonly AppTable[]): Promise<void> {
    const content = JSON.stringify(apps);
    if (content === this.#content) return;
    const generation = await this.#options.nextGeneration();
    await this.#options.router.apply({ generation, apps });
    this.#generation = generation;
    this.#content = content;
    this.#options.applied(generation);
  }
}
