/**
 * What feature flags cost, and how soon open pages know of a rollback. Each figure stands beside what it is compared with, in the same run.
 *
 *   npm run bench:flags              all of it
 *   npm run bench:flags -- --quick   fewer repetitions; only CPU is judged, and only what is wrong by far
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlagdCore } from '@openfeature/flagd-core';
import type { Feature } from '../src/config/features.ts';
import { Flags } from '../src/features/evaluate.ts';
import type { FlagSet, FlagTable } from '../src/features/flag-set.ts';
import { EmbeddedRouter } from '../src/router/embedded/embedded.ts';
import type { AppTable } from '../src/router/table.ts';
import { routerOptions, upstreamPolicy } from './lib/router-options.ts';

const quick = process.argv.includes('--quick');
/** A short run, on a machine that does other things, says little: there only CPU is judged, and only what is wrong by far. */
const slack = quick ? 2.5 : 1;

const path = '/.teal/ofrep/v1/evaluate/flags';
const there = {
  or: [{ '==': [{ var: 'teal.cohort' }, 'candidate'] }, { in: ['beta', { var: 'teal.groups' }] }],
};

function setOf(count: number, version: string): FlagSet {
  const flags = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `flag-${index}`,
      {
        state: 'ENABLED' as const,
        variants: { on: true, off: false },
        defaultVariant: 'off' as const,
        targeting: { if: [there, 'on'] },
        metadata: { stage: 'open', with: 'v2', owner: 'team' } satisfies Partial<
          Record<keyof Feature | 'stage', string>
        >,
      },
    ]),
  );
  return { flags, metadata: { flagSetId: 'bench', version } };
}

const tableOf = (set: FlagSet, epoch: string): FlagTable => ({ set, epoch, audiences: [], shares: false });

const appTable = (flags: FlagTable): AppTable => ({
  app: 'bench',
  live: 'blue',
  routes: [{ role: 'web', hosts: [], paths: ['/'] }],
  environments: {
    blue: { version: 'v1', endpoints: [{ id: 'a', role: 'web', host: '127.0.0.1', port: 9 }] },
    green: null,
  },
  maintenance: null,
  previewKey: Buffer.alloc(32).toString('base64url'),
  flags,
  drain: { streams: 'drain', deadlineMs: 1000 },
  upstream: upstreamPolicy(5000),
});

const problems: string[] = [];
/** What a clock on the wall says: judged in a full run only, on a machine that does nothing else. */
const byTheClock = /^(?:from|p99) /;
function figure(name: string, value: number, goal: number, unit: string): void {
  const good = value <= goal * slack || (quick && byTheClock.test(name));
  console.log(
    `${good ? '✓' : '✗'} ${name.padEnd(62)}${value.toFixed(2).padStart(9)} ${unit.padEnd(3)} goal ≤ ${goal}`,
  );
  if (!good) problems.push(name);
}

