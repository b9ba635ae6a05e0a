import { conflict } from '../failures.ts';
import type { EvidenceStore, Memory, NewTick, StoredTick } from '../evidence.ts';
import type { Session } from './session.ts';
import { evidenceStatements as statements } from './sql.ts';
import { json, parsed } from './values.ts';

interface TickRow {
  readonly seq: string;
  readonly at: string;
}

/** Evidence, in the database of the event log. */
export class PostgresEvidence implements EvidenceStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async save({ app, release, seq, at, data, memory }: NewTick): Promise<void> {
    await this.#session.write(async (transaction) => {
      const [known] = await transaction.query<TickRow>(statements.memory, [app, release]);
      const next = known === undefined ? 0 : Number(known.seq) + 1;
      if (seq < next) return;
      if (seq > next) throw conflict(`the ticks of ${release}`, seq, next);
      await transaction.change(statements.remember, [app, release, seq, at, json(memory)]);
      await transaction.change(statements.addTick, [app, release, seq, at, json(data)]);
    });
  }

  async memory(app: string, release: string): Promise<Memory | null> {
    type Row = TickRow & { memory: string };
    const [row] = await this.#session.read<Row>(statements.memory, [app, release]);
    if (row === undefined) return null;
    return { seq: Number(row.seq), at: Number(row.at), memory: parsed(row.memory, this.#session.where) };
  }

  async ticks(app: string, release: string, after = -1): Promise<readonly StoredTick[]> {
    type Row = TickRow & { data: string };
    const rows = await this.#session.read<Row>(statements.ticks, [app, release, after]);
    return rows.map(({ seq, at, data }) => ({
      seq: Number(seq),
      at: Number(at),
      data: parsed(data, this.#session.where),
    }));
  }

  async releases(app: string): Promise<readonly string[]> {
    const rows = await this.#session.read<{ release: string }>(statements.releases, [app]);
    return rows.map(({ release }) => release);
  }

  async keepNewest(app: string, releases: number): Promise<number> {
    return await this.#session.write(async (transaction) => {
      const all = await transaction.query<{ release: string }>(statements.releases, [app]);
      const old = all.slice(releases);
      for (const { release } of old) {
        await transaction.change(statements.dropTicks, [app, release]);
        await transaction.change(statements.forget, [app, release]);
      }
      return old.length;
    });
  }
}
