import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TealError } from '../errors.ts';

/**
 * One control plane for a data directory. The lock is SQLite's own file lock, held by an open transaction: the kernel
 * lets go of it when the process dies, however it dies, so there are no stale locks to clean up.
 * @throws TealError `already-running`
 */
export function lockData(data: string): { release(): void } {
  const database = new DatabaseSync(path.join(data, 'lock'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new TealError('already-running', `Teal already runs with the data directory ${data}.`, {
      remedy: 'use that one (teal status), or stop it: teal down',
      details: { data },
      cause,
    });
  }
  return { release: () => database.close() };
}
