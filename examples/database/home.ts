import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildUsers, versions } from './build.ts';
import type { Database } from './postgres.ts';

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** Everything that the demo puts on disk, beside the database: one temporary folder, gone at the end. */
export interface Home {
  readonly folder: string;
  remove(): Promise<void>;
}

/** Makes the folder: the example's own teal.yaml with short times, and a build of each version. */
export async function makeHome({ app, deployer }: Database): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'teal-database-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    await writeFile(join(folder, 'teal.yaml'), await config(app, deployer));
    // The app stands on `pg`, as any app that was installed.
    await symlink(modules, join(folder, 'node_modules'));
    for (const version of versions) await buildUsers(version, join(folder, 'builds', version));
    return { folder, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function config(app: string, deployer: string): Promise<string> {
  const text = await readFile(new URL('teal.yaml', import.meta.url), 'utf8');
  const changes = [
    [/listen: \S+/, 'listen: 127.0.0.1:0'],
    [/DATABASE_URL: \S+/, `DATABASE_URL: ${app}`],
    [/(?<=\n {6})url: \S+/, `url: ${deployer}`],
    [/(?<=for: )1m/g, '2s'],
    [/(?<=rollback-window: )1h/, '2s'],
  ] as const;
  return changes.reduce((before, [what, by]) => {
    const after = before.replace(what, by);
    if (after === before) throw new Error(`examples/database/teal.yaml has nothing like ${String(what)}`);
    return after;
  }, text);
}
