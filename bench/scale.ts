/**
 * A thousand apps, fifty of them in the middle of a canary: how long does a rollback of one take? bench/README.md says how.
 * Exit code 1 when short of a goal.
 *
 *   npm run bench:scale                 100 rollbacks, about 4 minutes; raw figures to bench/results/
 *   npm run bench:scale -- --quick      16 of them; nothing is written
 *   npm run bench:scale -- --apps 10    the same with few: what the number of apps costs
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Client } from '../src/cli/client.ts';
import type { Sample } from '../src/load/samples.ts';
import { distribution, timeOf, type Distribution, type Move } from './lib/analysis.ts';
import { epochNow } from './lib/clock.ts';
import { startTeal, type Installation } from './lib/installation.ts';
import { interrupted, interruptible } from './lib/interruptible.ts';
import { startLoad } from './lib/load.ts';
import { machine, saveRun } from './lib/results.ts';
import { startOrigins } from './scale/origins.ts';
import { idleUsage, type Usage } from './scale/processes.ts';
import { all, forEach, hostOf, isBack, isCanary, isPromoted, nameOf, tester, yamlOf } from './scale/stage.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    apps: { type: 'string', default: '1000' },
    canaries: { type: 'string', default: '50' },
  },
});

const asked = {
  apps: Number(values.apps),
  canaries: Math.min(Number(values.canaries), Math.floor(Number(values.apps) / 2)),
  /** Of running canaries, and as many of versions that are live. */
  rollbacks: values.quick ? 8 : 50,
  rps: 250,
  idleMs: values.quick ? 3_000 : 15_000,
};
const goals = { p95Ms: 100, probesPerSecond: 200 } as const;
const beforeMs = 500;
const afterMs = 400;

interface Rollback {
  readonly app: string;
  readonly of: 'canary' | 'live';
  readonly ms: number | null;
  readonly apiMs: number;
  readonly probes: number;
  readonly failed: number;
  /** How far the clock of the load is ahead, in milliseconds. */
  readonly skew: number;
}

interface Measured {
  readonly firstStartMs: number;
  readonly deployMs: number;
  readonly restartMs: number;
  readonly idle: readonly Usage[];
  readonly rollbacks: readonly Rollback[];
}

async function measure(installation: Installation, firstStartMs: number): Promise<Measured> {
  const { client } = installation;
  const apps = Array.from({ length: asked.apps }, (_, index) => nameOf(index));
  const deployMs = await timed(async () => {
    await forEach(apps, (app) => client.command(app, 'deploy', { version: 'v1' }));
    await all(client, apps, 'v1 is live', ({ release }) => release?.status === 'completed');
  });
  tell(`v1 of ${asked.apps} apps is live`);
  const canaries = apps.slice(0, asked.canaries);
  await forEach(canaries, (app) => client.command(app, 'deploy', { version: 'v2' }));
  await all(client, canaries, 'v2 is on 5 %', isCanary);
  const live = apps.slice(asked.canaries, asked.canaries + Math.min(asked.rollbacks, asked.canaries));
  await forEach(live, (app) => client.command(app, 'deploy', { version: 'v2' }));
  await all(client, live, 'v2 is on 5 %', isCanary);
  await forEach(live, (app) => client.command(app, 'promote', { full: true }));
  await all(client, live, 'v2 is live', isPromoted);
  tell(`${canaries.length} canaries are running, and ${live.length} versions can be taken back`);
  const restartMs = await installation.restart();
  await sleep(2_000);
  const idle = await idleUsage(client, asked.idleMs);
  const rollbacks: Rollback[] = [];
  for (let index = 0; index < asked.rollbacks; index += 1) {
    const canary = canaries[index % canaries.length] as string;
    rollbacks.push(await rollback(installation, canary, 'canary'));
    // As many canaries as before.
    await all(client, [canary], 'it is back', isBack);
    await client.command(canary, 'deploy', { version: 'v2' });
    await all(client, [canary], 'v2 is on 5 % again', isCanary);
    const promoted = live[index];
    if (promoted !== undefined) rollbacks.push(await rollback(installation, promoted, 'live'));
    tell(`${rollbacks.length} rollbacks`);
  }
  return { firstStartMs, deployMs, restartMs, idle, rollbacks };
}

