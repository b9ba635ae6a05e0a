import { TealError } from '../errors.ts';
import type { Router } from '../router/router.ts';
import type { AppTable, RoutingTable } from '../router/table.ts';
import { pause } from './pause.ts';

export interface RoutesOptions {
  readonly router: Pick<Router, 'apply' | 'confirm'>;
  readonly build: () => readonly AppTable[];
  readonly nextGeneration: () => Promise<number>;
  readonly failed: (error: unknown) => void;
  readonly applied: (generation: number) => void;
  /** The router has another table than it was given, or none: it is given the right one. */
  readonly strayed?: (has: number, wanted: number) => void;
  /** How often the router is told that this still is the table, and asked whether it has it. */
  readonly checkMs?: number;
}

const retryMs = { first: 50, last: 2000 };
/** A router that lost its table answers 503 for this long at most. It also is the word that keeps exposures in force. */
const defaultCheckMs = 2000;

interface Waiter {
  readonly resolve: (generation: number) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Keeps the routers' table equal to what it shall be. Any number of changes while one table is on its way become one
 * next table; whoever waits by `current` gets the number of one that was built after they asked.
 */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #closed = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #open = false;
  #dirty = false;
  #pumping: Promise<void> | null = null;
  /** Ends the pause before the next try: what has changed meanwhile need not wait for it. */
  #hurry = new AbortController();
  /** In force, as far as is known; null: nothing yet, or the router has something else. */
  #table: { readonly table: RoutingTable; readonly content: string } | null = null;
  /** What the table is made of may be gone once this closes: built at that moment, for one last try. */
  #last: readonly AppTable[] | null = null;
  /** Some router has been seen with this generation: only a higher one is taken. */
  #seen = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  /** Until now nothing was built: the router serves its last table until what it is made of is known again. */
  open(): void {
    this.#open = true;
    this.#timer = setInterval(() => void this.check(), this.#options.checkMs ?? defaultCheckMs);
    this.#timer.unref();
    this.refresh();
  }

  /** Something that the table is made of has changed. */
  refresh(): void {
    if (!this.#open || this.#closed.signal.aborted) return;
    this.#dirty = true;
    this.#hurry.abort();
    this.#pumping ??= this.#pump();
  }

  /** The generation in force everywhere that reflects everything known at the time of this call. */
  async current(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    this.#closed.signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const waiter = { resolve, reject };
    const gone = (): void => reject(signal.reason);
    signal.addEventListener('abort', gone, { once: true });
    this.#waiters.add(waiter);
    this.refresh();
    try {
      return await promise;
    } finally {
      this.#waiters.delete(waiter);
      signal.removeEventListener('abort', gone);
    }
  }

  /** Tells the router that this still is the table, and gives it again to one that was replaced or has lost it. */
  async check(): Promise<void> {
    const asked = this.#table;
    if (asked === null || this.#pumping !== null) return;
    try {
      const { generation, same } = await this.#options.router.confirm(asked.table);
      if (this.#table !== asked || this.#pumping !== null || same) return;
      this.#options.strayed?.(generation, asked.table.generation);
      this.#seen = Math.max(this.#seen, generation);
      this.#table = null;
      this.refresh();
    } catch {
      // It does not answer: asked again at the next turn. Whoever needs it is told by `apply`.
    }
  }

  /**
   * Whoever waits is told so. What was decided before still reaches the router, if it takes it at the first try: Teal
   * has said yes to it, and the router goes on by its last table for as long as Teal is away. Resolves after that.
   */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#pumping !== null && this.#last === null) {
      this.#last = this.#options.build();
      this.#dirty = true;
    }
    this.#closed.abort(letGo());
    this.#hurry.abort();
    for (const waiter of this.#waiters) waiter.reject(this.#closed.signal.reason);
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    let wait = retryMs.first;
    while (this.#dirty) {
      this.#dirty = false;
      const { aborted: lastTry } = this.#closed.signal;
      this.#hurry = new AbortController();
      const waiters = [...this.#waiters];
      try {
        const generation = await this.#apply(this.#last ?? this.#options.build(), waiters.length > 0);
        for (const waiter of waiters) waiter.resolve(generation);
        wait = retryMs.first;
      } catch (error) {
        this.#options.failed(error);
        if (lastTry) break;
        await pause(wait, this.#hurry.signal);
        this.#dirty = true;
        wait = Math.min(wait * 2, retryMs.last);
      }
    }
    // In the same turn as the last look at #dirty: a refresh in between would be lost.
    this.#pumping = null;
  }

  /** @param confirm somebody relies on it: also a table that has not changed is acknowledged anew */
  async #apply(apps: readonly AppTable[], confirm: boolean): Promise<number> {
    const content = JSON.stringify(apps);
    const same = this.#table?.content === content ? this.#table.table : null;
    if (same !== null && !confirm) return same.generation;
    const table = same ?? { generation: await this.#nextGeneration(), apps };
    this.#table = null;
    try {
      await this.#options.router.apply(table);
    } catch (error) {
      this.#seen = Math.max(this.#seen, refusedBy(error));
      throw error;
    }
    this.#table = { table, content };
    if (same === null) this.#options.applied(table.generation);
    return table.generation;
  }

  /** Above all that a router was seen with: the counter is behind after the event log was put back from a copy. */
  async #nextGeneration(): Promise<number> {
    for (;;) {
      const generation = await this.#options.nextGeneration();
      if (generation > this.#seen) return generation;
    }
  }
}

/** The generation of the router that refused a table as too old; 0 for every other failure. */
function refusedBy(error: unknown): number {
  const current = error instanceof TealError && error.code === 'table-refused' && error.details['current'];
  return typeof current === 'number' ? current : 0;
}

const letGo = (): TealError =>
  new TealError('control-unavailable', 'Teal is letting go of the router', { remedy: 'teal up' });
