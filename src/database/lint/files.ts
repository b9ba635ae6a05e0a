import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import type { SqlFile } from './lint.ts';
import { phaseOf, releaseOf } from './phase.ts';

/** Files that only take others back: tools keep them beside the files that they take back. */
const down = /\.down\.sql$/i;
const skippedFolders: ReadonlySet<string> = new Set(['node_modules', 'dist']);

export interface Wanted {
  /** Whatever is SQL: where it is the schema that is asked for, and not what changes it. */
  readonly every?: boolean;
}

/**
 * The migrations that are meant: files that are named, and in folders every `.sql`; but beside files of phases, and beside the
 * folders of those, only what is numbered, since other files there (`queries.sql`) are no migrations. Other phases of a file's release come along silently, since they
 * tell what it may take away. @throws TealError `usage` when there is nothing to look at
 */
export async function migrationsAt(
  cwd: string,
  given: readonly string[],
  { every = false }: Wanted = {},
): Promise<readonly SqlFile[]> {
  const meant = new Set<string>();
  for (const each of given)
    for (const file of await sqlAt(path.resolve(cwd, each), { given: each, every })) meant.add(file);
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

async function sqlAt(
  absolute: string,
  { given, every }: Required<Wanted> & { readonly given: string },
): Promise<readonly string[]> {
  const found = await stat(absolute).catch(() => null);
  if (found === null)
    throw new TealError('usage', `There is no file or folder ${given}`, {
      remedy: 'Name .sql files, or a folder that holds some, such as db/migrations',
    });
  if (!found.isDirectory()) return [absolute];
  const entries = await readdir(absolute, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.sql$/i.test(entry.name) && !down.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !path
          .relative(absolute, file)
          .split(path.sep)
          .some((part) => skippedFolders.has(part)),
    );
  return every ? files : onlyMigrations(files);
}

/** As migration tools number files: 0007_x.sql, V7__x.sql; R__x.sql is one that Flyway repeats. */
const numbered = /^(?:[vu]?\d|r__)/i;

/** Without what only lies beside files of phases, or beside the folders that these are in. */
function onlyMigrations(files: readonly string[]): readonly string[] {
  const phased = new Set(files.filter((file) => phaseOf(file) !== null).map((file) => path.dirname(file)));
  const isBeside = (folder: string): boolean =>
    [...phased].some((each) => each === folder || each.startsWith(`${folder}${path.sep}`));
  return files.filter((file) => {
    const folder = path.dirname(file);
    return phaseOf(file) !== null || numbered.test(path.basename(file)) || !isBeside(folder);
  });
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
