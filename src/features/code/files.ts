import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { TealError } from '../../errors.ts';

const run = promisify(execFile);

/** Lists of files of large repositories; git says at once when it would be more. */
const mostListed = 256 * 1024 * 1024;
/** Written by people, files are far smaller; what is larger is data or was generated. */
const mostBytes = 2 * 1024 * 1024;
/** So many are read at a time: more does not make a disk faster. */
const readAtATime = 32;

/** Never code of the project, whether or not git knows of it. */
const skippedFolders = new Set(['node_modules', '.git', '.teal', 'bower_components']);
/** Whose text names a flag without using it. */
const skippedFiles =
  /(?:^|\/)(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|CHANGELOG\.md)$|\.(?:min\.js|map|snap)$/;

/**
 * Paths of the project's files below a folder, relative to it with slashes, sorted: what git tracks or would track, so that .gitignore holds
 * also outside a repository; without git every file but those of node_modules.
 * @throws TealError `usage` when there is no such folder
 */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory())
    throw new TealError('usage', `There is no folder ${folder}`, {
      remedy: 'Name the folder of the source code.',
    });
  const listed = (await listByGit(folder)) ?? (await listByWalk(folder));
  return listed
    .filter((file) => !file.split('/').some((part) => skippedFolders.has(part)) && !skippedFiles.test(file))
    .toSorted();
}

async function listByGit(folder: string): Promise<readonly string[] | null> {
  const list = ['ls-files', '-z', '--others', '--exclude-standard'];
  const own = await git(folder, [...list, '--cached', '--deduplicate']);
  if (own !== null) return own;
  // Outside a repository an empty one elsewhere reads the .gitignore files all the same.
  const elsewhere = await mkdtemp(path.join(tmpdir(), 'teal-git-'));
  try {
    if ((await git(elsewhere, ['init', '--quiet', '--bare'])) === null) return null;
    return await git(folder, [`--git-dir=${elsewhere}`, `--work-tree=${folder}`, ...list]);
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
}

async function git(folder: string, args: readonly string[]): Promise<readonly string[] | null> {
  try {
    const { stdout } = await run('git', [...args], { cwd: folder, maxBuffer: mostListed });
    return stdout.split('\0').filter((file) => file !== '');
  } catch {
    return null;
  }
}

async function listByWalk(folder: string, below = ''): Promise<readonly string[]> {
  const entries = await readdir(path.join(folder, below), { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const file = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isFile()) found.push(file);
    else if (entry.isDirectory() && !skippedFolders.has(entry.name))
      found.push(...(await listByWalk(folder, file)));
  }
  return found;
}

/** Reads files as text, several at a time; those that are gone, too large or no text are left out. */
export async function readFiles(
  folder: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const queue = files.values();
  const work = async (): Promise<void> => {
    for (const file of queue) {
      const text = await readText(path.join(folder, file));
      if (text !== null) texts.set(file, text);
    }
  };
  await Promise.all(Array.from({ length: readAtATime }, work));
  return new Map([...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function readText(file: string): Promise<string | null> {
  const found = await stat(file).catch(() => null);
  if (found === null || !found.isFile() || found.size > mostBytes) return null;
  const bytes = await readFile(file);
  // A zero byte is in no source text, and near the beginning of nearly every binary.
  if (bytes.subarray(0, 4096).includes(0)) return null;
  const text = bytes.toString('utf8');
  // What would not come out as it went in must not be written back.
  return Buffer.from(text, 'utf8').equals(bytes) ? text : null;
}
