import { constants, type Dirent } from 'node:fs';
import { copyFile, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import path from 'node:path';
import { inBatches } from './batches.ts';

/** Not part of what runs, and often larger than all of it. */
const leftOut = '.git';

/**
 * Copies a folder's content, sharing blocks where the file system can. Links are copied as they are.
 * `exclude` (absolute) is left out: Teal's own data, when it lies inside. So is `.git` at the top.
 */
export async function copyTree(from: string, to: string, exclude: readonly string[]): Promise<void> {
  await copyFolder(from, to, [path.join(from, leftOut), ...exclude]);
}

async function copyFolder(from: string, to: string, exclude: readonly string[]): Promise<void> {
  await mkdir(to, { recursive: true });
  const entries = (await readdir(from, { withFileTypes: true })).filter(
    (entry) => !exclude.includes(path.join(from, entry.name)),
  );
  await inBatches(
    entries.filter((entry) => !entry.isDirectory()),
    (entry) => copyEntry(entry, from, to),
  );
  for (const entry of entries.filter((each) => each.isDirectory())) {
    await copyFolder(path.join(from, entry.name), path.join(to, entry.name), exclude);
  }
}

async function copyEntry(entry: Dirent, from: string, to: string): Promise<void> {
  const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
  if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
  else if (entry.isFile()) await copyFile(source, target, constants.COPYFILE_FICLONE);
  else throw new Error(`${source} is neither a file, a folder nor a link`);
}
