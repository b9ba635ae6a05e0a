import { TealError } from '../../errors.ts';
import { holderOf, sayBlocker } from './blockers.ts';
import { connect, type Connection } from './connection.ts';
import { hear } from './hear.ts';
import { isOurs, keep, lockKey, nextEpoch } from './ledger.ts';
import { patienceOf, type RunOptions } from './options.ts';
import { isLost, sayServerError, stateOf } from './server-error.ts';
import { pause, stopIf } from './wait.ts';
import { watching } from './watching.ts';

/** The right to change the schema: a session with the lock, another to look at it from, and the number of its turn. */
export interface Held {
  readonly connection: Connection;
  readonly monitor: Connection;
  readonly epoch: string;
  /** @throws TealError `migration-busy` when it is no longer ours; to be asked in each transaction that records something */
  fence(): Promise<void>;
  close(): Promise<void>;
}

const turnPauseMs = 250;
/** A server that has not even taken a statement back within this stands still: who wants to stop does not wait for it. */
const cancelMs = 5000;

/**
 * Takes the lock, which lives as long as its session: what a killed process has left under way keeps it until the server is done with
 * it, so two never work at once.
 * @throws TealError `database-unavailable`, `database-rights`, `migration-busy`; or the error of a connection that was lost
 */
export async function hold(options: RunOptions): Promise<Held> {
  const connection = await reach(options, 'teal db');
  let monitor: Connection | null = null;
  let deaf = (): void => undefined;
  let late: NodeJS.Timeout | undefined;
  const { signal } = options;
  const close = async (): Promise<void> => {
    signal.removeEventListener('abort', cancel);
    deaf();
    clearTimeout(late);
    await Promise.all([connection.close(), monitor?.close()]);
  };
  // What waits for an answer then fails, as when the server goes away; what was not committed is taken back by the server.
  const leave = (): void => void close();
  const cancel = (): void => {
    monitor?.query('SELECT pg_cancel_backend($1)', [connection.pid]).catch(() => undefined);
    late = setTimeout(leave, cancelMs);
  };
  try {
    monitor = await watching(async () => {
      const session = await reach(options, 'teal db (watching)');
      await settle(session, options);
      return session;
    });
    deaf = hear(monitor, leave, options.askMs);
    await settle(connection, options);
    await takeTurn(connection, options);
    await options.first?.();
    await keepRecord(connection);
    const epoch = await nextEpoch(connection);
    signal.addEventListener('abort', cancel, { once: true });
    stopIf(signal);
    return {
      connection,
      monitor,
      epoch,
      fence: async () => {
        if (!(await isOurs(connection, epoch))) throw overtaken();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws TealError `database-unavailable`; the error itself when it may be different in a moment */
async function reach({ url, signal }: RunOptions, name: string): Promise<Connection> {
  try {
    return await connect(url, name, { signal });
  } catch (error) {
    stopIf(signal);
    if (error instanceof TealError || isLost(error)) throw error;
    throw new TealError('database-unavailable', `The database does not let us in: ${sayServerError(error)}`, {
      remedy: 'Are the user, the password and the database’s name right? Try the same address with psql.',
      details: { state: stateOf(error) },
      cause: error,
    });
  }
}

/**
 * Ours win over what role and database have: a backfill is long, and an index is longer. No lock is waited for longer than somebody has
 * patience; what others would wait behind has a shorter time of its own.
 */
export async function settle(connection: Connection, options: RunOptions): Promise<void> {
  const { deadlineMs } = patienceOf(options);
  await connection.query(
    `SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0; SET lock_timeout = ${Math.ceil(deadlineMs)}`,
  );
  // PostgreSQL 17 and later; and where the platform can tell that a client is gone.
  for (const sql of ['SET transaction_timeout = 0', "SET client_connection_check_interval = '1s'"])
    await connection.query(sql).catch((error: unknown) => {
      if (isLost(error)) throw error;
    });
}

async function takeTurn(connection: Connection, options: RunOptions): Promise<void> {
  const deadline = performance.now() + (options.turnMs ?? 10_000);
  for (;;) {
    const [row] = await connection.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS got', [
      lockKey,
    ]);
    if (row?.got === true) return;
    if (performance.now() > deadline) {
      const holder = await holderOf(connection, lockKey);
      throw new TealError('migration-busy', 'Somebody else runs a migration on this database', {
        remedy: `Wait until it is done${holder === null ? '' : `: ${sayBlocker(holder)}`}`,
        details: { holder },
      });
    }
    await pause(turnPauseMs, options.signal);
  }
}

async function keepRecord(connection: Connection): Promise<void> {
  try {
    await keep(connection);
  } catch (error) {
    await connection.query('ROLLBACK').catch(() => undefined);
    if (stateOf(error) !== '42501') throw error;
    const [row] = await connection.query<{ role: string; database: string }>(
      'SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database',
    );
    throw new TealError(
      'database-rights',
      `${row?.role ?? 'The role'} may not make or use the schema _teal, where what has run is recorded`,
      {
        remedy: `Let it: GRANT CREATE ON DATABASE ${row?.database ?? '…'} TO ${row?.role ?? '…'}; or make it: CREATE SCHEMA _teal AUTHORIZATION ${row?.role ?? '…'};`,
        cause: error,
      },
    );
  }
}

function overtaken(): TealError {
  return new TealError('migration-busy', 'Somebody else has taken over this migration', {
    remedy:
      'Look at: teal db status. If nobody has, the address leads to a pool of connections: name the server itself.',
  });
}
