/**
 * Teal's router beside other proxies: what a request costs, and how long it takes. bench/README.md says how.
 * Exit code 1 when short of a goal.
 *
 *   npm run bench:router                 everything, about 10 minutes on a quiet machine; raw figures to bench/results/
 *   npm run bench:router -- --quick      3 short rounds of small GETs, and of a canary; nothing is written
 *   npm run bench:router -- --only large one scenario of bench/router/scenarios.ts; nothing is written
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, saveRun } from './lib/results.ts';
import { keepAwake } from './router/awake.ts';
import { startFarSide, type FarSide } from './router/far-side-process.ts';
import { shortOf, spread, type Latency, type Measured, type Sample } from './router/figures.ts';
import { makePeople } from './router/people.ts';
import { canary } from './router/peers/canary.ts';
import { caddy } from './router/peers/caddy.ts';
import { envoy } from './router/peers/envoy.ts';
import { haproxy } from './router/peers/haproxy.ts';
import { kamalProxy } from './router/peers/kamal-proxy.ts';
import { nginx } from './router/peers/nginx.ts';
import { versionOf, type Peer, type Running } from './router/peers/peer.ts';
import { teal } from './router/peers/teal.ts';
import { install as h2loadInstall } from './router/h2load.ts';
import { makeCertificate, type Certificate } from './lib/certificate.ts';
import { cores, pinChildren } from './router/pin.ts';
import { idleConnections, latencyRounds, scenarioRounds, takesPart, type Stage } from './router/rounds.ts';
import { latencyGoal, scenarios, type Scenario, type ScenarioName } from './router/scenarios.ts';
import { conclusion, idleTable, latencyTable, scenarioTable } from './router/table.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const some = values.quick ? ['small', 'canary'] : values.only === undefined ? null : [values.only];

const on = cores();
const people = makePeople();
const peers = [haproxy, nginx, caddy, kamalProxy, envoy, teal(on.load), canary(on.load, people)];
const plan = {
  /** Of each proxy in each round; wrk knows whole seconds only. */
  ms: values.quick ? 1_000 : 2_000,
  smallRounds: values.quick ? 3 : latencyGoal.rounds,
  bodyRounds: 5,
  latencyMs: 2_000,
  idleConnections: 5_000,
};
/** A machine this busy with other things measures those as well. */
const busy = 0.5;
/** A proxy that has no more to give than this, as a multiple of the fixed rate, would only show its queue. */
const headroom = 1.25;

const h2loadVersion = versionOf('h2load', '--version');

const tell = (what: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
};
const print = (text: string): void => {
  tell('');
  console.log(text);
};

/** The proxies in front of the origin, each in a folder of its own. */
class Proxies {
  readonly #folder: string;
  readonly #certificate: Certificate;
  #running: Running[] = [];
  #starts = 0;

  constructor(folder: string, certificate: Certificate) {
    this.#folder = folder;
    this.#certificate = certificate;
  }

  async start(installed: readonly Peer[], farSide: FarSide): Promise<readonly Running[]> {
    await this.stop();
    this.#starts += 1;
    for (const peer of installed) {
      interrupted.throwIfAborted();
      tell(`starting ${peer.name}`);
      const folder = join(this.#folder, `${peer.name}-${this.#starts}`);
      await mkdir(folder);
      this.#running.push(
        await peer.start({
          folder,
          origin: farSide.port,
          core: on.proxy,
          certificate: this.#certificate,
        }),
      );
    }
    return this.#running;
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = [];
    const ends = await Promise.allSettled(running.map((each) => each.stop()));
    for (const ended of ends) if (ended.status === 'rejected') throw ended.reason;
  }
}

async function measureSome(stage: Stage, names: readonly string[]): Promise<Measured> {
  const which = scenarios.filter(({ name }) => names.includes(name));
  if (which.length === 0)
    throw new Error(`${names.join()}: the scenarios are ${scenarios.map(({ name }) => name).join(', ')}`);
  return { full: false, samples: await measureScenarios(stage, which), latency: null, idle: [] };
}

async function measureScenarios(
  stage: Stage,
  which: readonly Scenario[],
): Promise<Readonly<Partial<Record<ScenarioName, readonly Sample[]>>>> {
  const samples: Partial<Record<ScenarioName, readonly Sample[]>> = {};
  for (const scenario of which) {
    // Small requests cost little, and a round of them says the less: more of them where something is promised.
    const promised = scenario.path === '/small' && Object.keys(scenario.goals).length > 0;
    const rounds = promised ? plan.smallRounds : plan.bodyRounds;
    const taken = await scenarioRounds(stage, scenario, { rounds, ms: plan.ms });
    samples[scenario.name] = taken;
    print(scenarioTable(scenario, taken, plan.ms));
  }
  return samples;
}

