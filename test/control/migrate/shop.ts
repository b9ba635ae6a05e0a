/** A shop whose versions lie in a folder, with whatever they bring for the database. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { App } from '../../../src/config/config.ts';
import { parseConfig } from '../../../src/config/load.ts';
import type { Build } from '../../../src/release/state.ts';
import { scratch } from '../help.ts';

export interface Versions {
  readonly spec: App;
  /** The server that the secret of `served` means from now on. */
  serve(url: string): Promise<void>;
  /** The version as it was found, after these files were put into it, by their paths. */
  add(version: string, files?: Readonly<Record<string, string>>): Promise<Build>;
}

/** @param database the lines below `database` of teal.yaml; {folder} stands for one that is gone after the test */
export async function versions(t: TestContext, ...database: readonly string[]): Promise<Versions> {
  const folder = await scratch(t);
  const lines = [
    'apps:',
    '  shop:',
    `    run: { process: { command: x, directory: "${folder}/{version}" } }`,
    '    database:',
    ...database.map((line) => `      ${line.replaceAll('{folder}', folder)}`),
  ];
  const spec = parseConfig(lines.join('\n'), path.join(folder, 'teal.yaml')).apps['shop'];
  if (spec === undefined) throw new Error('no shop');
  const serve = (url: string): Promise<void> => writeFile(path.join(folder, 'url'), `${url}\n`);
  await serve('postgres://deployer:hunter22@localhost:1/shop');
  return {
    spec,
    serve,
    async add(version, files = {}) {
      await mkdir(path.join(folder, version), { recursive: true });
      for (const [name, text] of Object.entries(files)) {
        const file = path.join(folder, version, name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, text);
      }
      return { version, directory: null, spec };
    },
  };
}

/** A server that is not there: nothing of what is tested asks it. */
export const served = ['url: file:{folder}/url', 'migrations: db'] as const;

export const expand = 'ALTER TABLE users ADD COLUMN full_name text;\n';
export const contract = 'ALTER TABLE users DROP COLUMN name;\n';
