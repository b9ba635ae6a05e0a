import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TealError } from '../errors.ts';

/** SQLITE_BUSY (sqlite.org/rescode.html): another connection holds the lock. */
const busy = 5;

export interface DataLock {
  release(): void;
}

/**
 * One control plane for a data directory. The lock is SQLite's own file lock, held by an open transaction: the kernel
 * lets go of it when the process dies, however it dies, so there are no stale locks to clean up.
 * @throws TealError `already-running`, `store-unreadable`
 */
export function lockData(data: string): DataLock {
  // Nothing is written by it: a full disk does not keep Teal from starting.
  return locked(data, 'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
}

/**
 * The same for several control planes that agree by a lease who leads: they hold it together, and nobody else has it.
 * @throws TealError `already-running`, `store-unreadable`
 */
export function shareData(data: string): DataLock {
  // Reading takes the shared lock, and the transaction keeps it.
  return locked(data, 'BEGIN; SELECT count(*) FROM sqlite_schema');
}

function locked(data: string, how: string): DataLock {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path.join(data, 'lock'));
    database.exec(how);
    const held = database;
    return { release: () => held.close() };
  } catch (cause) {
    database?.close();
    throw (cause as { errcode?: number }).errcode === busy ? running(data, cause) : unusable(data, cause);
  }
}

const running = (data: string, cause: unknown): TealError =>
  new TealError('already-running', `Teal already runs with the data directory ${data}.`, {
    remedy: 'use that one (teal status), or stop it: teal down',
    details: { data },
    cause,
  });

/** The data directory cannot be made, or nothing can be opened in it. */
export const unusable = (data: string, cause: unknown): TealError =>
  new TealError(
    'store-unreadable',
    `The data directory ${data} cannot be used: ${(cause as Error).message}.`,
    {
      remedy: 'make it a folder that this user may write to, or name another one in teal.yaml: data',
      details: { data },
      cause,
    },
  );