/** Under the load of those who are on the version that goes. */
async function rollback({ client, url }: Installation, app: string, of: Rollback['of']): Promise<Rollback> {
  interrupted.throwIfAborted();
  const load = await startLoad({
    url,
    rps: asked.rps,
    connections: 8,
    headers: { host: hostOf(app), ...tester },
  });
  try {
    // Its answer says that the load has begun, too.
    const skew = await load.skew();
    await sleep(beforeMs);
    const at = epochNow();
    await client.command(app, 'rollback', {});
    const answeredAt = epochNow();
    await sleep(afterMs);
    const { samples, failed } = await load.stop();
    const started = samples
      .filter(({ outcome }) => outcome === 'answered')
      .toSorted((one, two) => one.sentAt - two.sentAt);
    const move: Move = { kind: 'rollback', from: 'v2', to: 'v1', at, answeredAt };
    if (!hadOld(started, at)) throw new Error(`${app}: nobody was on v2 before its rollback`);
    return {
      app,
      of,
      ms: timeOf(move, started, Infinity).ms,
      apiMs: answeredAt - at,
      probes: started.filter(({ sentAt }) => sentAt >= at && sentAt < at + afterMs).length,
      failed,
      skew,
    };
  } finally {
    await load.close();
  }
}

const hadOld = (started: readonly Sample[], at: number): boolean =>
  started.some(({ sentAt, version }) => sentAt < at && version === 'v2');

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const tell = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
};

function shortOf({ rollbacks }: Measured): readonly string[] {
  const least = (goals.probesPerSecond * afterMs) / 1000;
  return [
    ...(['canary', 'live'] as const).flatMap((of) => {
      const { p95 } = times(rollbacks, of);
      return p95 <= goals.p95Ms
        ? []
        : [`p95 of rollbacks of ${of}: ${p95.toFixed(1)} ms, not ${goals.p95Ms}`];
    }),
    ...rollbacks.flatMap(({ app, probes, failed, skew }) => [
      ...(Math.abs(skew) <= 1
        ? []
        : [`the clocks were ${skew.toFixed(2)} ms apart at the rollback of ${app}`]),
      ...(failed === 0 ? [] : [`${failed} requests failed at the rollback of ${app}`]),
      ...(probes >= least ? [] : [`only ${probes} probes after the rollback of ${app}`]),
    ]),
  ];
}

const times = (rollbacks: readonly Rollback[], of: Rollback['of']): Distribution =>
  distribution(rollbacks.filter((each) => each.of === of).map(({ ms }) => ms));

function report(measured: Measured, short: readonly string[]): string {
  const { rollbacks, idle } = measured;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const line = (label: string, { count, median, p95, max }: Distribution): string =>
    `${label.padEnd(30)}${[count, median.toFixed(1), p95.toFixed(1), max.toFixed(1)].map((each) => String(each).padStart(9)).join('')}`;
  return [
    `${'time to roll back, ms'.padEnd(30)}${['count', 'median', 'p95', 'max'].map((each) => each.padStart(9)).join('')}`,
    line('of a canary', times(rollbacks, 'canary')),
    line('of a version that is live', times(rollbacks, 'live')),
    line('the command, answered', distribution(rollbacks.map(({ apiMs }) => apiMs))),
    '',
    ...idle.map(
      ({ name, cpu, rssMiB }) =>
        `${`${name}, idle`.padEnd(30)}${cpu.toFixed(1).padStart(7)} % CPU ${rssMiB.toFixed(0).padStart(6)} MiB`,
    ),
    '',
    `start     ${seconds(measured.firstStartMs)} with nothing yet, ${seconds(measured.restartMs)} with all of it`,
    `deploys   v1 of all apps took ${seconds(measured.deployMs)}`,
    '',
    ...(short.length === 0 ? ['all goals are met'] : short.map((words) => `SHORT OF A GOAL: ${words}`)),
  ].join('\n');
}

async function main(): Promise<void> {
  const at = new Date();
  console.log(
    `${asked.apps} apps, ${asked.canaries} running canaries, probed at ${asked.rps} requests/s during each rollback`,
  );
  const origins = await startOrigins(['v1', 'v2']);
  try {
    const began = performance.now();
    const installation = await startTeal((port) => yamlOf(port, asked.apps, origins.addresses));
    const firstStartMs = performance.now() - began;
    try {
      await warm(installation.client);
      const measured = await measure(installation, firstStartMs);
      const short = shortOf(measured);
      tell('');
      console.log(report(measured, short));
      if (!values.quick) {
        const file = await saveRun('scale', at, { machine: machine(), asked, ...measured, short });
        console.log(`raw figures: ${file}`);
      }
      if (short.length > 0) process.exitCode = 1;
    } finally {
      await installation.close();
    }
  } finally {
    await origins.close();
  }
}

/** It answers before all of it has been looked at once. */
const warm = async (client: Client): Promise<void> => void (await client.doctor());

await interruptible(main);
