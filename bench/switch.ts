/**
 * Switches back and forth under load, and measures how long each takes and what the requests feel of it.
 * bench/README.md says how. Exit code 1 when short of a goal.
 *
 *   npm run bench:switch                 100 switches (50 there, 50 back), about 4 minutes; raw figures to bench/results/
 *   npm run bench:switch -- --quick      10 of them, without what takes many requests; nothing is written
 *   npm run bench:switch -- --cold       to an app that nobody has warmed up
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { begin, cycle, windowMs, type Cycle } from './lib/cycle.ts';
import { app, startInstallation, type Installation } from './lib/installation.ts';
import { startLoad, type BenchLoad } from './lib/load.ts';
import { resultOf, type Measured } from './lib/result.ts';
import { machine, saveRun } from './lib/results.ts';
import { tableOf } from './lib/table.ts';
import { interrupted, interruptible } from './lib/interruptible.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    /** Requests per second: 100 windows of half a second shall hold well over 20 000. */
    rps: { type: 'string', default: '600' },
    connections: { type: 'string', default: '16' },
    cold: { type: 'boolean', default: false },
  },
});

const asked = {
  switches: values.quick ? 10 : 100,
  rps: Number(values.rps),
  connections: Number(values.connections),
  windowMs,
  /** Requests that each instance of the app asks itself before it is healthy: enough for its code to be compiled. */
  warmUp: values.cold ? 0 : 2000,
};
/** Until everything on the way of a request has been compiled. */
const warmUpMs = 3_000;

async function measure(installation: Installation, load: BenchLoad): Promise<Measured> {
  const { client } = installation;
  await sleep(warmUpMs);
  const skews = [await load.skew()];
  const cycles: Cycle[] = [];
  const events = new Map<number, Measured['events'][number]>();
  while (cycles.length < asked.switches / 2) {
    interrupted.throwIfAborted();
    cycles.push(await cycle(client));
    // Of the last cycle; asked between cycles, since the API gives the newest ones only.
    for (const event of await client.events({ app, limit: 50 })) events.set(event.seq, event);
    if (process.stderr.isTTY) process.stderr.write(`\r${cycles.length * 2} of ${asked.switches} switches`);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  skews.push(await load.skew());
  const run = await load.stop();
  return { cycles, run, events: [...events.values()], windowMs, skews, full: !values.quick };
}

async function main(): Promise<void> {
  const at = new Date();
  console.log(
    `${asked.switches} switches back and forth at ${asked.rps} requests/s over ${asked.connections} connections, ` +
      `${values.cold ? 'app not warmed up' : 'app warmed up'}`,
  );
  const installation = await startInstallation(asked.warmUp);
  try {
    await begin(installation.client);
    const load = await startLoad({ url: installation.url, rps: asked.rps, connections: asked.connections });
    try {
      const result = resultOf(await measure(installation, load));
      console.log(`\n${tableOf(result)}`);
      if (!values.quick) {
        console.log(`raw figures: ${await saveRun('switch', at, { machine: machine(), asked, ...result })}`);
      }
      if (result.short.length > 0) process.exitCode = 1;
    } finally {
      await load.close();
    }
  } finally {
    await installation.close();
  }
}

await interruptible(main);
