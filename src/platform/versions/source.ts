/** Brings a version's files from where they are into an empty folder: a directory, a tar file, or a git commit. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { extract } from 'tar';
import { TealError } from '../../errors.ts';
import { copyTree } from './copy.ts';

export type Source =
  | { readonly kind: 'directory' | 'tar'; readonly path: string }
  | { readonly kind: 'git'; readonly ref: string; readonly cwd: string };

/**
 * Reads what a person wrote after `--from`.
 * @throws TealError `version-source-invalid`
 */
export async function parseSource(from: string, cwd: string | undefined): Promise<Source> {
  if (from.startsWith('git:'))
    return { kind: 'git', ref: from.slice('git:'.length), cwd: cwd ?? process.cwd() };
  if (!path.isAbsolute(from)) throw invalid(from, 'it is not an absolute path', 'Give the absolute path.');
  const found = await stat(from).catch(() => null);
  if (found === null) throw invalid(from, 'it does not exist', 'Build it first, or correct the path.');
  if (found.isDirectory()) return { kind: 'directory', path: from };
  if (/\.(tgz|tar\.gz|tar)$/.test(from)) return { kind: 'tar', path: from };
  throw invalid(
    from,
    'it is neither a directory nor a tar file',
    'Give a directory, a .tgz, .tar.gz or .tar file, or git:<ref>.',
  );
}

/** Puts the source's files into `to`, which is empty. Returns how to call the source in the record. */
export async function fetchSource(source: Source, to: string, exclude: readonly string[]): Promise<string> {
  switch (source.kind) {
    case 'directory':
      await copyTree(source.path, to, exclude);
      return source.path;
    case 'tar':
      await extract({ file: source.path, ...safely(to) });
      if (!source.path.endsWith(asItIs)) await unwrapNpmPackage(to);
      return source.path;
    case 'git':
      return fetchCommit(source.ref, source.cwd, to);
  }
}

/** Entries that lead outside or are neither file, folder nor link are errors, not warnings; owners are not restored. */
const safely = (cwd: string) => ({
  cwd,
  strict: true,
  preservePaths: false,
  preserveOwner: false,
  noMtime: true,
});

/** An archive so named holds a folder's files, and is not what `npm pack` made. */
const asItIs = '.folder.tgz';

/** `npm pack` puts everything below `package/`; no other wrapping folder is taken off, since a command may name it. */
async function unwrapNpmPackage(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length !== 1 || !existsSync(path.join(folder, 'package', 'package.json'))) return;
  // The package may itself hold a `package`: away with the outer name first.
  const wrapped = path.join(folder, '.package');
  await rename(path.join(folder, 'package'), wrapped);
  for (const name of await readdir(wrapped)) await rename(path.join(wrapped, name), path.join(folder, name));
  await rm(wrapped, { recursive: true });
}

async function fetchCommit(ref: string, cwd: string, to: string): Promise<string> {
  const commit = await resolveCommit(ref, cwd);
  await mkdir(to, { recursive: true });
  const git = spawn('git', ['archive', '--format=tar', commit], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(git, 'close');
  const [said] = await Promise.all([text(git.stderr), pipeline(git.stdout, extract(safely(to)))]);
  const [code] = (await ended) as [number | null];
  if (code !== 0)
    throw invalid(`git:${ref}`, `git archive failed: ${said.trim()}`, 'Correct the repository or the ref.');
  return `git:${ref} (${commit})`;
}

async function resolveCommit(ref: string, cwd: string): Promise<string> {
  const wanted = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
  try {
    return (await promisify(execFile)('git', wanted, { cwd })).stdout.trim();
  } catch (cause) {
    const { code, stderr } = cause as { code?: unknown; stderr?: string };
    if (code === 'ENOENT')
      throw invalid(
        `git:${ref}`,
        `git is not installed, or ${cwd} does not exist`,
        'Install git, or deploy a directory.',
      );
    const why = stderr === undefined || stderr.trim() === '' ? `no such commit in ${cwd}` : stderr.trim();
    throw invalid(
      `git:${ref}`,
      why,
      'Give a branch, tag or commit of the repository; `git fetch` may be missing.',
    );
  }
}

/** The source cannot be a version. */
export function invalid(from: string, why: string, remedy: string, cause?: unknown): TealError {
  return new TealError('version-source-invalid', `no version can be made of ${from}: ${why}`, {
    remedy,
    details: { from },
    cause,
  });
}
