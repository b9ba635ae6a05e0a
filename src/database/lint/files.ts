import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import type { SqlFile } from './lint.ts';
import { phaseOf, releaseOf } from './phase.ts';

/** Files that only take others back: tools keep them beside the files that they take back. */
const down = /\.down\.sql$/i;
const skippedFolders: ReadonlySet<string> = new Set(['node_modules', 'dist']);

/**
 * The migrations that are meant: files, and every `.sql` in folders. Other phases of a file's release come along silently, since they
 * tell what it may take away. @throws TealError `usage` when there is nothing to look at
 */
export async function migrationsAt(cwd: string, given: readonly string[]): Promise<readonly SqlFile[]> {
  const meant = new Set<string>();
  for (const each of given) for (const file of await sqlAt(path.resolve(cwd, each), each)) meant.add(file);
  if (meant.size === 0)
    throw new TealError('usage', `There is no .sql file in ${given.join(', ')}`, {
      remedy: 'Name .sql files, or a folder that holds some, such as db/migrations',
    });
  const silent = new Set<string>();
  for (const file of meant)
    for (const other of await siblings(file)) if (!meant.has(other)) silent.add(other);
  const read = async (file: string, isSilent: boolean): Promise<SqlFile> => ({
    path: (path.relative(cwd, file) || file).replaceAll(path.sep, '/'),
    // A byte order mark is no SQL.
    text: (await readFile(file, 'utf8')).replace(/^\uFEFF/, ''),
    silent: isSilent,
  });
  return Promise.all([
    ...[...meant].map((file) => read(file, false)),
    ...[...silent].map((file) => read(file, true)),
  ]);
}

async function sqlAt(absolute: string, given: string): Promise<readonly string[]> {
  const found = await stat(absolute).catch(() => null);
  if (found === null)
    throw new TealError('usage', `There is no file or folder ${given}`, {
      remedy: 'Name .sql files, or a folder that holds some, such as db/migrations',
    });
  if (!found.isDirectory()) return [absolute];
  const entries = await readdir(absolute, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.sql$/i.test(entry.name) && !down.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !path
          .relative(absolute, file)
          .split(path.sep)
          .some((part) => skippedFolders.has(part)),
    );
}

/** The other phases of a file's release that lie beside it. */
async function siblings(file: string): Promise<readonly string[]> {
  if (phaseOf(file) === null) return [];
  const folder = path.dirname(file);
  const entries = await readdir(folder);
  return entries
    .filter((name) => /\.sql$/i.test(name))
    .map((name) => path.join(folder, name))
    .filter((other) => phaseOf(other) !== null && releaseOf(other) === releaseOf(file));
}
