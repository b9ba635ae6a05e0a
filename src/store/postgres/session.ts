import type { Pool, PoolClient, QueryResultRow } from 'pg';
import { deposed, isLost, translated, unavailable } from './failures.ts';
import { statements } from './sql.ts';

/** A connection inside a transaction. */
export interface Transaction {
  query<R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** The number of rows that a statement changed. */
  change(text: string, values: readonly unknown[]): Promise<number>;
}

export interface SessionOptions {
  readonly pool: Pool;
  /** Of the database, for people. */
  readonly where: string;
  /** The leader's term, by which every transaction that writes is fenced; null: of nobody who leads (tests). */
  readonly term: number | null;
  /** Told when nobody knows whether a transaction has happened: what was folded from the log may be behind it. */
  readonly unknown?: () => void;
}

/** After a COMMIT whose answer was lost: for as long the outcome is looked for, then it stays unknown. */
const settleTries = 10;
const settlePauseMs = 200;

/** Transactions on a database, fenced: one of a leader that another has followed changes nothing. */
export class Session {
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get where(): string {
    return this.#options.where;
  }

  /** One statement that only reads. */
  async read<R extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    const { pool, where } = this.#options;
    try {
      return (await pool.query<R>(text, [...values])).rows;
    } catch (error) {
      throw translated(error, where);
    }
  }

  /**
   * One transaction: all of it, or nothing.
   * @param committed asked when the connection broke while it was committed: what was written, if it is there, or null. Only one
   *   who leads may rely on it: nobody else can have written the same.
   */
  async write<T>(
    work: (transaction: Transaction) => Promise<T>,
    committed: (transaction: Transaction) => Promise<T | null> = async () => null,
  ): Promise<T> {
    const attempt = await this.#attempt(work);
    return 'result' in attempt ? attempt.result : await this.#settle(committed, attempt.lost);
  }

  async #attempt<T>(
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<{ readonly result: T } | { readonly lost: unknown }> {
    const { where } = this.#options;
    const client = await this.#connect();
    let committing = false;
    try {
      await client.query('BEGIN');
      const transaction = on(client);
      await this.#fence(transaction);
      const result = await work(transaction);
      committing = true;
      await client.query('COMMIT');
      client.release();
      return { result };
    } catch (error) {
      await giveBack(client, error);
      if (committing && isLost(error)) return { lost: error };
      throw translated(error, where);
    }
  }

  async #fence(transaction: Transaction): Promise<void> {
    const { term, where } = this.#options;
    if (term === null) return;
    const [row] = await transaction.query<{ term: string }>(statements.fence);
    const now = Number(row?.term ?? 0);
    if (now !== term) throw deposed(where, term, now);
  }

  async #connect(): Promise<PoolClient> {
    const { pool, where } = this.#options;
    try {
      return await pool.connect();
    } catch (error) {
      throw translated(error, where);
    }
  }

  /** A transaction may have happened although nobody was told. Its locks tell: whoever gets them after it sees what it did. */
  async #settle<T>(committed: (transaction: Transaction) => Promise<T | null>, lost: unknown): Promise<T> {
    const { where, unknown } = this.#options;
    for (let tries = 0; tries < settleTries; tries++) {
      const found = await this.#attempt(async (transaction) => {
        await transaction.query(statements.lockSeqs);
        return await committed(transaction);
      }).catch((error: unknown) => {
        if (!isAway(error)) throw error;
        return null;
      });
      if (found !== null && 'result' in found) {
        if (found.result !== null) return found.result;
        throw unavailable(where, 'the connection broke, and nothing was written', lost);
      }
      await new Promise((resolve) => setTimeout(resolve, settlePauseMs));
    }
    unknown?.();
    throw unavailable(where, 'the connection broke, and whether it was written is not known', lost);
  }
}

const isAway = (error: unknown): boolean => isLost((error as Error).cause);

function on(client: PoolClient): Transaction {
  return {
    query: async <R extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await client.query<R>(text, [...values])).rows,
    change: async (text, values) => (await client.query(text, [...values])).rowCount ?? 0,
  };
}

/** A connection that cannot even roll back is thrown away: the server then rolls back itself. */
async function giveBack(client: PoolClient, error: unknown): Promise<void> {
  if (isLost(error)) {
    client.release(true);
    return;
  }
  await client.query('ROLLBACK').then(
    () => client.release(),
    () => client.release(true),
  );
}
