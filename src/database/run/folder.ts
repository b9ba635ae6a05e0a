import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import { phases, type Phase } from '../../config/database.ts';
import type { Migration, Source } from './step.ts';

/**
 * A migration as `teal db new` writes it: a folder with up to four files. Its name is the folder's.
 * @param runs commands of other tools, after the file of their phase
 * @throws TealError `usage`
 */
export async function migrationAt(
  folder: string,
  runs: Partial<Readonly<Record<Phase, readonly string[]>>> = {},
): Promise<Migration> {
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() !== true) throw nowhere(folder, 'is no folder');
  const entries = await Promise.all(
    phases.map(async (phase): Promise<readonly [Phase, readonly Source[]]> => {
      const file = path.join(folder, `${phase}.sql`);
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      // A byte order mark is no SQL.
      const sql = text === null ? [] : [{ sql: text.replace(/^\uFEFF/, ''), file: `${phase}.sql` }];
      return [phase, [...sql, ...(runs[phase] ?? []).map((run) => ({ run }))]];
    }),
  );
  if (entries.every(([, sources]) => sources.length === 0))
    throw nowhere(folder, `has none of ${phases.map((phase) => `${phase}.sql`).join(', ')}`);
  return {
    name: path.basename(path.resolve(folder)),
    phases: Object.fromEntries(entries) as Migration['phases'],
  };
}

function nowhere(folder: string, why: string): TealError {
  return new TealError('usage', `${folder} ${why}`, {
    remedy: 'Name the folder of one migration, such as db/0007-rename; teal db new makes one.',
    details: { folder },
  });
}