const median = (values: readonly number[]): number => quantile(values, 0.5);
const quantile = (values: readonly number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? Number.NaN;

local();
loading();
const folder = mkdtempSync(join(tmpdir(), 'teal-bench-flags-'));
const router = await EmbeddedRouter.start(routerOptions(folder, { workers: 1, idleTimeoutMs: 60_000 }));
try {
  await router.apply({ generation: 1, apps: [appTable(tableOf(setOf(20, 'a'), 'a'))] });
  const { listen, workers } = await router.status();
  const port = listen[0]?.port ?? 0;
  await serving(port, workers[0]?.pid ?? 0);
  await telling(port);
} finally {
  await router.shutdown(0);
  router.close();
  rmSync(folder, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(`Short of the goal: ${problems.join('; ')}`);
  process.exitCode = 1;
}

/** Rounds alternate, so that what else runs on the machine is in both. */
function local(): void {
  const set = setOf(1, 'a');
  const core = new FlagdCore(undefined, undefined, { disableDynamicCodeGeneration: true });
  core.setConfigurations(JSON.stringify(set));
  const flags = new Flags(set);
  const context = { targetingKey: 'a', teal: { cohort: 'live', bucket: 5, groups: ['staff'] } };
  const calls = quick ? 20_000 : 100_000;
  const took = (call: () => unknown): number => {
    const from = process.cpuUsage();
    for (let index = 0; index < calls; index++) call();
    const { user, system } = process.cpuUsage(from);
    return (user + system) / calls;
  };
  const bare = (): unknown => core.getFlag('flag-0')?.evaluate(context);
  const ours = (): unknown => flags.evaluate('flag-0', context);
  took(bare);
  took(ours);
  const pairs = Array.from({ length: quick ? 5 : 15 }, () => [took(ours), took(bare)] as const);
  const [a, b] = [median(pairs.map(([one]) => one)), median(pairs.map(([, two]) => two))];
  console.log(`  an evaluation: ${a.toFixed(2)} µs; by flagd-core alone: ${b.toFixed(2)} µs`);
  figure('an evaluation, as a multiple of flagd-core alone', a / b, 1.5, '×');
}

function loading(): void {
  const text = JSON.stringify(setOf(10_000, 'a'));
  const times = Array.from({ length: 5 }, () => {
    const from = process.cpuUsage();
    const flags = new Flags(JSON.parse(text) as FlagSet);
    flags.evaluate('flag-9999', {});
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1000;
  });
  figure('CPU for 10 000 flags read and ready, one evaluated', median(times), 300, 'ms');
}

/** CPU of the worker per request, beside an answer without content of the same server. */
async function serving(port: number, pid: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const ask = (empty: boolean): Promise<number> =>
    new Promise((resolve, reject) => {
      const from = performance.now();
      const body = empty ? '' : '{"context":{"targetingKey":"user-1"}}';
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const asked = request(
        {
          agent,
          port,
          host: '127.0.0.1',
          method: empty ? 'OPTIONS' : 'POST',
          path: `${path}/flag-7`,
          headers,
        },
        (response) => {
          response.resume().on('end', () => resolve(performance.now() - from));
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  const count = quick ? 2000 : 20_000;
  const round = async (empty: boolean): Promise<{ cpu: number; seconds: number }> => {
    const [before, from] = [cpuOf(pid), performance.now()];
    let left = count;
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        while (left-- > 0) await ask(empty);
      }),
    );
    return { cpu: ((cpuOf(pid) - before) * 1000) / count, seconds: (performance.now() - from) / 1000 };
  };
  await round(true);
  await round(false);
  const rounds: { ours: number; empty: number; seconds: number }[] = [];
  for (let index = 0; index < (quick ? 2 : 5); index++) {
    const [ours, empty] = [await round(false), await round(true)];
    rounds.push({ ours: ours.cpu, empty: empty.cpu, seconds: ours.seconds });
  }
  const [a, b] = [median(rounds.map(({ ours }) => ours)), median(rounds.map(({ empty }) => empty))];
  console.log(`  CPU of a request: ${a.toFixed(1)} µs; of an empty answer: ${b.toFixed(1)} µs`);
  figure('CPU of a request for a flag, as a multiple of an empty answer', a / b, 1.5, '×');
  const most = count / median(rounds.map(({ seconds }) => seconds));
  const [flag, empty] = [await paced(most / 2, () => ask(false)), await paced(most / 2, () => ask(true))];
  console.log(
    `  p99 at ${Math.round(most / 2)} requests/s: ${flag.toFixed(1)} ms; of an empty answer: ${empty.toFixed(1)} ms`,
  );
  figure('p99 at half of its maximum, as a multiple of an empty answer', flag / empty, 3, '×');
  agent.destroy();
}

/** An open loop. @returns p99 in milliseconds */
async function paced(perSecond: number, ask: () => Promise<number>): Promise<number> {
  const all: Promise<number>[] = [];
  const [from, total] = [performance.now(), perSecond * (quick ? 1 : 5)];
  while (all.length < total) {
    const due = Math.min(total, ((performance.now() - from) / 1000) * perSecond);
    while (all.length < due) all.push(ask());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return quantile(await Promise.all(all), 0.99);
}

/** Milliseconds of user and system, as the kernel counts them: in hundredths of a second. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** From the table that takes a release back to the page that has the values of it: told by its stream, and asked anew. */
async function telling(port: number): Promise<void> {
  const base = `http://127.0.0.1:${port}`;
  const pages = 100;
  const gone = new AbortController();
  let expected = '';
  let began = 0;
  let waiting = 0;
  let all: () => void = () => undefined;
  const times: number[] = [];
  const told: number[] = [];
  const page = async (): Promise<void> => {
    const response = await fetch(`${base}/.teal/ofrep/v1/events?epoch=a`, { signal: gone.signal });
    assert.ok(response.body);
    for await (const chunk of response.body) {
      if (!Buffer.from(chunk as Uint8Array).includes(expected) || expected === '') continue;
      told.push(performance.now() - began);
      const answer = await fetch(`${base}${path}`, { method: 'POST', body: '{}' });
      await answer.text();
      times.push(performance.now() - began);
      if (--waiting === 0) all();
    }
  };
  const open = Array.from({ length: pages }, () => page().catch(() => undefined));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const flips = quick ? 10 : 100;
  for (let flip = 0; flip < flips; flip++) {
    const epoch = `flip-${flip}-`;
    const { promise, resolve } = Promise.withResolvers<void>();
    [expected, waiting, all] = [epoch, pages, resolve];
    began = performance.now();
    await router.apply({ generation: flip + 2, apps: [appTable(tableOf(setOf(20, epoch), epoch))] });
    await promise;
  }
  gone.abort();
  await Promise.all(open);
  console.log(
    `  ${flips} changes to ${pages} pages: told after ${median(told).toFixed(1)} ms (p95 ${quantile(told, 0.95).toFixed(1)}), has it after ${median(times).toFixed(1)} ms, all pages being in one process`,
  );
  figure('from a rollback to an open page that has it, p95', quantile(times, 0.95), 100, 'ms');
}
