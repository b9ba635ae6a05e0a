import { randomBytes } from 'node:crypto';
import { linked, noHash, sealed } from '../chain.ts';
import { conflict } from '../failures.ts';
import type { EvidenceStore } from '../evidence.ts';
import type { RequestStore } from '../requests.ts';
import type { Batch, NewEvent, Snapshot, Store, StoredEvent } from '../store.ts';
import { PostgresEvidence } from './evidence.ts';
import { unreadable } from './failures.ts';
import type { StatementStore } from '../statements.ts';
import { PostgresStatements } from './statements.ts';
import { PostgresRequests } from './requests.ts';
import { asText, fromText, json, parsed } from './values.ts';
import type { Session, Transaction } from './session.ts';
import { sentStatements, statements } from './sql.ts';

/** As in SQLite: a new routing table (a rollback!) seldom waits for the server. */
const block = 1000;

interface EventRow {
  readonly seq: string;
  readonly stream: string;
  readonly version: string;
  readonly at: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly type: string;
  readonly data: string;
}

/** The event log in a PostgreSQL database that several control planes share, of which one writes. */
export class PostgresStore implements Store {
  readonly #session: Session;
  readonly #close: () => Promise<void>;
  readonly evidence: EvidenceStore;
  readonly requests: RequestStore;
  readonly statements: StatementStore;
  #generation = 0;
  #reserved = 0;
  /** Reserving waits for the server: two at once would both reserve, and one block would be lost in between. */
  #numbering: Promise<unknown> = Promise.resolve();

  constructor(session: Session, close: () => Promise<void>) {
    this.#session = session;
    this.#close = close;
    this.evidence = new PostgresEvidence(session);
    this.requests = new PostgresRequests(session);
    this.statements = new PostgresStatements(session);
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
    return this.#session.write(
      (transaction) => appendAll(transaction, batches),
      (transaction) => whatWasAppended(transaction, batches, this.#session.where),
    );
  }

