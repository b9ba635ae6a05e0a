import { randomBytes } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { linked, noHash, sealed, type Link } from './chain.ts';
import { conflict, translated, unreadable } from './failures.ts';
import { markOf, prepareFile } from './file.ts';
import { linkOf, writeHashes } from './hashes.ts';
import { Mark } from './mark.ts';
import type { EvidenceStore } from './evidence.ts';
import type { RequestStore } from './requests.ts';
import { SqliteEvidence, type Access } from './sqlite-evidence.ts';
import { SqliteRequests } from './sqlite-requests.ts';
import { SqliteStatements } from './sqlite-statements.ts';
import * as sql from './sql.ts';
import type { Batch, NewEvent, Snapshot, Store, StoredEvent } from './store.ts';

/** Generations are reserved in blocks, so that a new routing table (a rollback!) seldom waits for the disk. */
const block = 1000;

type Statements = Readonly<Record<keyof typeof sql.statements, StatementSync>>;

/**
 * The event log in one SQLite file (WAL). The interface is asynchronous although SQLite is not: PostgreSQL, for more
 * than one control plane, will stand behind the same one.
 */
export class SqliteStore implements Store {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #mark: Mark;
  readonly evidence: EvidenceStore;
  readonly requests: RequestStore;
  readonly statements: SqliteStatements;
  #generation = 0;
  #reserved = 0;

  private constructor(file: string, database: DatabaseSync) {
    this.#file = file;
    this.#database = database;
    // Prepared once: an append lies on the way of a rollback.
    const prepared = Object.entries(sql.statements).map(([name, text]) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(prepared) as Statements;
    const access: Access = {
      write: (work) => this.#write(work),
      guard: (work) => this.#guard(work),
      parsed: (text) => this.#parsed(text),
    };
    this.evidence = new SqliteEvidence(database, access);
    this.requests = new SqliteRequests(database, access);
    this.statements = new SqliteStatements(database, access);
    this.#mark = new Mark(markOf(file));
    this.#mark.raise(Number(database.prepare(sql.checks.lastSeq).get()?.['seq'] ?? 0));
  }

  /**
   * Opens the event log, creating it (0600) at the first start, after checking all of it.
   * @param options.maxPages a test's way to a full disk
   * @throws TealError `store-unreadable`, `store-newer`, `disk-full`
   */
  static async open(file: string, options: { readonly maxPages?: number } = {}): Promise<SqliteStore> {
    prepareFile(file);
    let database: DatabaseSync | null = null;
    try {
      database = new DatabaseSync(file);
      database.exec(sql.connection);
      if (options.maxPages !== undefined) database.exec(sql.limitPages(options.maxPages));
      upgrade(database);
      return new SqliteStore(file, database);
    } catch (error) {
      database?.close();
      throw translated(error, file);
    }
  }

  async append(
    stream: string,
    expected: number,
    events: readonly NewEvent[],
  ): Promise<readonly StoredEvent[]> {
    const [stored = []] = await this.appendAll([{ stream, expected, events }]);
    return stored;
  }

  async appendAll(batches: readonly Batch[]): Promise<readonly (readonly StoredEvent[])[]> {
    const stored = this.#write(() => batches.map((batch) => this.#appendOne(batch)));
    this.#mark.raise(Math.max(0, ...stored.map((events) => events.at(-1)?.seq ?? 0)));
    return stored;
  }

  async read(stream: string, after = 0, limit = -1): Promise<readonly StoredEvent[]> {
    return this.#guard(() => {
      const pruned = Number(this.#statements.stream.get(stream)?.['pruned'] ?? 0);
      // A state folded from the rest alone would be wrong without anybody noticing.
      if (after < pruned) {
        throw unreadable(
          this.#file,
          `events 1 to ${pruned} of ${stream} are gone; its snapshot stands for them`,
        );
      }
      return this.#statements.read.all(stream, after, limit).map((row) => this.#event(row));
    });
  }

