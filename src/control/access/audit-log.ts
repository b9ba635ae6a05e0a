import type { Logger } from 'pino';
import { TealError } from '../../errors.ts';
import type { Store, StoredEvent } from '../../store/store.ts';
import type { AuditEntry, AuditReport } from '../contract-access.ts';
import { beginning, hashOfEntry } from './audit-entry.ts';
import { Verifying } from './audit-verify.ts';

/** No app can be called so. */
const auditStream = '@audit';
const type = 'audited';
const mostTries = 5;
/** Of one reading of the store while all of it is looked at. */
const page = 1000;

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
    const found = await this.#store.read(auditStream, first);
    return found
      .map(entryOf)
      .filter(({ number }) => number < end)
      .toReversed()
      .slice(0, query.limit);
  }

  /** All after a number, oldest first; no more of it in memory than a page. */
  async *export(after: number, signal: AbortSignal): AsyncGenerator<AuditEntry> {
    for (let last = 0; ;) {
      const events = await this.#store.since({ stream: auditStream, after: last, limit: page });
      for (const entry of events.map(entryOf)) {
        if (signal.aborted) return;
        if (entry.number > after) yield entry;
      }
      last = events.at(-1)?.seq ?? last;
      if (events.length < page) return;
    }
  }

  /**
   * Computes every hash again.
   * @param expected a hash that was noted elsewhere: it has to be in the chain, which a chain made anew would not have
   */
  verify(expected: string | null): Promise<AuditReport> {
    return this.#alone(async () => {
      const verifying = new Verifying(expected);
      for (let before: number | undefined; ;) {
        const events = await this.#store.recent({
          stream: auditStream,
          limit: page,
          ...(before === undefined ? {} : { before }),
        });
        for (const event of events) verifying.look(event);
        before = events.at(-1)?.seq;
        if (events.length < page) break;
      }
      return verifying.report(await this.#endsAt(verifying.newest));
    });
  }

  async close(): Promise<void> {
    await this.#queue;
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

  /** Whether the stream ends with this entry: its version outlives rows that somebody takes away. */
  async #endsAt(newest: number): Promise<boolean> {
    try {
      await this.#store.append(auditStream, newest, []);
      return true;
    } catch (error) {
      if (error instanceof TealError && error.code === 'store-conflict') return false;
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
