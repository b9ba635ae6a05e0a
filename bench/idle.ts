/**
 * What idle kept-alive connections cost: so many to one worker of the router, each after one request, beside bare
 * `node:net` sockets in the same run. bench/README.md says how. Exit code 1 when short of the goal.
 *
 *   npm run bench:idle                         10 000 connections, about 30 s; raw figures to bench/results/
 *   npm run bench:idle -- --connections 5000   as many; the goal is for 10 000, and goes down with them
 *   npm run bench:idle -- --json               one document instead of the table
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openFilesLimit } from './idle/limits.ts';
import { startBare, startTeal, type Holder } from './idle/holders.ts';
import { Child } from './lib/child.ts';
import { median } from './lib/estimate.ts';
import { vitalsOf, type Vitals } from './lib/probes.ts';
import { machine, saveRun } from './lib/results.ts';

const { values } = parseArgs({
  options: { connections: { type: 'string', default: '10000' }, json: { type: 'boolean', default: false } },
});
const connections = Number(values.connections);
if (!(connections >= 100)) throw new Error(`--connections must be at least 100, not ${values.connections}`);

/** 80 MB for 10 000. */
const goalBytes = 8_000 * connections;
/** Looks before and with the connections, a moment apart: their median. */
const looks = 5;
const lookMs = 300;
/** So many first, and closed again: code is compiled, and the memory it was compiled with is in the start. */
const warmUp = 500;

interface Row {
  readonly name: string;
  readonly before: Vitals;
  readonly with: Vitals;
  readonly clients: number;
}

async function main(): Promise<void> {
  const at = new Date();
  const needed = connections + 500;
  const limit = openFilesLimit();
  if (limit < needed)
    throw new Error(
      `${connections} connections need ${needed} open files a process, and ${limit} are allowed: run "ulimit -Hn ${needed}" as root first`,
    );
  const folder = await mkdtemp(join(tmpdir(), 'teal-idle-'));
  const probes = join(folder, 'probes');
  await mkdir(probes);
  const far = await Child.start(new URL('router/far-side.ts', import.meta.url));
  try {
    const rows: Row[] = [];
    for (const start of [startBare, startTeal]) {
      const holder = await start({ folder, probes, origin: far.hello as number });
      try {
        rows.push(await measure(far, probes, holder));
      } finally {
        await holder.close();
      }
    }
    await conclude(rows, at);
  } finally {
    await far.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(far: Child, probes: string, holder: Holder): Promise<Row> {
  const hold = async (count: number): Promise<void> => {
    await far.ask({ kind: 'hold', port: holder.port, connections: count });
  };
  await hold(warmUp);
  await far.ask({ kind: 'release' });
  await sleep(1_000);
  const before = await look(probes, holder.pid);
  await hold(connections);
  const held = await look(probes, holder.pid);
  const clients = await holder.clients();
  await far.ask({ kind: 'release' });
  return { name: holder.name, before, with: held, clients };
}

/** The look whose resident memory is the median. */
async function look(probes: string, pid: number): Promise<Vitals> {
  const all: Vitals[] = [];
  while (all.length < looks) {
    all.push(await vitalsOf(probes, pid));
    await sleep(lookMs);
  }
  const middle = median(all.map(({ rss }) => rss));
  return all.find(({ rss }) => rss === middle) ?? (all[0] as Vitals);
}

async function conclude(rows: readonly Row[], at: Date): Promise<void> {
  const grown = (row: Row | undefined): number => (row === undefined ? 0 : row.with.rss - row.before.rss);
  const teal = rows.find(({ name }) => name === 'teal');
  const short = [
    ...(grown(teal) <= goalBytes
      ? []
      : [`${mb(grown(teal))} MB for ${connections} connections, not ${mb(goalBytes)}`]),
    ...rows
      .filter(({ clients }) => clients < connections)
      .map(({ name, clients }) => `${name} held ${clients} connections only`),
  ];
  if (values.json) console.log(JSON.stringify({ connections, goalBytes, rows, short }, null, 2));
  else {
    const line = (cells: readonly string[]): string =>
      cells.map((cell, index) => (index === 0 ? cell.padEnd(24) : cell.padStart(16))).join('');
    console.log(`${connections} idle kept-alive connections, one request each; after garbage collections`);
    console.log(line(['', 'RSS MB before', 'with', 'more', 'kB each', 'of it heap kB']));
    for (const row of rows) {
      const heap = row.with.heapUsed - row.before.heapUsed;
      const each = (bytes: number): string => (bytes / connections / 1000).toFixed(2);
      const { before, with: held } = row;
      console.log(
        line([row.name, mb(before.rss), mb(held.rss), mb(grown(row)), each(grown(row)), each(heap)]),
      );
    }
    console.log(`goal: ≤ ${mb(goalBytes)} MB more in the router's worker`);
    for (const words of short) console.log(`SHORT OF A GOAL: ${words}`);
    if (short.length === 0) console.log('idle: all is well');
  }
  const file = await saveRun('idle', at, { machine: machine(), connections, goalBytes, rows, short });
  if (!values.json) console.log(`raw figures: ${file}`);
  if (short.length > 0) process.exitCode = 1;
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

try {
  await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
