import type { Instance } from '../platform/platform.ts';
import type { Colour, Drain } from '../release/state.ts';
import type { Router } from '../router/router.ts';
import type { Routes } from './routes.ts';
import type { Apps } from './apps.ts';

export interface ReleasesOptions {
  readonly router: Router;
  readonly routes: () => Routes;
  readonly apps: () => Apps;
}

/**
 * Lets instances go: takes them out of the table, waits until every router has it, and drains them. Nothing is stopped
 * before that (the old version's processes are never touched before the drain has ended).
 */
export class Releases {
  readonly #options: ReleasesOptions;
  readonly #released = new Set<string>();
  readonly #drains = new Map<string, Drain>();
  readonly #closed = new AbortController();

  constructor(options: ReleasesOptions) {
    this.#options = options;
  }

  /** Instances that get nothing new. */
  get released(): ReadonlySet<string> {
    return this.#released;
  }

  async release(instances: readonly Instance[]): Promise<void> {
    const [first] = instances;
    const web = instances.filter(({ address }) => address !== null);
    for (const { id } of instances) this.#released.add(id);
    if (first === undefined || web.length === 0 || this.#closed.signal.aborted) return;
    const state = this.#options.apps().state(first.app);
    const policy = (state.config ?? state.environments[first.colour]?.spec)?.drain ?? {
      streams: 'drain',
      deadlineMs: 0,
    };
    try {
      await this.#options.routes().current(this.#closed.signal);
      const drain = await this.#options.router.drain(
        { app: first.app, endpoints: web.map(({ id }) => id), ...policy },
        this.#closed.signal,
      );
      this.#add(first.app, first.colour, drain);
    } catch (error) {
      if (!this.#closed.signal.aborted) throw error;
    }
  }

  /** What the drains of this environment have counted since the last call. */
  takeDrain(app: string, colour: Colour): Drain {
    const key = `${app}/${colour}`;
    const drain = this.#drains.get(key) ?? { finished: 0, cut: 0, seconds: 0 };
    this.#drains.delete(key);
    return drain;
  }

  /** Forgets instances that are gone. */
  keepOnly(existing: ReadonlySet<string>): void {
    for (const id of this.#released) if (!existing.has(id)) this.#released.delete(id);
  }

  /** From now on instances are let go without waiting: the router is gone, or going. */
  close(): void {
    this.#closed.abort();
  }

  #add(app: string, colour: Colour, more: Drain): void {
    const key = `${app}/${colour}`;
    const sum = this.#drains.get(key) ?? { finished: 0, cut: 0, seconds: 0 };
    this.#drains.set(key, {
      finished: sum.finished + more.finished,
      cut: sum.cut + more.cut,
      seconds: Math.max(sum.seconds, more.seconds),
    });
  }
}
