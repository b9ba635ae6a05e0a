import type { Client } from 'pg';
import type { Candidate, Leases, LeaseView } from '../lease.ts';
import { translated } from './failures.ts';
import { leaseStatements as statements } from './sql.ts';

interface Row {
  readonly term: string;
  readonly holder: string | null;
  readonly machine: string | null;
  readonly address: string | null;
  readonly since: number | null;
  readonly left_ms: number;
  readonly ended: boolean;
}

/**
 * The lease in the database, over a connection of its own: what the store is busy with never delays a renewal, and a connection that
 * hangs is thrown away after its time limit, and made anew.
 */
export class PostgresLeases implements Leases {
  readonly #connect: () => Promise<Client>;
  readonly #where: string;
  #client: Promise<Client> | null = null;
  #closed = false;

  constructor(connect: () => Promise<Client>, where: string) {
    this.#connect = connect;
    this.#where = where;
  }

  async look(): Promise<LeaseView | null> {
    const [row] = await this.#query(statements.look, []);
    return row === undefined ? null : viewOf(row);
  }

  async take({ name, machine, address }: Candidate, ms: number, behind = 0): Promise<number | null> {
    const [row] = await this.#query(statements.take, [ms, name, machine, address, behind]);
    return row === undefined ? null : Number(row.term);
  }

  async renew(term: number, ms: number): Promise<boolean> {
    return (await this.#change(statements.renew, [ms, term])) === 1;
  }

  async release(term: number, ended: boolean): Promise<void> {
    await this.#change(statements.release, [term, ended]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = await this.#client?.catch(() => null);
    await client?.end().catch(() => undefined);
  }

  async #query(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return await this.#using(async (client) => (await client.query<Row>(text, [...values])).rows);
  }

  async #change(text: string, values: readonly unknown[]): Promise<number> {
    return await this.#using(async (client) => (await client.query(text, [...values])).rowCount ?? 0);
  }

  async #using<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const opening = (this.#client ??= this.#open());
    try {
      return await work(await opening);
    } catch (error) {
      // Whatever it was: the next question is asked on a new connection.
      if (this.#client === opening) this.#client = null;
      void opening.then((client) => client.end()).catch(() => undefined);
      throw translated(error, this.#where);
    }
  }

  async #open(): Promise<Client> {
    const client = await this.#connect();
    if (this.#closed) await client.end();
    return client;
  }
}

function viewOf(row: Row): LeaseView {
  return {
    term: Number(row.term),
    name: row.holder ?? '',
    machine: row.machine ?? '',
    address: row.address ?? '',
    since: row.since ?? 0,
    leftMs: row.left_ms,
    ended: row.ended,
  };
}
