import { isDeepStrictEqual } from 'node:util';
import { emptyCorpus, type Corpus } from '../../database/prove/corpus.ts';
import { Readings } from '../../database/prove/readings.ts';
import type { StatementStore } from '../../store/statements.ts';
import { Known } from './known.ts';
import { onlyOne, share, type Counting, type Looked } from './sent.ts';

/** New statements are kept at once; that the same were sent again, which only weighs them, now and then. */
const keepMs = 600_000;

export interface MemoryOptions {
  readonly app: string;
  readonly store: StatementStore;
  /** Epoch ms. */
  readonly now: () => number;
}

/** What is known of what an app's versions send: here, and in the store for whoever comes next. */
export class Memory {
  readonly #options: MemoryOptions;
  readonly #known = new Map<string, Known>();
  /** Versions of which more is known than is kept. */
  readonly #unkept = new Set<string>();
  #counting: Counting | null = null;
  #keptAt: number;
  #saving: Promise<unknown> | null = null;
  #gone = false;
  #turn: Promise<unknown> = Promise.resolve();
  readonly readings = new Readings();
  /** Why nothing was seen at the last look, in words; null: something was. */
  lost: string | null = null;

  private constructor(options: MemoryOptions) {
    this.#options = options;
    this.#keptAt = options.now();
  }

  static async read(options: MemoryOptions): Promise<Memory> {
    const memory = new Memory(options);
    for (const [version, kept] of await options.store.read(options.app))
      if (version === '') memory.#counting = kept as Counting;
      else memory.#known.set(version, new Known(kept as Corpus));
    return memory;
  }

  /** One look after the other: each counts from the one before. */
  async inTurn<T>(look: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(look, look);
    this.#turn = turn.catch(() => undefined);
    return await turn;
  }

  /** What a version has sent, as far as that was seen. */
  of(version: string): Corpus {
    const known = this.#known.get(version)?.corpus ?? emptyCorpus;
    return this.lost === null ? known : { ...known, lost: [...known.lost, this.lost] };
  }

  /** How long a version has been seen to be the only one, in ms; 0: it is not. */
  alone(version: string): number {
    const counting = this.#counting;
    if (counting === null || counting.aloneSince === null || onlyOne(counting.running) !== version) return 0;
    return counting.at - counting.aloneSince;
  }

  /** Takes a look in, and keeps what must not be lost. */
  async take(looked: Looked): Promise<void> {
    const before = this.#counting;
    const { counting, sent } = share(before, looked);
    this.#counting = counting;
    let isNew = before === null || !isDeepStrictEqual(before.running, looked.running);
    for (const [version, news] of sent) {
      const known = this.#known.get(version) ?? new Known();
      this.#known.set(version, known);
      this.#unkept.add(version);
      isNew = known.add(news) || isNew;
    }
    if (isNew || this.#options.now() - this.#keptAt > keepMs) await this.keep();
  }

  async keep(): Promise<void> {
    if (this.#counting === null || this.#gone) return;
    const { app, store, now } = this.#options;
    const versions = [...this.#unkept];
    this.#unkept.clear();
    this.#keptAt = now();
    const corpora = versions.map((version) => [version, this.#known.get(version)?.corpus] as const);
    const kept = new Map<string, unknown>([['', this.#counting], ...corpora]);
    const saving = store.save(app, this.#keptAt, kept);
    this.#saving = saving;
    try {
      await saving;
    } catch (error) {
      for (const version of versions) this.#unkept.add(version);
      throw error;
    } finally {
      if (this.#saving === saving) this.#saving = null;
    }
  }

  /** Forgets what nobody can go back to. */
  async keepOnly(versions: ReadonlySet<string>): Promise<void> {
    for (const version of this.#known.keys())
      if (!versions.has(version)) {
        this.#known.delete(version);
        this.#unkept.delete(version);
      }
    await this.#options.store.keepOnly(this.#options.app, versions);
  }

  /** Its app was removed, and with it what the store had: a look that is under way writes nothing of it any more. */
  async forget(): Promise<void> {
    this.#gone = true;
    // One that has ended, too, may have been written after the app was removed.
    await this.#saving?.catch(() => undefined);
    await this.#options.store.forget(this.#options.app);
  }
}
