import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Access } from './sqlite-evidence.ts';
import { sentStatements } from './sql.ts';
import type { StatementStore } from './statements.ts';

type Statements = Readonly<Record<keyof typeof sentStatements, StatementSync>>;

/** What versions send to databases, in the file of the event log. */
export class SqliteStatements implements StatementStore {
  readonly #access: Access;
  readonly #statements: Statements;

  constructor(database: DatabaseSync, access: Access) {
    this.#access = access;
    const prepared = Object.entries(sentStatements).map(([name, text]) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(prepared) as Statements;
  }

  async read(app: string): Promise<ReadonlyMap<string, unknown>> {
    return this.#access.guard(() => {
      const rows = this.#statements.read.all(app);
      return new Map(rows.map((row) => [String(row['build']), this.#access.parsed(row['data'])]));
    });
  }

  async save(app: string, at: number, kept: ReadonlyMap<string, unknown>): Promise<void> {
    this.#access.write(() => {
      for (const [version, data] of kept) this.#statements.save.run(app, version, at, JSON.stringify(data));
    });
  }

  async keepOnly(app: string, versions: ReadonlySet<string>): Promise<number> {
    return this.#access.write(() => {
      const all = this.#statements.builds.all(app).map((row) => String(row['build']));
      const old = all.filter((version) => version !== '' && !versions.has(version));
      for (const version of old) this.#statements.forget.run(app, version);
      return old.length;
    });
  }

  async apps(): Promise<readonly string[]> {
    return this.#access.guard(() => this.#statements.apps.all().map((row) => String(row['stream'])));
  }

  async forget(app: string): Promise<void> {
    this.#access.write(() => this.forgetHere(app));
  }

  /** In the transaction that is under way. */
  forgetHere(app: string): void {
    this.#statements.forgetAll.run(app);
  }
}
