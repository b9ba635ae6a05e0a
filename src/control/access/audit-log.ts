import { setImmediate as turnOfOthers } from 'node:timers/promises';
import type { Logger } from 'pino';
import { TealError } from '../../errors.ts';
import type { Store, StoredEvent } from '../../store/store.ts';
import type { AuditEntry, AuditReport } from '../contract-access.ts';
import { beginning, hashOfEntry } from './audit-entry.ts';
import { Verifying, type Sound } from './audit-verify.ts';

/** No app can be called so. */
const auditStream = '@audit';
const type = 'audited';
const mostTries = 5;
/**
 * Of one reading while all of it is looked at: some 7 ms of hashing, in which nobody else is answered. With less, whoever waits for the end of a long
 * log waits for more turns of a busy Teal than for their own work.
 */
const page = 500;

/** What is known of something that was asked; number, chain and losses are added. */
export type Noted = Omit<AuditEntry, 'number' | 'previous' | 'hash' | 'lost'>;

/**
 * Who asked for what, in the order in which it was answered; each entry has the hash of the one before. It is appended before the
 * answer is given. Where it cannot be (a full disk) what was asked is done all the same, a rollback above all, and the next
 * entry says how many are missing.
 */
export class AuditLog {
  readonly #store: Store;
  readonly #log: Logger;
  #number = 0;
  #head = beginning;
  #lost = 0;
  #queue: Promise<unknown> = Promise.resolve();
  /** How far it was looked at since Teal was started. */
  #sound: Sound | null = null;

  private constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** @throws TealError `store-unreadable` */
  static async open(store: Store, log: Logger): Promise<AuditLog> {
    const audit = new AuditLog(store, log);
    await audit.#readHead();
    return audit;
  }

  /** Resolves when it is on disk, or cannot be. */
  add(noted: Noted): Promise<void> {
    return this.#alone(() => this.#append(noted)).catch((error: unknown) => {
      this.#lost++;
      this.#log.error({ error, actor: noted.actor, what: noted.what }, 'the audit log could not be written');
    });
  }

  /** Newest first. */
  async recent(query: { readonly limit: number; readonly before?: number }): Promise<readonly AuditEntry[]> {
    const end = Math.min(query.before ?? Infinity, this.#number + 1);
    const first = Math.max(0, end - 1 - query.limit);
    const found = await this.#store.read(auditStream, first, query.limit);
    return found
      .map(entryOf)
      .filter(({ number }) => number < end)
      .toReversed();
  }

  /**
   * All after a number, oldest first; no more of it in memory than a page.
   * @throws the signal's reason: whoever keeps it must not take the half for the whole
   */
  async *export(after: number, signal: AbortSignal): AsyncGenerator<AuditEntry> {
    for await (const events of this.#pages(after, signal)) {
      for (const event of events) {
        signal.throwIfAborted();
        yield entryOf(event);
      }
    }
  }

  /**
   * Computes every hash again, as far as it has been written by now. Entries are added meanwhile.
   * @param expected a hash that was noted elsewhere: it has to be in the chain, which a chain made anew would not have
   * @throws the signal's reason
   */
  async verify(expected: string | null, signal: AbortSignal): Promise<AuditReport> {
    const verifying = new Verifying(expected);
    const report = await this.#walk(verifying, () => undefined, signal);
    // Where something is wrong, whoever goes on later finds it again.
    if ((verifying.sound?.number ?? 0) < (this.#sound?.number ?? 0)) this.#sound = verifying.sound;
    return report;
  }

  /** The same of what has been written since this was last asked for: a log of years is not looked at each time. */
  async verifyOn(signal: AbortSignal): Promise<AuditReport> {
    const verifying = new Verifying(null, this.#sound);
    const remember = (): void => {
      const { sound } = verifying;
      if (sound !== null && sound.number > (this.#sound?.number ?? 0)) this.#sound = sound;
    };
    return await this.#walk(verifying, remember, signal);
  }

  async close(): Promise<void> {
    await this.#queue;
  }

  async #walk(verifying: Verifying, looked: () => void, signal: AbortSignal): Promise<AuditReport> {
    const { number, whole } = await this.#alone(() => this.#end());
    if (verifying.last < number) {
      for await (const events of this.#pages(verifying.last, signal)) {
        // What is added meanwhile is not waited for: somebody may be adding for ever.
        for (const event of events) if (event.version <= number) verifying.look(event);
        looked();
        if (verifying.last >= number) break;
      }
    }
    return verifying.report(whole && verifying.last === number);
  }

  /** SQLite answers at once: between two pages it is the turn of everybody else. */
  async *#pages(after: number, signal: AbortSignal): AsyncGenerator<readonly StoredEvent[]> {
    for (let last = after; ; await turnOfOthers()) {
      signal.throwIfAborted();
      const events = await this.#store.read(auditStream, last, page);
      yield events;
      if (events.length < page) return;
      last = events.at(-1)?.version ?? last;
    }
  }

  async #append(noted: Noted): Promise<void> {
    for (let tries = 1; ; tries++) {
      const plain = { ...noted, number: this.#number + 1, lost: this.#lost, previous: this.#head };
      // As it will be read: what JSON does not carry is in no hash.
      const carried = JSON.parse(JSON.stringify(plain)) as Omit<AuditEntry, 'hash'>;
      const entry: AuditEntry = { ...carried, hash: hashOfEntry(carried) };
      try {
        const event = { at: entry.at, actor: entry.actor, reason: null, type, data: entry };
        await this.#store.append(auditStream, this.#number, [event]);
        this.#number = entry.number;
        this.#head = entry.hash;
        this.#lost = 0;
        return;
      } catch (error) {
        if (!(error instanceof TealError) || error.code !== 'store-conflict' || tries >= mostTries)
          throw error;
        await this.#readHead();
      }
    }
  }

  async #readHead(): Promise<void> {
    const [newest] = await this.#store.recent({ stream: auditStream, limit: 1 });
    this.#number = newest?.version ?? 0;
    this.#head = newest === undefined ? beginning : entryOf(newest).hash;
  }

  /** Its newest entry, and whether the stream ends with that: its version outlives rows that somebody takes away. */
  async #end(): Promise<{ readonly number: number; readonly whole: boolean }> {
    const [newest] = await this.#store.recent({ stream: auditStream, limit: 1 });
    const number = newest?.version ?? 0;
    try {
      await this.#store.append(auditStream, number, []);
      return { number, whole: true };
    } catch (error) {
      if (error instanceof TealError && error.code === 'store-conflict') return { number, whole: false };
      throw error;
    }
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work, work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

const entryOf = ({ data }: StoredEvent): AuditEntry => data as AuditEntry;