  async recent(options: {
    readonly stream?: string;
    readonly limit: number;
    readonly before?: number;
  }): Promise<readonly StoredEvent[]> {
    const { stream, limit, before = Number.MAX_SAFE_INTEGER } = options;
    return this.#guard(() => {
      const rows =
        stream === undefined
          ? this.#statements.recent.all(before, limit)
          : this.#statements.recentOf.all(stream, before, limit);
      return rows.map((row) => this.#event(row));
    });
  }

  async since({
    stream,
    after,
    limit,
  }: {
    readonly stream?: string;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly StoredEvent[]> {
    return this.#guard(() => {
      const rows =
        stream === undefined
          ? this.#statements.since.all(after, limit)
          : this.#statements.sinceOf.all(stream, after, limit);
      return rows.map((row) => this.#event(row));
    });
  }

  async pruned(): Promise<number> {
    return this.#guard(() => Number(this.#statements.pruned.get()?.['value'] ?? 0));
  }

  async probe(): Promise<void> {
    this.#write(() => this.#statements.probe.run());
  }

  async streams(): Promise<readonly string[]> {
    return this.#guard(() => this.#statements.streams.all().map((row) => String(row['name'])));
  }

  async snapshot(stream: string): Promise<Snapshot | null> {
    return this.#guard(() => {
      const row = this.#statements.snapshot.get(stream);
      if (row === undefined) return null;
      const { version, shape, state } = row;
      return { version: Number(version), shape: Number(shape), state: this.#parsed(state) };
    });
  }

  async saveSnapshot(stream: string, { version, shape, state }: Snapshot): Promise<void> {
    this.#write(() => {
      const newest = Number(this.#statements.stream.get(stream)?.['version'] ?? 0);
      if (version < 1 || version > newest) {
        throw new RangeError(`a snapshot of ${stream} at ${version}, but it has events 1 to ${newest}`);
      }
      const text = json(state);
      const hash = sealed(stream, { version, shape, state: text });
      this.#statements.saveSnapshot.run(stream, version, shape, text, hash);
    });
  }

  async prune(before: number): Promise<number> {
    return this.#write(() => {
      let removed = 0;
      for (const { name, upTo } of this.#statements.prunable.all(before)) {
        const last = this.#statements.placeOf.get(name as string, upTo as number);
        this.#statements.raise.run(Number(last?.['seq'] ?? 0));
        removed += Number(this.#statements.prune.run(name as string, upTo as number).changes);
        this.#statements.setPruned.run(upTo as number, String(last?.['hash'] ?? noHash), name as string);
      }
      return removed;
    });
  }

  async nextGeneration(): Promise<number> {
    if (this.#generation === this.#reserved) {
      this.#reserved = this.#write(() => Number(this.#statements.reserve.get(block)?.['value']));
      this.#generation = this.#reserved - block;
    }
    this.#generation += 1;
    return this.#generation;
  }

  async secret(name: string): Promise<string> {
    const known = this.#guard(() => this.#statements.secret.get(name));
    if (known !== undefined) return String(known['value']);
    return this.#write(() => {
      this.#statements.addSecret.run(name, randomBytes(32).toString('base64url'));
      return String(this.#statements.secret.get(name)?.['value']);
    });
  }

  async close(): Promise<void> {
    if (!this.#database.isOpen) return;
    this.#mark.close();
    this.#database.close();
  }

  #appendOne({ stream, expected, events, forget }: Batch): readonly StoredEvent[] {
    const row = this.#statements.stream.get(stream);
    const actual = Number(row?.['version'] ?? 0);
    if (actual !== expected) throw conflict(stream, expected, actual);
    if (forget === true) this.statements.forgetHere(stream);
    if (events.length === 0) return [];
    let last = String(row?.['hash'] ?? noHash);
    const links = events.map(({ at, actor, reason, type, data }, index) => {
      const link = { stream, version: expected + index + 1, at, actor, reason, type, data: json(data) };
      last = linked(last, link);
      return { link, hash: last };
    });
    this.#statements.advance.run(stream, expected + events.length, last);
    return links.map(({ link, hash }) => this.#insert(link, hash));
  }

  #insert(link: Link, hash: string): StoredEvent {
    const { stream, version, at, actor, reason, type, data } = link;
    const { insert } = this.#statements;
    const { lastInsertRowid } = insert.run(stream, version, at, actor, reason, type, data, hash);
    // As it will be read: nobody may come to rely on what JSON does not carry.
    return { ...link, seq: Number(lastInsertRowid), data: this.#parsed(data) };
  }

  #event(row: Readonly<Record<string, unknown>>): StoredEvent {
    const link = linkOf(row);
    return { ...link, seq: Number(row['seq']), data: this.#parsed(link.data) };
  }

  #parsed(text: unknown): unknown {
    try {
      return JSON.parse(String(text)) as unknown;
    } catch (cause) {
      throw unreadable(this.#file, 'an event or snapshot in it is not JSON', cause);
    }
  }

  /** One transaction: all of it, or nothing. */
  #write<T>(work: () => T): T {
    return this.#guard(() => {
      this.#database.exec(sql.begin);
      try {
        const result = work();
        this.#database.exec(sql.commit);
        return result;
      } catch (error) {
        // After some failures (disk full) SQLite has rolled back by itself.
        if (this.#database.isTransaction) this.#database.exec(sql.rollback);
        throw error;
      }
    });
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw translated(error, this.#file);
    }
  }
}

function upgrade(database: DatabaseSync): void {
  const version = Number(database.prepare(sql.checks.schemaVersion).get()?.['user_version']);
  const due = sql.upgrades.filter(({ from }) => from >= version);
  if (due.length === 0) return;
  database.exec(`${sql.begin}; ${due.map(({ sql: text }) => text).join('\n')}`);
  if (version < sql.hashedSince) writeHashes(database);
  database.exec(sql.commit);
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
