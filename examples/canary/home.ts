import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { buildShop } from '../shop/build.ts';
import { mmdb } from './mmdb.ts';
import { countries } from './oracle.ts';
import { makeProvider, type Provider } from './tokens.ts';

/** Everything that the demo puts on disk: one temporary folder, gone at the end. */
export interface Home {
  readonly folder: string;
  readonly provider: Provider;
  remove(): Promise<void>;
}

/** Makes the folder: teal.yaml with short steps, two builds of the shop, the provider's keys, and a country database. */
export async function makeHome(stepMs: number): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'teal-canary-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const provider = makeProvider();
    await writeFile(join(folder, 'teal.yaml'), await config(join(folder, 'orders/jobs.sqlite'), stepMs));
    await writeFile(join(folder, 'keys.json'), provider.keySet);
    await writeFile(join(folder, 'countries.mmdb'), mmdb(records(), 'Demo-Country'));
    await buildShop('v1', join(folder, 'builds/v1'));
    await buildShop('v2', join(folder, 'builds/v2'));
    return { folder, provider, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

const records = () =>
  Object.fromEntries(
    Object.entries(countries).map(([range, code]) => [range, { country: { iso_code: code } }]),
  );

async function config(queue: string, stepMs: number): Promise<string> {
  const text = await readFile(new URL('teal.yaml', import.meta.url), 'utf8');
  const changes = [
    [/^ +listen: \S+$/m, '  listen: 127.0.0.1:0'],
    [/SHOP_DATA: \S+/, `SHOP_DATA: ${JSON.stringify(queue)}`],
    [/release-managers: \[anna\]/, `release-managers: [${JSON.stringify(userInfo().username)}]`],
    [/(?<=for: )\d+[mh](?= )/g, `${stepMs}ms`],
    [/(?<=streams: spread, deadline: )\S+/, '3s'],
  ] as const;
  return changes.reduce((before, [what, by]) => {
    const after = before.replace(what, by);
    if (after === before) throw new Error(`examples/canary/teal.yaml has nothing like ${String(what)}`);
    return after;
  }, text);
}
