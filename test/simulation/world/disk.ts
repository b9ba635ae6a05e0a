import type { EvidenceStore } from '../../../src/store/evidence.ts';
import { translated } from '../../../src/store/failures.ts';
import type { Batch, NewEvent, Snapshot, Store, StoredEvent } from '../../../src/store/store.ts';
import type { Random } from '../random.ts';
import type { Outside } from './faults.ts';
import { never, type Life } from './life.ts';

/** SQLITE_FULL (sqlite.org/rescode.html), as node:sqlite throws it. */
const full = (): Error => Object.assign(new Error('database or disk is full'), { errcode: 13 });
/** SQLITE_IOERR: of a commit it says nothing about whether it is on disk. */
const broken = (): Error => Object.assign(new Error('disk I/O error'), { errcode: 10 });

export interface DiskOptions {
  readonly store: Store;
  readonly life: Life;
  readonly outside: Outside;
  readonly random: Random;
  /** Told of what is on disk from now on, before its writer is. */
  readonly written: (events: readonly StoredEvent[], life: Life) => void;
}

/**
 * The shipped event log on a disk that is slow, full, or the last thing its process sees. Kept is what a transaction has committed,
 * whether or not anybody lived to hear of it.
 */
export class Disk implements Store {
  readonly #options: DiskOptions;
  readonly evidence: EvidenceStore;
  readonly requests: Store['requests'];
  readonly statements: Store['statements'];
  /** By stream: the last event that its process has read, or written. */
  readonly readTo = new Map<string, number>();

  constructor(options: DiskOptions) {
    this.#options = options;
    const { evidence, requests, statements } = options.store;
    this.statements = {
      read: (app) => this.#read(() => statements.read(app)),
      save: (app, at, kept) => this.#write('save of statements', () => statements.save(app, at, kept)),
      keepOnly: (app, versions) =>
        this.#write('pruning of statements', () => statements.keepOnly(app, versions)),
      apps: () => this.#read(() => statements.apps()),
      forget: (app) => this.#write('removal of statements', () => statements.forget(app)),
    };
    this.requests = {
      claim: (request) => this.#write('note of a request', () => requests.claim(request)),
      finish: (id, given) => this.#write('answer of a request', () => requests.finish(id, given)),
      prune: (now) => this.#write('pruning of requests', () => requests.prune(now)),
    };
    this.evidence = {
      save: (tick) => this.#write('save of evidence', () => evidence.save(tick)),
      keepNewest: (app, releases) =>
        this.#write('pruning of evidence', () => evidence.keepNewest(app, releases)),
      memory: (app, release) => this.#read(() => evidence.memory(app, release)),
      ticks: (app, release, after) => this.#read(() => evidence.ticks(app, release, after)),
      releases: (app) => this.#read(() => evidence.releases(app)),
    };
  }

  async append(
    stream: string,
    expected: number,
    events: readonly NewEvent[],
  ): Promise<readonly StoredEvent[]> {
    const [stored = []] = await this.appendAll([{ stream, expected, events }]);
    return stored;
  }

  appendAll(batches: readonly Batch[]): Promise<readonly (readonly StoredEvent[])[]> {
    const { store, written, life, outside, random } = this.#options;
    const what = `append of ${batches.map(({ events }) => events.map(({ type }) => type).join('+')).join(', ')}`;
    return this.#write(what, async () => {
      const stored = await store.appendAll(batches);
      written(stored.flat(), life);
      for (const { stream, version } of stored.flat()) this.readTo.set(stream, version);
      if (random.chance(outside.weather.doubt)) throw translated(broken(), 'teal.db');
      return stored;
    });
  }

  async read(stream: string, after?: number): Promise<readonly StoredEvent[]> {
    const read = await this.#read(() => this.#options.store.read(stream, after));
    this.readTo.set(stream, read.at(-1)?.version ?? after ?? 0);
    return read;
  }

  recent(options: Parameters<Store['recent']>[0]): Promise<readonly StoredEvent[]> {
    return this.#read(() => this.#options.store.recent(options));
  }

  since(options: Parameters<Store['since']>[0]): Promise<readonly StoredEvent[]> {
    return this.#read(() => this.#options.store.since(options));
  }

  pruned(): Promise<number> {
    return this.#read(() => this.#options.store.pruned());
  }

  probe(): Promise<void> {
    return this.#write('probe', () => this.#options.store.probe());
  }

  streams(): Promise<readonly string[]> {
    return this.#read(() => this.#options.store.streams());
  }

  snapshot(stream: string): Promise<Snapshot | null> {
    return this.#read(() => this.#options.store.snapshot(stream));
  }

  saveSnapshot(stream: string, snapshot: Snapshot): Promise<void> {
    return this.#write('snapshot', () => this.#options.store.saveSnapshot(stream, snapshot));
  }

  prune(before: number): Promise<number> {
    return this.#write('pruning', () => this.#options.store.prune(before));
  }

  nextGeneration(): Promise<number> {
    return this.#write('next generation', () => this.#options.store.nextGeneration());
  }

  /** Nothing is decided by it, and random bytes would make two runs of a seed differ. */
  secret(name: string): Promise<string> {
    return this.#read(async () => Buffer.from(`secret ${name}`.padEnd(32)).toString('base64url'));
  }

  async close(): Promise<void> {
    await this.#options.store.close();
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    const { life } = this.#options;
    if (!life.alive) return never();
    const result = await work();
    return life.alive ? result : never();
  }

  async #write<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { outside, life, random } = this.#options;
    const slow = outside.weather.slowDisk || random.chance(0.2);
    const before = slow && random.chance(0.5);
    if (before) await this.#wait();
    const result = await outside.act(life, what, () => {
      if (outside.weather.diskFull) throw translated(full(), 'teal.db');
      return work();
    });
    if (slow && !before) await this.#wait();
    return result;
  }

  #wait(): Promise<void> {
    const { outside, life } = this.#options;
    return outside.pause(life, 1, outside.weather.slowDisk ? 2000 : 20);
  }
}