  async read(stream: string, after = 0, limit?: number): Promise<readonly StoredEvent[]> {
    type Row = EventRow & { readonly pruned: string };
    const rows = await this.#session.read<Row>(statements.read, [stream, after, limit ?? null]);
    const pruned = Number(rows[0]?.pruned ?? 0);
    // A state folded from the rest alone would be wrong without anybody noticing.
    if (after < pruned) {
      throw unreadable(
        this.#session.where,
        `events 1 to ${pruned} of ${stream} are gone; its snapshot stands for them`,
      );
    }
    return rows.flatMap((row) => ((row.seq as string | null) === null ? [] : [this.#event(row)]));
  }

  async recent(options: {
    readonly stream?: string;
    readonly limit: number;
    readonly before?: number;
  }): Promise<readonly StoredEvent[]> {
    const { stream, limit, before = Number.MAX_SAFE_INTEGER } = options;
    const rows =
      stream === undefined
        ? await this.#session.read<EventRow>(statements.recent, [before, limit])
        : await this.#session.read<EventRow>(statements.recentOf, [before, limit, stream]);
    return rows.map((row) => this.#event(row));
  }

  async since(options: {
    readonly stream?: string;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly StoredEvent[]> {
    const { stream, after, limit } = options;
    const rows =
      stream === undefined
        ? await this.#session.read<EventRow>(statements.since, [after, limit])
        : await this.#session.read<EventRow>(statements.sinceOf, [after, limit, stream]);
    return rows.map((row) => this.#event(row));
  }

  async pruned(): Promise<number> {
    const [row] = await this.#session.read<{ value: string }>(statements.pruned);
    return Number(row?.value ?? 0);
  }

  async probe(): Promise<void> {
    await this.#session.write((transaction) => transaction.change(statements.probe, []));
  }

  async streams(): Promise<readonly string[]> {
    return (await this.#session.read<{ name: string }>(statements.streams)).map(({ name }) => name);
  }

  async snapshot(stream: string): Promise<Snapshot | null> {
    type Row = { version: string; shape: number; state: string };
    const [row] = await this.#session.read<Row>(statements.snapshot, [stream]);
    if (row === undefined) return null;
    const { version, shape, state } = row;
    return { version: Number(version), shape, state: parsed(state, this.#session.where) };
  }

  async saveSnapshot(stream: string, { version, shape, state }: Snapshot): Promise<void> {
    await this.#session.write(async (transaction) => {
      const { version: newest } = await standing(transaction, stream);
      if (version < 1 || version > newest) {
        throw new RangeError(`a snapshot of ${stream} at ${version}, but it has events 1 to ${newest}`);
      }
      const text = json(state);
      const hash = sealed(stream, { version, shape, state: text });
      await transaction.change(statements.saveSnapshot, [stream, version, shape, text, hash]);
    });
  }

  async prune(before: number): Promise<number> {
    return await this.#session.write(async (transaction) => {
      const rows = await transaction.query<{ name: string; up_to: string }>(statements.prunable, [before]);
      let removed = 0;
      for (const { name, up_to: upTo } of rows) {
        type Place = { seq: string; hash: string };
        const [last] = await transaction.query<Place>(statements.placeOf, [name, upTo]);
        await transaction.change(statements.raise, [last?.seq ?? 0]);
        removed += await transaction.change(statements.prune, [name, upTo]);
        await transaction.change(statements.setPruned, [upTo, last?.hash ?? noHash, name]);
      }
      return removed;
    });
  }

  nextGeneration(): Promise<number> {
    const next = this.#numbering.then(() => this.#number());
    this.#numbering = next.catch(() => undefined);
    return next;
  }

  async #number(): Promise<number> {
    if (this.#generation === this.#reserved) {
      const [row] = await this.#session.write((transaction) =>
        transaction.query<{ value: string }>(statements.reserve, [block]),
      );
      this.#reserved = Number(row?.value);
      this.#generation = this.#reserved - block;
    }
    this.#generation += 1;
    return this.#generation;
  }

  async secret(name: string): Promise<string> {
    const [known] = await this.#session.read<{ value: string }>(statements.secret, [name]);
    if (known !== undefined) return known.value;
    return await this.#session.write(async (transaction) => {
      await transaction.change(statements.addSecret, [name, randomBytes(32).toString('base64url')]);
      const [made] = await transaction.query<{ value: string }>(statements.secret, [name]);
      return made?.value ?? '';
    });
  }

  async close(): Promise<void> {
    await this.#close();
  }

  #event(row: EventRow): StoredEvent {
    return eventOf(row, this.#session.where);
  }
}

async function appendAll(
  transaction: Transaction,
  batches: readonly Batch[],
): Promise<readonly (readonly StoredEvent[])[]> {
  const count = batches.reduce((sum, { events }) => sum + events.length, 0);
  const [row] = await transaction.query<{ value: string }>(statements.takeSeqs, [count]);
  let seq = Number(row?.value ?? 0) - count;
  const stored: (readonly StoredEvent[])[] = [];
  for (const batch of batches) {
    stored.push(await appendOne(transaction, batch, seq));
    seq += batch.events.length;
  }
  return stored;
}

/** @param seq of the last event before these */
async function appendOne(
  transaction: Transaction,
  { stream, expected, events, forget }: Batch,
  seq: number,
): Promise<readonly StoredEvent[]> {
  const { version: actual, hash: before } = await standing(transaction, stream);
  if (actual !== expected) throw conflict(stream, expected, actual);
  if (forget === true) await transaction.change(sentStatements.forgetAll, [stream]);
  if (events.length === 0) return [];
  let last = before;
  const hashes: string[] = [];
  const links = events.map(({ at, actor, reason, type, data }, index) => {
    const link = { stream, version: expected + index + 1, at, actor, reason, type, data: json(data) };
    last = linked(last, link);
    hashes.push(last);
    return link;
  });
  await transaction.change(statements.advance, [stream, expected + events.length, last]);
  await transaction.change(statements.insert, [
    seq,
    stream,
    expected,
    links.map(({ at }) => at),
    links.map(({ actor }) => asText(actor)),
    links.map(({ reason }) => (reason === null ? null : asText(reason))),
    links.map(({ type }) => type),
    links.map(({ data }) => data),
    hashes,
  ]);
  // As it will be read: nobody may come to rely on what JSON does not carry.
  return links.map((link, index) => ({
    ...link,
    seq: seq + index + 1,
    data: JSON.parse(link.data) as unknown,
  }));
}

/** The events of these batches, when all of them are there; null when none is: it was one transaction. */
async function whatWasAppended(
  transaction: Transaction,
  batches: readonly Batch[],
  where: string,
): Promise<readonly (readonly StoredEvent[])[] | null> {
  const stored: (readonly StoredEvent[])[] = [];
  for (const { stream, expected, events } of batches) {
    const rows = await transaction.query<EventRow>(statements.read, [stream, expected, events.length]);
    const found = rows.filter(({ seq }) => (seq as string | null) !== null);
    if (found.length < events.length) return null;
    stored.push(found.map((row) => eventOf(row, where)));
  }
  return stored;
}

interface Standing {
  readonly version: number;
  readonly hash: string;
}

async function standing(transaction: Transaction, stream: string): Promise<Standing> {
  type Row = { version: string; hash: string };
  const [row] = await transaction.query<Row>(statements.stream, [stream]);
  return { version: Number(row?.version ?? 0), hash: row?.hash ?? noHash };
}

function eventOf(row: EventRow, where: string): StoredEvent {
  return {
    seq: Number(row.seq),
    stream: row.stream,
    version: Number(row.version),
    at: Number(row.at),
    actor: fromText(row.actor),
    reason: row.reason === null ? null : fromText(row.reason),
    type: row.type,
    data: parsed(row.data, where),
  };
}
