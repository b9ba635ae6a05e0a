/**
 * Hours of traffic in minutes: everything that goes through the router at once, while releases come and go. Everything
 * is counted, and nothing may be lost or grow. bench/README.md says how. Exit code 1 when short of a goal.
 *
 *   npm run soak                       30 minutes; raw figures to bench/results/
 *   npm run soak -- --minutes 10       as many; below 9 the growth of memory is not judged
 *   npm run soak -- --quick            a minute; nothing is written
 *   npm run soak -- --json             one document instead of the table
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EmbeddedRouter } from '../src/router/embedded/embedded.ts';
import { makeCertificate, speaksH2 } from './lib/certificate.ts';
import { Child } from './lib/child.ts';
import { withProbes } from './lib/probes.ts';
import { machine, saveRun } from './lib/results.ts';
import { routerOptions } from './lib/router-options.ts';
import type { LoadAsk, Tallies } from './soak/load-process.ts';
import { planOf } from './soak/plan.ts';
import { nothing, sum, type Tally, type Target } from './soak/protocol.ts';
import { Releases } from './soak/releases.ts';
import { reportOf } from './soak/report.ts';
import { resultOf, type Measured } from './soak/verdict.ts';
import { Watch } from './soak/watch.ts';
import { interrupted, interruptible } from './lib/interruptible.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    quick: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});

/** With its ends, about 70 s in all. */
const quickMinutes = 0.75;
const plan = planOf(values.quick ? quickMinutes : Number(values.minutes));
if (!(plan.minutes > 0)) throw new Error(`--minutes must be above 0, not ${values.minutes}`);
/** Requests under way at a known moment: 1 % of them is two. */
const heldRequests = 200;
const heldName = 'held, to be looked at';
const stopMs = 5_000;
/** For sockets to be closed and looked through again. */
const patienceMs = 15_000;

const tell = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
};

/** All that runs beside this process. */
interface Stage {
  readonly router: EmbeddedRouter;
  readonly origin: Child;
  readonly load: Child;
  readonly releases: Releases;
  readonly watch: Watch;
  readonly target: Target;
}

async function main(): Promise<void> {
  const at = new Date();
  const folder = await mkdtemp(join(tmpdir(), 'teal-soak-'));
  const owned: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const measured = await measure(await start(folder, owned));
    const result = resultOf(measured);
    tell('');
    if (values.json) console.log(JSON.stringify({ ...result, ...measured, looks: undefined }, null, 2));
    else console.log(reportOf(result, measured));
    if (!values.quick) {
      const file = await saveRun('soak', at, { machine: machine(), plan, ...result, ...measured });
      if (!values.json) console.log(`raw figures: ${file}`);
    }
    if (result.short.length > 0) process.exitCode = 1;
  } finally {
    for (const close of owned.toReversed()) await close();
  }
}

async function start(folder: string, owned: (() => Promise<void>)[]): Promise<Stage> {
  const probes = join(folder, 'probes');
  await mkdir(probes);
  const origin = await Child.start(new URL('soak/origin-process.ts', import.meta.url));
  owned.push(() => origin.close());
  const certificate = await makeCertificate(folder);
  const load = await Child.start(new URL('soak/load-process.ts', import.meta.url), {
    env: { NODE_EXTRA_CA_CERTS: certificate.certificate },
  });
  owned.push(() => load.close());
  const router = await withProbes(probes, () =>
    EmbeddedRouter.start(
      routerOptions(folder, {
        workers: Number(values.workers),
        idleTimeoutMs: 60_000,
        certificate,
        h2c: true,
      }),
    ),
  );
  owned.push(() => router.shutdown(stopMs));
  const { listen, ...status } = await router.status();
  const port = listen.find(({ secure }) => !secure)?.port ?? 0;
  const over = listen.find(({ secure }) => secure)?.port ?? 0;
  const h2c = status.h2c[0]?.port ?? 0;
  const secure = { port: over, ca: certificate.certificate, h2: await speaksH2(over) };
  const releases = new Releases({ router, origin, hear: (news) => load.tell(news) });
  await releases.begin();
  const watch = new Watch(router, { probes, ports: [port, over, h2c] });
  return { router, origin, load, releases, watch, target: { port, secure, h2c } };
}

async function measure(stage: Stage): Promise<Measured> {
  const tallies: Record<string, Tally> = {};
  const count = (name: string, tally: Tally): void => {
    tallies[name] = sum(tallies[name] ?? nothing, tally);
  };
  for (let part = 1; part <= plan.parts; part += 1) {
    interrupted.throwIfAborted();
    for (const [name, tally] of Object.entries(await traffic(stage, part))) count(name, tally);
    await quiet(stage, part);
    count(heldName, await held(stage, part));
  }
  const { releases, watch } = stage;
  return {
    full: plan.full,
    tallies,
    releases: releases.tally,
    looks: watch.looks,
    replaced: watch.replaced,
  };
}

/** Everything at once, for one part of the run. */
async function traffic(stage: Stage, part: number): Promise<Tallies> {
  const ask = (question: LoadAsk): Promise<unknown> => stage.load.ask(question);
  await ask({ kind: 'start', target: stage.target });
  const over = AbortSignal.any([AbortSignal.timeout(plan.partMs), interrupted]);
  await Promise.all([stage.releases.run(over, plan.releaseMs), look(stage, part, over)]);
  return (await ask({ kind: 'stop' })) as Tallies;
}

async function look(stage: Stage, part: number, over: AbortSignal): Promise<void> {
  const until = performance.now() + plan.partMs;
  while (!over.aborted) {
    await sleep(plan.sampleMs, null, { signal: over }).catch(() => null);
    if (over.aborted) return;
    await stage.watch.look('load', part);
    const left = Math.max(0, Math.round((until - performance.now()) / 1000));
    tell(`part ${part} of ${plan.parts}, ${left} s to go, ${stage.releases.tally.switches} switches`);
  }
}

/** Nothing under way, and no connection is kept any more. */
async function quiet({ watch }: Stage, part: number): Promise<void> {
  tell(`part ${part}: a look in quiet`);
  await until('every connection is closed', async () => {
    const { clients, upstreams } = await watch.connections();
    return clients === 0 && upstreams === 0;
  });
  for (let index = 0; index < plan.quietSamples; index += 1) {
    await watch.look('quiet', part);
    await sleep(200);
  }
}

async function held({ load, origin, target, watch }: Stage, part: number): Promise<Tally> {
  await load.ask({ kind: 'hold', target, connections: heldRequests } satisfies LoadAsk);
  await until(
    `${heldRequests} requests are held`,
    async () => (await origin.ask({ kind: 'held' })) === heldRequests,
  );
  await watch.look('held', part);
  await origin.ask({ kind: 'let-go' });
  return (await load.ask({ kind: 'release' } satisfies LoadAsk)) as Tally;
}

/** A leak may never let it become so: then the next looks tell. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + patienceMs; !(await holds()); await sleep(100)) {
    interrupted.throwIfAborted();
    if (performance.now() < deadline) continue;
    console.error(`after ${patienceMs / 1000} s not so: ${what}`);
    return;
  }
}

await interruptible(main);