/** At half of what the slower of Teal and HAProxy can do. */
async function measureLatency(stage: Stage, small: readonly Sample[]): Promise<Latency> {
  const most = (proxy: string): number =>
    spread(small.filter((each) => each.proxy === proxy).map(({ rate }) => rate)).median;
  const pair = ['teal', 'haproxy'].map(most).filter((rate) => rate > 0);
  const rate = Math.round(Math.min(...pair) / 2);
  const proxies = stage.proxies.filter((each) => takesPart(each, {}) && most(each.name) >= headroom * rate);
  const latency = await latencyRounds(
    { ...stage, proxies },
    { rate, rounds: latencyGoal.rounds, ms: plan.latencyMs },
  );
  print(latencyTable(latency));
  return latency;
}

async function measureAll(
  stage: Omit<Stage, 'proxies'>,
  start: () => Promise<readonly Running[]>,
): Promise<Measured> {
  const proxies = (await start()).filter((each) => takesPart(each, {}));
  const idle = await idleConnections({ ...stage, proxies }, plan.idleConnections);
  print(idleTable(idle));
  const fresh = { ...stage, proxies: await start() };
  const samples = await measureScenarios(
    fresh,
    scenarios.filter(({ over }) => over !== 'h2' || h2loadVersion !== null),
  );
  const latency = await measureLatency(fresh, samples.small ?? []);
  return { full: true, samples, latency, idle };
}

async function main(): Promise<void> {
  const at = new Date();
  const installed = peers.map((peer) => ({ peer, version: peer.version() }));
  const there = installed.filter(({ version }) => version !== null);
  const missing = installed.filter(({ version, peer }) => version === null && peer.install !== null);
  const before = machine();
  const load = loadavg()[0] ?? 0;
  print(`${cpus()[0]?.model ?? 'unknown CPU'} · proxy on core ${on.proxy}, load and origin on ${on.load}`);
  if (load > busy)
    print(
      `THE MACHINE IS BUSY (load average ${load.toFixed(1)}): these figures hold for nothing but this run`,
    );
  for (const { peer, version } of there) print(`${peer.name.padEnd(22)}${version}`);
  for (const { peer } of missing)
    print(`${peer.name.toUpperCase()} IS NOT INSTALLED and is left out: ${peer.install}`);
  if (h2loadVersion === null && (some === null || some.includes('h2')))
    print(`H2LOAD IS NOT INSTALLED and HTTP/2 is left out: ${h2loadInstall}`);
  print('');
  const folder = await mkdtemp(join(tmpdir(), 'teal-bench-router-'));
  // A worker of nginx may run as somebody else.
  await chmod(folder, 0o755);
  const proxies = new Proxies(folder, await makeCertificate(folder));
  pinChildren(on.load);
  const farSide = await startFarSide(on.load);
  const letSleep = keepAwake(on.load);
  try {
    const stage = { farSide, loadCores: on.load, folder, people, signal: interrupted, tell };
    const start = (): Promise<readonly Running[]> =>
      proxies.start(
        there.map(({ peer }) => peer),
        farSide,
      );
    const measured =
      some === null
        ? await measureAll(stage, start)
        : await measureSome({ ...stage, proxies: await start() }, some);
    print(
      conclusion(
        measured,
        missing.map(({ peer }) => peer.name),
      ),
    );
    if (shortOf(measured).length > 0) process.exitCode = 1;
    if (measured.full) {
      const versions = Object.fromEntries(there.map(({ peer, version }) => [peer.name, version]));
      print(
        `raw figures: ${await saveRun('router', at, { machine: before, after: loadavg(), versions, plan, ...measured })}`,
      );
    }
  } finally {
    letSleep();
    await proxies.stop().finally(() => farSide.close());
    await rm(folder, { recursive: true, force: true });
  }
}

const interrupt = new AbortController();
const interrupted = interrupt.signal;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupt.abort(new Error(`ended by ${signal}`)));
}
try {
  if (versionOf('wrk', '-v') === null) throw new Error('wrk makes the load: apt-get install wrk');
  await main();
} catch (error) {
  if (interrupted.aborted) console.error(String(interrupted.reason));
  else console.error(error);
  process.exitCode = 1;
}
