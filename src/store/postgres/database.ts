import type { Client, Pool } from 'pg';
import type { Digest, Dump } from '../dump.ts';
import type { Leases } from '../lease.ts';
import type { Store } from '../store.ts';
import { connectionOf, loadPg, shownUrl } from './driver.ts';
import { dumpPostgres, restorePostgres } from './dump.ts';
import { PostgresLeases } from './lease.ts';
import { PostgresStore } from './postgres.ts';
import { prepareSchema } from './schema.ts';
import { Session } from './session.ts';

/** A rollback never waits for a connection that the judge or somebody's history holds. */
const connections = 6;
/** A renewal that takes longer is tried again on another connection, while there is still time for it in a lease (src/control/lead/leadership.ts). */
const leaseQueryMs = 800;
/** The server gives up first: what it does after we have given up nobody knows of. */
const leaseStatementMs = 600;

/** A PostgreSQL database with Teal's tables. */
export interface PostgresDatabase {
  /** For people: without a password. */
  readonly where: string;
  /** For who only reads. */
  readonly reader: Store;
  readonly leases: Leases;
  /** What this leader writes is fenced by its term. @param unknown told when nobody knows whether a transaction has happened */
  leading(term: number, unknown?: () => void): Store;
  dump(): Promise<Dump>;
  /** See `restorePostgres`. */
  restore(dump: Dump, options: { readonly replace: boolean }): Promise<Digest>;
  close(): Promise<void>;
}

/**
 * Opens the event log, creating its tables at the first start, after checking what is there.
 * @throws TealError `package-missing`, `store-unavailable`, `store-unreadable`, `store-newer`
 */
export async function openPostgres(url: string): Promise<PostgresDatabase> {
  const pg = await loadPg();
  const where = shownUrl(url);
  const connection = connectionOf(url);
  // Kept: a command after a quiet hour shall not wait for a new one.
  const pool = new pg.Pool({ ...connection, max: connections, idleTimeoutMillis: 0 });
  survivesLostConnections(pool);
  try {
    await prepareSchema(new Session({ pool, where, term: null }));
  } catch (error) {
    await pool.end();
    throw error;
  }
  const leases = new PostgresLeases(async () => {
    const client: Client = new pg.Client({
      ...connection,
      connectionTimeoutMillis: leaseQueryMs,
      query_timeout: leaseQueryMs,
      statement_timeout: leaseStatementMs,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }, where);
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= Promise.all([pool.end(), leases.close()]).then(() => undefined);
    return closing;
  };
  return {
    where,
    reader: new PostgresStore(new Session({ pool, where, term: null }), async () => undefined),
    leases,
    leading: (term, unknown) =>
      new PostgresStore(
        new Session({ pool, where, term, ...(unknown === undefined ? {} : { unknown }) }),
        async () => undefined,
      ),
    dump: () => dumpPostgres({ pool, where }),
    restore: (dump, how) => restorePostgres({ pool, where }, dump, how),
    close,
  };
}

/** An error of a connection that nobody waits for just then would end the process: whoever uses it next is told. */
function survivesLostConnections(pool: Pool): void {
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
}
