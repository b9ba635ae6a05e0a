import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { listFiles, readFiles } from './files.ts';
import { dependenciesIn, testScriptIn } from './packages.ts';

/** The files of a folder as texts, and what the package.json says that they belong to. */
export interface Project {
  readonly folder: string;
  /** By path relative to the folder, with slashes. */
  readonly texts: ReadonlyMap<string, string>;
  readonly packages: readonly string[];
  /** The command that runs the project's tests, and where; null when it names none. */
  readonly check: { readonly command: string; readonly folder: string } | null;
}

/** @throws TealError `usage` when there is no such folder */
export async function readProject(folder: string): Promise<Project> {
  const texts = await readFiles(folder, await listFiles(folder));
  const home = await nearestPackage(path.resolve(folder));
  return {
    folder,
    texts,
    packages: home === null ? [] : dependenciesIn(home.text),
    check: home === null ? null : await testOf(home),
  };
}

interface Home {
  readonly folder: string;
  readonly text: string;
}

async function nearestPackage(folder: string): Promise<Home | null> {
  const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => null);
  if (text !== null) return { folder, text };
  const parent = path.dirname(folder);
  return parent === folder ? null : nearestPackage(parent);
}

async function testOf({ folder, text }: Home): Promise<Project['check']> {
  if (testScriptIn(text) === null) return null;
  for (const [lock, command] of [
    ['pnpm-lock.yaml', 'pnpm test'],
    ['yarn.lock', 'yarn test'],
    ['bun.lock', 'bun run test'],
  ] as const) {
    if ((await readFile(path.join(folder, lock)).catch(() => null)) !== null) return { command, folder };
  }
  return { command: 'npm test', folder };
}
