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
  /** Rewrites teal.yaml: the next version meets a tenth of the people first. */
  inPhases(): Promise<void>;
  /** Has Teal listen for browsers, on any free port. */
  withDashboard(): Promise<void>;
  remove(): Promise<void>;
}

/** Makes the folder: the shop's own teal.yaml on any free port, and four builds of the shop. */
export async function makeHome(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'teal-demo-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const queue = join(folder, 'orders', 'jobs.sqlite');
    const file = join(folder, 'teal.yaml');
    let text = await config(queue);
    await writeFile(file, text);
    await buildShop('v1', join(folder, 'builds/v1'));
    await buildShop('v2', join(folder, 'builds/v2'));
    await buildShop('v3', join(folder, 'builds/v3'), { broken: 'after-switch' });
    await buildShop('v4', join(folder, 'builds/v4'));
    const inPhases = (): Promise<void> => writeFile(file, changed(text, phases));
    const withDashboard = (): Promise<void> => {
      text = `${text}\ncontrol: { listen: 127.0.0.1:0 }\n`;
      return writeFile(file, text);
    };
    return { folder, queue, inPhases, withDashboard, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

type Change = readonly [what: RegExp, by: string];

/** Visitors say who they are, so that people are counted and not requests; and the judge looks every second, since nobody waits for a demo. */
const known = [
  '    identity: { sources: [{ header: x-customer, from: anyone }] }',
  '    judge: { tick: 1s }',
].join('\n');

const phases: readonly Change[] = [
  [/strategy: blue-green/, 'steps: [{ expose: { percent: 10 } }, { expose: { percent: 50 } }]'],
];

async function config(queue: string): Promise<string> {
  const text = await readFile(new URL('../shop/teal.yaml', import.meta.url), 'utf8');
  return changed(text, [
    [/^ +listen: \S+$/m, '  listen: 127.0.0.1:0'],
    [/SHOP_DATA: \S+/, `SHOP_DATA: ${JSON.stringify(queue)}`],
    [/(?<=streams: spread\n +deadline: )\S+/, drainDeadline],
    [/(?<=\n)(?= +roles:)/, `${known}\n\n`],
  ]);
}

function changed(text: string, changes: readonly Change[]): string {
  return changes.reduce((before, [what, by]) => {
    const after = before.replace(what, by);
    if (after === before) throw new Error(`examples/shop/teal.yaml has nothing like ${String(what)}`);
    return after;
  }, text);
}
