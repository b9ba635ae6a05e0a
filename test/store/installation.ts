import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../src/store/sqlite.ts';
import type { Installation } from './behaviour.ts';

export interface SqliteInstallation extends Installation {
  readonly folder: string;
  readonly file: string;
  open(options?: { readonly maxPages?: number }): Promise<SqliteStore>;
}

/** A temporary folder for one SQLite event log. */
export async function installSqlite(): Promise<SqliteInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'teal-store-'));
  const file = join(folder, 'teal.db');
  return {
    folder,
    file,
    open: (options) => SqliteStore.open(file, options),
    remove: () => rm(folder, { recursive: true }),
  };
}
