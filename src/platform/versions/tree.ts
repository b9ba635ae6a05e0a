/**
 * A version's files as a list that is the same for the same content: sorted paths, each with its type, whether it can
 * be executed, and the hash of its content or the target of the link. The checksum of a version is that list's.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, open, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { inBatches } from './batches.ts';

/** `x` is a file that can be executed. The third is the SHA-256 of a file or the target of a link. */
export type TreeEntry = readonly [kind: 'd' | 'f' | 'x' | 'l', path: string, what: string, bytes: number];

export interface Tree {
  readonly entries: readonly TreeEntry[];
  /** One JSON line per entry. */
  readonly text: string;
  readonly sha256: string;
  readonly files: number;
  readonly bytes: number;
}

/** Reads every file below `root`. With `sync`, their content is on disk when it resolves. */
export async function readTree(root: string, options: { readonly sync: boolean }): Promise<Tree> {
  const paths = await walk(root, '');
  const entries = await inBatches(paths, (relative) => describe(root, relative, options.sync));
  const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  return {
    entries,
    text,
    sha256: sha256(text),
    files: entries.filter(([kind]) => kind !== 'd').length,
    bytes: entries.reduce((sum, entry) => sum + entry[3], 0),
  };
}

export const parseTree = (text: string): readonly TreeEntry[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TreeEntry);

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The first path, in sorted order, that is not the same in both; null when all are. */
export function firstDifference(was: readonly TreeEntry[], is: readonly TreeEntry[]): string | null {
  const before = new Map(was.map((entry) => [entry[1], JSON.stringify(entry)]));
  const now = new Map(is.map((entry) => [entry[1], JSON.stringify(entry)]));
  const all = [...new Set([...before.keys(), ...now.keys()])].toSorted(byCodeUnit);
  return all.find((each) => before.get(each) !== now.get(each)) ?? null;
}

/** Takes the right to write from everything below `root`, `root` itself included when asked. */
export async function seal(root: string, paths: readonly TreeEntry[]): Promise<void> {
  await inBatches(paths, async ([kind, relative]) => {
    if (kind === 'l') return;
    const file = path.join(root, relative);
    const { mode } = await lstat(file);
    // Set-uid bits have no business in a version, and the owner must be able to read what is checked later.
    await chmod(file, (mode & 0o555) | 0o400);
  });
}

/** Gives the owner the right to remove what is in the folders again. */
export async function unseal(root: string): Promise<void> {
  await chmod(root, 0o755);
  const entries = await readdir(root, { withFileTypes: true });
  await inBatches(
    entries.filter((entry) => entry.isDirectory()),
    (entry) => unseal(path.join(root, entry.name)),
  );
}

/** Not by locale: the order must be the same everywhere. */
const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

async function walk(root: string, relative: string): Promise<readonly string[]> {
  const entries = await readdir(path.join(root, relative), { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const child = relative === '' ? entry.name : `${relative}/${entry.name}`;
    found.push(child);
    if (entry.isDirectory()) found.push(...(await walk(root, child)));
  }
  return relative === '' ? found.toSorted(byCodeUnit) : found;
}

async function describe(root: string, relative: string, sync: boolean): Promise<TreeEntry> {
  const file = path.join(root, relative);
  const stat = await lstat(file);
  if (stat.isDirectory()) return ['d', relative, '', 0];
  if (stat.isSymbolicLink()) return ['l', relative, await readlink(file), 0];
  if (sync) await syncFile(file);
  return [(stat.mode & 0o100) === 0 ? 'f' : 'x', relative, await hashFile(file), stat.size];
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Also for directories, where the names in them are what is synced. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
