import type { StatementStore } from '../statements.ts';
import type { Session } from './session.ts';
import { sentStatements as statements } from './sql.ts';
import { json, parsed } from './values.ts';

/** What versions send to databases, in the database of the event log. */
export class PostgresStatements implements StatementStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async read(app: string): Promise<ReadonlyMap<string, unknown>> {
    type Row = { readonly build: string; readonly data: string };
    const rows = await this.#session.read<Row>(statements.read, [app]);
    return new Map(rows.map(({ build, data }) => [build, parsed(data, this.#session.where)]));
  }

  async save(app: string, at: number, kept: ReadonlyMap<string, unknown>): Promise<void> {
    await this.#session.write(async (transaction) => {
      for (const [version, data] of kept)
        await transaction.change(statements.save, [app, version, at, json(data)]);
    });
  }

  async keepOnly(app: string, versions: ReadonlySet<string>): Promise<number> {
    return await this.#session.write(async (transaction) => {
      const all = await transaction.query<{ build: string }>(statements.builds, [app]);
      const old = all.filter(({ build }) => build !== '' && !versions.has(build));
      for (const { build } of old) await transaction.change(statements.forget, [app, build]);
      return old.length;
    });
  }

  async apps(): Promise<readonly string[]> {
    const rows = await this.#session.read<{ stream: string }>(statements.apps);
    return rows.map(({ stream }) => stream);
  }

  async forget(app: string): Promise<void> {
    await this.#session.write((transaction) => transaction.change(statements.forgetAll, [app]));
  }
}
