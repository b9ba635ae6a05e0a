import type { Client, ClientConfig, Pool, Query } from 'pg';
import { TealError } from '../../errors.ts';

interface Pg {
  readonly Pool: typeof Pool;
  readonly Client: typeof Client;
  readonly Query: typeof Query;
}

/** The optional package `pg`. @param what needs it, for people @throws TealError `package-missing` */
export async function loadPg(what = 'A store in PostgreSQL'): Promise<Pg> {
  try {
    return (await import('pg')).default;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new TealError('package-missing', `${what} needs the package pg, which is not installed.`, {
      remedy: 'npm install pg@8   (where teal is installed; npm install -g pg@8 for a global one)',
      details: { package: 'pg' },
      cause,
    });
  }
}

/** A machine that does not answer by then is down for us. */
const connectMs = 3_000;
/** Nothing here takes longer on a server that is well. */
const statementMs = 10_000;
/**
 * A control plane that is stopped in the middle of a transaction holds its locks, among them the one on the lease. The server
 * ends such a session itself; shorter than the lease, so that a take-over never waits for it.
 */
const idleInTransactionMs = 1_000;

/** How every connection of the driver is made. */
export function connectionOf(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'teal',
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    // Also when the server itself does not answer any more.
    query_timeout: statementMs + connectMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    keepAlive: true,
  };
}

/** The same for people: without its password. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return 'postgres';
  const user = parsed.username === '' ? '' : `${parsed.username}@`;
  return `postgres://${user}${parsed.host}${parsed.pathname}`;
}
