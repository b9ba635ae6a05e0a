import { TealError } from '../errors.ts';
import type { Router } from '../router/router.ts';
import type { AppTable, RoutingTable } from '../router/table.ts';
import { endsWithin, pause } from './pause.ts';

/** What the table is made of, app by app. */
export interface Built {
  readonly apps: readonly AppTable[];
  /** Apps whose newest part could not be made: what they have, if anything, is one from before. */
  readonly stale: ReadonlySet<string>;
}

export interface RoutesOptions {
  readonly router: Pick<Router, 'apply' | 'confirm'>;
  /** A part that is the same object as last time is known to be the same. */
  readonly build: () => Built;
  readonly nextGeneration: () => Promise<number>;
  readonly failed: (error: unknown) => void;
  readonly applied: (generation: number) => void;
  /** The router has another table than it was given, or none: it is given the right one. */
  readonly strayed?: (has: number, wanted: number) => void;
  /** How often the router is told that this still is the table, and asked whether it has it. */
  readonly checkMs?: number;
  /** How long a router may take for a table. */
  readonly patienceMs?: number;
}

const retryMs = { first: 50, last: 2000 };
/** A router that lost its table answers 503 for this long at most. It also is the word that keeps exposures in force. */
const defaultCheckMs = 2000;
/** Beyond the time after which a router replaces a worker that does not answer. What takes longer is not coming: it is asked again. */
const defaultPatienceMs = 20_000;

interface Waiter {
  /** Whose part matters; null: everyone's. */
  readonly app: string | null;
  readonly resolve: (generation: number) => void;
  readonly reject: (reason: unknown) => void;
}

/** An app's part as it was built, and as it is in the table. */
interface Known {
  built: AppTable;
  readonly stamped: AppTable;
}

/** What has come of a table. */
interface Put {
  readonly generation: number;
  /** Apps that have not got their newest part. */
  readonly behind: ReadonlySet<string>;
  /** Those of them whose part no router takes, to be tried again. */
  readonly refused: ReadonlySet<string>;
}

