/**
 * Replaces Teal itself under load, again and again, and counts what is lost: bench/README.md. Exit code 1 when short of a goal.
 *
 *   npm run upgrade:proof                 20 upgrades, about two minutes; raw figures to bench/results/
 *   npm run upgrade:proof -- --quick      4 of them
 *   npm run upgrade:proof -- --json       one line of JSON
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import type { Status } from '../src/control/contract.ts';
import { TealError } from '../src/errors.ts';
import type { LoadReport } from '../src/load/report.ts';
import { OpenStreams, wrongEnds } from '../test/acceptance/clients/open-streams.ts';
import { World } from '../test/acceptance/harness.ts';
import { interrupted, interruptible } from './lib/interruptible.ts';
import { machine, saveRun } from './lib/results.ts';
import { shortOf, tableOf, type LoadFigures, type Measured, type Turn } from './upgrade/figures.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
});

const goals = { upgrades: values.quick ? 4 : 20, freshRps: 200, streams: OpenStreams.each };
/** Some more than the goal, since a rate is kept on average. The deadline is beyond what an upgrade takes on a busy machine: what stays is looked at after it. */
const asked = { freshRps: 220, keptRps: 120, drainMs: 10_000, askEveryMs: 50 };
/** A connection on which nothing comes is left to its client for as long as it was told: that is waited for in the end. */
const idle = 'idle-timeout: 10s';
const program = join(import.meta.dirname, '../bin/teal.js');
/** Each stream that is left open before an upgrade: one WebSocket, one event stream. */
const cutEach = 2;

/** The API is asked all the time: what waits, and what fails. */
class Questions {
  #count = 0;
  readonly #failures: string[] = [];
  #longestMs = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(world: World) {
    this.#running = this.#run(world);
  }

  async stop(): Promise<Measured['asked']> {
    this.#stopped = true;
    await this.#running;
    return { count: this.#count, failures: this.#failures, longestMs: this.#longestMs };
  }

  async #run(world: World): Promise<void> {
    while (!this.#stopped) {
      const begun = performance.now();
      this.#count += 1;
      await world.client.status().catch((error: unknown) => this.#failures.push(String(error)));
      this.#longestMs = Math.max(this.#longestMs, performance.now() - begun);
      await sleep(asked.askEveryMs);
    }
  }
}

/** Replaces all of it once. @returns as soon as that is done; how its streams ended is known at their deadline */
async function turn(world: World): Promise<{ readonly ended: Promise<Turn> }> {
  interrupted.throwIfAborted();
  const before = await world.client.status();
  const streams = await OpenStreams.open(world.port);
  const begun = performance.now();
  await world.client.upgrade({ program, node: process.execPath, drainMs: asked.drainMs });
  const routersMs = performance.now() - begun;
  const after = await replaced(world);
  const totalMs = performance.now() - begun;
  const left = after.router?.leaving?.find(({ pid }) => pid === before.router?.pid);
  const kept = pids(after).filter((pid) => pids(before).includes(pid)).length;
  const known = { routersMs, totalMs, kept, streams: left?.streams ?? 0 };
  const ended = streams.end().then((ends) => ({ ...known, wrong: wrongEnds(ends, left?.until ?? Infinity) }));
  ended.catch(() => {});
  return { ended };
}

async function replaced(world: World): Promise<Status> {
  for (;;) {
    const status = await world.client.status();
    if (status.upgrade?.state === 'done') return status;
    if (status.upgrade?.state === 'failed' && status.upgrade.error !== null)
      throw TealError.from(status.upgrade.error);
    await sleep(20);
  }
}

const pids = ({ pid, router }: Status): readonly number[] => [
  pid,
  ...(router === null ? [] : [router.pid, ...router.workers.map((worker) => worker.pid)]),
];

async function measure(world: World): Promise<Measured> {
  const fresh = world.load({ rps: asked.freshRps, connections: 64, headers: { connection: 'close' } });
  const kept = world.load({ rps: asked.keptRps, connections: 24 });
  const questions = new Questions(world);
  const turns: Promise<Turn>[] = [];
  while (turns.length < goals.upgrades) {
    turns.push((await turn(world)).ended);
    if (process.stderr.isTTY) process.stderr.write(`\r${turns.length} of ${goals.upgrades} upgrades`);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const ended = await Promise.all(turns);
  const api = await questions.stop();
  const reports = { fresh: figuresOf(await fresh.stop()), kept: figuresOf(await kept.stop()) };
  const counted = await cutInTheEnd(world);
  return {
    turns: ended,
    ...reports,
    asked: api,
    cut: { expected: cutEach * goals.upgrades, counted },
  };
}

/** When no router before is left. */
async function cutInTheEnd(world: World): Promise<number> {
  for (;;) {
    const { router } = await world.client.status();
    if (router?.leaving?.length === 0) return router.handOvers?.cut ?? 0;
    await sleep(100);
  }
}

function figuresOf({ sent, answered, failed, failures, achievedRps, latency }: LoadReport): LoadFigures {
  const { p99 = Number.NaN, max = Number.NaN } = latency ?? {};
  return { sent, answered, failed, failures, rps: achievedRps, p99, max };
}

async function main(): Promise<void> {
  const at = new Date();
  await using world = await World.live({ workers: 2, client: idle });
  const measured = await measure(world);
  const short = shortOf(measured, goals);
  if (values.json) console.log(JSON.stringify({ ...measured, short }));
  else {
    console.log(tableOf(measured));
    for (const each of short) console.log(`short: ${each}`);
    if (!values.quick) {
      console.log(
        `raw figures: ${await saveRun('upgrade', at, { machine: machine(), load: asked, ...measured, short })}`,
      );
    }
  }
  if (short.length > 0) process.exitCode = 1;
}

await interruptible(main);
