import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { conflict } from './failures.ts';
import type { EvidenceStore, Memory, NewTick, StoredTick } from './evidence.ts';
import { evidenceStatements } from './sql.ts';

/** How the event log reads and writes its file: the same transactions, and the same errors. */
export interface Access {
  readonly write: <T>(work: () => T) => T;
  readonly guard: <T>(work: () => T) => T;
  readonly parsed: (text: unknown) => unknown;
}

type Statements = Readonly<Record<keyof typeof evidenceStatements, StatementSync>>;

/** Evidence, in the file of the event log. */
export class SqliteEvidence implements EvidenceStore {
  readonly #access: Access;
  readonly #statements: Statements;

  constructor(database: DatabaseSync, access: Access) {
    this.#access = access;
    const prepared = Object.entries(evidenceStatements).map(([name, text]) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(prepared) as Statements;
  }

  async save({ app, release, seq, at, data, memory }: NewTick): Promise<void> {
    this.#access.write(() => {
      const known = this.#statements.memory.get(app, release);
      const next = known === undefined ? 0 : Number(known['seq']) + 1;
      if (seq < next) return;
      if (seq > next) throw conflict(`the ticks of ${release}`, seq, next);
      this.#statements.remember.run(app, release, seq, at, JSON.stringify(memory));
      this.#statements.addTick.run(app, release, seq, at, JSON.stringify(data));
    });
  }

  async memory(app: string, release: string): Promise<Memory | null> {
    return this.#access.guard(() => {
      const row = this.#statements.memory.get(app, release);
      if (row === undefined) return null;
      return { seq: Number(row['seq']), at: Number(row['at']), memory: this.#access.parsed(row['memory']) };
    });
  }

  async ticks(app: string, release: string, after = -1): Promise<readonly StoredTick[]> {
    return this.#access.guard(() =>
      this.#statements.ticks.all(app, release, after).map((row) => ({
        seq: Number(row['seq']),
        at: Number(row['at']),
        data: this.#access.parsed(row['data']),
      })),
    );
  }

  async releases(app: string): Promise<readonly string[]> {
    return this.#access.guard(() => this.#statements.releases.all(app).map((row) => String(row['release'])));
  }

  async keepNewest(app: string, releases: number): Promise<number> {
    return this.#access.write(() => {
      const old = this.#statements.releases.all(app).slice(releases);
      for (const { release } of old) {
        this.#statements.dropTicks.run(app, release as string);
        this.#statements.forget.run(app, release as string);
      }
      return old.length;
    });
  }
}
