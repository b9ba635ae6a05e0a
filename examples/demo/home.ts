import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildShop } from '../shop/build.ts';

/** Streams of the old version are closed evenly until then; the shop's own 30 s would make a long demo. */
const drainDeadline = '3s';

/** Everything the demo puts on disk: one temporary folder, gone at the end. */
export interface Home {
  readonly folder: string;
  /** The shop's queue of orders. */
  readonly queue: string;
  remove(): Promise<void>;
}

/** Makes the folder: the shop's own teal.yaml on any free port, and three builds of the shop. */
export async function makeHome(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'teal-demo-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const queue = join(folder, 'orders', 'jobs.sqlite');
    await writeFile(join(folder, 'teal.yaml'), await config(queue));
    await buildShop('v1', join(folder, 'builds/v1'));
    await buildShop('v2', join(folder, 'builds/v2'));
    await buildShop('v3', join(folder, 'builds/v3'), { broken: 'after-switch' });
    return { folder, queue, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function config(queue: string): Promise<string> {
  const text = await readFile(new URL('../shop/teal.yaml', import.meta.url), 'utf8');
  const changes = [
    [/^ +listen: \S+$/m, '  listen: 127.0.0.1:0'],
    [/SHOP_DATA: \S+/, `SHOP_DATA: ${JSON.stringify(queue)}`],
    [/(?<=streams: spread\n +deadline: )\S+/, drainDeadline],
  ] as const;
  return changes.reduce((before, [what, by]) => {
    const after = before.replace(what, by);
    if (after === before) throw new Error(`examples/shop/teal.yaml has nothing like ${String(what)}`);
    return after;
  }, text);
}
