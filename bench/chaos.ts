/**
 * Teal under kill -9: control plane, router workers and instances are killed all the time while releases come and go under load, and every failure has
 * to be explained by a kill. bench/README.md says how. Exit code 1 when short of a goal.
 *
 *   npm run chaos -- --minutes 5       200 kills at least; raw figures to bench/results/
 *   npm run chaos -- --quick           a minute in all; nothing is written
 *   npm run chaos -- --seed 7          other moments; which they are also depends on the machine
 *   npm run chaos -- --json            one document instead of the table
 */
import { parseArgs } from 'node:util';
import { Crowd, type CrowdReport, type Failure } from '../test/acceptance/clients/crowd.ts';
import { asks } from './chaos/asks.ts';
import type { Failed } from './chaos/blame.ts';
import { readBooks } from './chaos/books.ts';
import { Control } from './chaos/control.ts';
import { Killer } from './chaos/killer.ts';
import { Releaser } from './chaos/releaser.ts';
import { reportOf } from './chaos/report.ts';
import { makeSite, type Site } from './chaos/site.ts';
import { Streams } from './chaos/streams.ts';
import { resultOf, type Measured } from './chaos/verdict.ts';
import { randomOf } from './judge/random.ts';
import { interrupted, interruptible } from './lib/interruptible.ts';
import { machine, saveRun } from './lib/results.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

/** With its begin and its end, less than a minute in all. */
const quickMinutes = 0.5;
const minutes = values.quick ? quickMinutes : Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes must be above 0, not ${values.minutes}`);
/** 200 in five minutes. */
const killsPerMinute = 40;
/** On a machine with other work starts take long. */
const quickKills = 4;
const connections = 24;
const streamLanes = 8;

async function main(): Promise<void> {
  const at = new Date();
  const site = await makeSite();
  let left: number | null = null;
  try {
    const measured = await measure(site, async () => (left = await site.close()));
    const result = resultOf(measured);
    if (values.json) console.log(JSON.stringify({ minutes, ...result, ...plain(measured) }, null, 2));
    else console.log(reportOf(result, measured));
    if (!values.quick) {
      const file = await saveRun('chaos', at, { machine: machine(), minutes, ...result, ...plain(measured) });
      if (!values.json) console.log(`raw figures: ${file}`);
    }
    if (result.short.length > 0) process.exitCode = 1;
  } finally {
    if (left === null) await site.close();
  }
}

async function measure(site: Site, close: () => Promise<number>): Promise<Measured> {
  const seed = Number(values.seed);
  const control = new Control(site, randomOf(seed));
  try {
    await control.up();
    const releaser = new Releaser(site);
    await releaser.first();
    const crowd = new Crowd(site.port, connections, asks);
    const streams = new Streams(site.port, streamLanes, randomOf(seed + 1));
    const killer = new Killer(site, crowd, randomOf(seed + 2));
    let report: CrowdReport;
    try {
      await together([control, killer, releaser]);
      await releaser.settle();
    } finally {
      await streams.stop();
      report = await crowd.stop();
    }
    const last = await site.client.status();
    const [shown] = last.apps;
    if (shown === undefined) throw new Error('the app is gone');
    const ended = await control.down();
    if (ended !== 0) throw new Error(`teal up ended with ${ended} after Ctrl-C`);
    return {
      wanted: values.quick ? quickKills : Math.floor(minutes * killsPerMinute),
      full: !values.quick,
      kills: [...control.kills, ...killer.kills],
      sent: report.sent,
      answered: report.answered,
      failed: report.failures.map(failedOf),
      streams: streams.counts,
      broken: streams.broken,
      told: releaser.told,
      refused: releaser.refused,
      stuck: releaser.stuck,
      books: await readBooks(site.store, shown, releaser.told),
      starts: control.starts,
      transitions: Object.fromEntries(control.transitions()),
      strayed: last.router?.tablesRepaired.count ?? 0,
      leftBehind: await close(),
    };
  } finally {
    await control.close();
  }
}

/** All of them for the time; one that fails ends the others. @throws what the first of them has thrown */
async function together(all: readonly { run(over: AbortSignal): Promise<void> }[]): Promise<void> {
  const failed = new AbortController();
  const over = AbortSignal.any([AbortSignal.timeout(minutes * 60_000), interrupted, failed.signal]);
  const running = all.map((one) =>
    one.run(over).catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  const ended = await Promise.allSettled(running);
  interrupted.throwIfAborted();
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}

function failedOf({ serial, ask, phase, headers, at, says }: Failure): Failed {
  const instance = headers.get('x-instance') ?? null;
  return { serial, idempotent: ask.idempotent, at, instance, broke: phase !== null, says };
}

/** Sets are written as how many there are. */
function plain(measured: Measured): object {
  const size = (_key: string, value: unknown): unknown => (value instanceof Set ? value.size : value);
  return JSON.parse(JSON.stringify(measured, size)) as object;
}

await interruptible(main);
