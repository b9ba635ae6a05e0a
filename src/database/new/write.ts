import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import { phases } from '../../config/database.ts';
import type { Generated } from './generated.ts';

/** The folder of the next migration: a number above every other, as wide as they are. @param home such as `db` */
export async function nextFolder(home: string, what: string): Promise<string> {
  const names = await readdir(home).catch(() => []);
  const numbers = names.flatMap((name) => /^(\d{1,9})(?!\d)/.exec(name)?.[1] ?? []);
  const next = Math.max(0, ...numbers.map(Number)) + 1;
  const width = Math.max(4, ...numbers.map(({ length }) => length));
  const slug = what
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60);
  return path.join(home, `${String(next).padStart(width, '0')}-${slug}`);
}

/** Writes the four files; never over one that is there. @throws TealError `migration-exists` */
export async function writeMigration(folder: string, generated: Generated): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const there = (await readdir(folder)).filter((name) => phases.some((phase) => name === `${phase}.sql`));
  if (there.length > 0)
    throw new TealError('migration-exists', `${folder} holds ${there.join(', ')} already`, {
      remedy: 'Name another folder: --out db/0008-second-try',
      details: { folder, files: there },
    });
  const files = phases.map((phase) => ({ file: path.join(folder, `${phase}.sql`), text: generated[phase] }));
  for (const { file, text } of files) await writeFile(file, text, { flag: 'wx' });
  return files.map(({ file }) => file);
}
