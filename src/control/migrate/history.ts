import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Phase } from '../../config/database.ts';
import type { SqlFile } from '../../database/lint/lint.ts';
import { folderOf } from '../effects/workload.ts';
import { migrationsIn } from './newest.ts';
import type { MigrateEffect } from './work.ts';

/** What has run of a migration that is over. */
const whole: readonly Phase[] = ['expand', 'backfill', 'contract'];

/**
 * The files that have run so far, oldest first: those of all migrations before this one, and of this one what came before the phase. They
 * make the schema as it is, where all of it has come by migrations that still lie in the version.
 */
export async function historyOf({ migration, policy, phase }: MigrateEffect): Promise<readonly SqlFile[]> {
  if (policy.migrations === null) return [];
  const home = path.resolve(folderOf(migration.build), policy.migrations);
  const names: string[] = [];
  for await (const name of migrationsIn(home)) names.push(name);
  const before = names.slice(names.indexOf(migration.name) + 1).toReversed();
  const own = phase === 'contract' ? (['expand', 'backfill'] as const) : [];
  const files = [
    ...before.flatMap((name) => whole.map((each) => path.join(name, `${each}.sql`))),
    ...own.map((each) => path.join(migration.name, `${each}.sql`)),
  ];
  const read = await Promise.all(files.map((file) => fileAt(home, file)));
  return read.filter((file) => file !== null);
}

async function fileAt(home: string, file: string): Promise<SqlFile | null> {
  try {
    return { path: file, text: (await readFile(path.join(home, file), 'utf8')).replace(/^\uFEFF/, '') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