/**
 * Keeps the routers' table equal to what it shall be. Any number of changes while one table is on its way become one
 * next table; whoever waits by `current` gets the number of one that was built after they asked.
 *
 * There is one table for all apps, and none of them waits for another: an app whose part cannot be built, or is refused, keeps the one that
 * it had (with the apps of its group, which move together or not at all), while the others' changes go into force.
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
  #table: RoutingTable | null = null;
  /** The parts of the last table that was taken, by app. */
  #known: ReadonlyMap<string, Known> = new Map();
  /** What the table is made of may be gone once this closes: built at that moment, for one last try. */
  #last: Built | null = null;
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

  /**
   * The generation in force everywhere that reflects everything known at the time of this call.
   * @param app nothing but its own part is waited for; everyone's when left out
   */
  async current(signal: AbortSignal, app?: string): Promise<number> {
    signal.throwIfAborted();
    this.#closed.signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const waiter = { app: app ?? null, resolve, reject };
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
      const { generation, same } = await this.#options.router.confirm(asked);
      if (this.#table !== asked || this.#pumping !== null || same) return;
      this.#options.strayed?.(generation, asked.generation);
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
      if (await this.#turn()) {
        wait = retryMs.first;
        continue;
      }
      if (lastTry) break;
      await pause(wait, this.#hurry.signal);
      this.#dirty = true;
      wait = Math.min(wait * 2, retryMs.last);
    }
    // In the same turn as the last look at #dirty: a refresh in between would be lost.
    this.#pumping = null;
  }

  /** One table. @returns whether there is nothing to try again */
  async #turn(): Promise<boolean> {
    const waiters = [...this.#waiters];
    try {
      const put = await this.#apply(this.#last ?? this.#options.build(), waiters.length > 0);
      for (const { app, resolve } of waiters) {
        const waits = app === null ? put.behind.size > 0 : put.behind.has(app);
        if (!waits) resolve(put.generation);
      }
      return put.refused.size === 0;
    } catch (error) {
      this.#options.failed(error);
      return false;
    }
  }

  /** Puts in force what can be: a part that is refused is replaced by the one before, until the rest is taken. */
  async #apply({ apps, stale }: Built, confirm: boolean): Promise<Put> {
    const refused = new Set<string>();
    for (let wanted = apps; ;) {
      try {
        // Where something is tried again and again nobody looks beside it whether the router still has the rest.
        const generation = await this.#put(wanted, confirm || refused.size > 0);
        return { generation, behind: refused.size === 0 ? stale : new Set([...stale, ...refused]), refused };
      } catch (error) {
        const atFault = this.#changedOf(refusedApps(error), wanted);
        if (atFault.size === 0) throw error;
        this.#options.failed(error);
        for (const app of atFault) refused.add(app);
        wanted = wanted.flatMap((part) =>
          atFault.has(part.app) ? (this.#known.get(part.app)?.built ?? []) : part,
        );
      }
    }
  }

  /** Those whose part is not the one that was taken last, and all that are released with them. */
  #changedOf(apps: readonly string[], wanted: readonly AppTable[]): ReadonlySet<string> {
    const changed = wanted.filter((part) => !this.#isKnown(part));
    const named = changed.filter(({ app }) => apps.includes(app));
    const groups = new Set(named.flatMap(({ group }) => group?.name ?? []));
    const together = changed.filter(({ group }) => group != null && groups.has(group.name));
    return new Set([...named, ...together].map(({ app }) => app));
  }

  /** @param confirm somebody relies on it: also a table that has not changed is acknowledged anew */
  async #put(parts: readonly AppTable[], confirm: boolean): Promise<number> {
    const before = this.#table;
    const same =
      before !== null && before.apps.length === parts.length && parts.every((part) => this.#isKnown(part));
    if (same && !confirm) return before.generation;
    const generation = same ? before.generation : await this.#nextGeneration();
    const known = new Map(parts.map((part) => [part.app, this.#stamp(part, generation)] as const));
    const table = same ? before : { generation, apps: [...known.values()].map(({ stamped }) => stamped) };
    this.#table = null;
    try {
      await this.#send(table);
    } catch (error) {
      const newer = refusedBy(error);
      this.#seen = Math.max(this.#seen, newer);
      // As drivers promise, the old one stays.
      if (newer === 0 && isRefused(error)) this.#table = before;
      throw error;
    }
    this.#table = table;
    this.#known = known;
    if (!same) this.#options.applied(generation);
    return generation;
  }

  #isKnown(part: AppTable): boolean {
    const known = this.#known.get(part.app);
    if (known === undefined) return false;
    if (known.built === part) return true;
    if (JSON.stringify(known.built) !== JSON.stringify(part)) return false;
    // Compared once, whatever else changes from now on.
    known.built = part;
    return true;
  }

  #stamp(part: AppTable, since: number): Known {
    const known = this.#known.get(part.app);
    if (known !== undefined && this.#isKnown(part)) return known;
    // Only who counts people has to know which table they came by.
    return { built: part, stamped: part.judged == null ? part : { ...part, since } };
  }

  /** A driver that never answers would hold up everybody for good. */
  async #send(table: RoutingTable): Promise<void> {
    const { router, patienceMs = defaultPatienceMs } = this.#options;
    const taken = router.apply(table);
    if (!(await endsWithin(taken, patienceMs))) throw silent(table.generation, patienceMs);
    await taken;
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

const isRefused = (error: unknown): error is TealError =>
  error instanceof TealError && error.code === 'table-refused';

/** The apps that a refusal is about; none when it does not say. */
function refusedApps(error: unknown): readonly string[] {
  if (!isRefused(error)) return [];
  const { app, apps } = error.details;
  return [...(Array.isArray(apps) ? apps : []), app].filter((name) => typeof name === 'string');
}

const silent = (generation: number, ms: number): TealError =>
  new TealError('router-unavailable', `the router has not taken table ${generation} within ${ms / 1000} s`, {
    remedy: 'it is asked again; see router.log',
    details: { generation },
  });

const letGo = (): TealError =>
  new TealError('control-unavailable', 'Teal is letting go of the router', { remedy: 'teal up' });
