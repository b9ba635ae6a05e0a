/** The rounds: every proxy in turn, so that what disturbs the machine falls on all of them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FarSide } from './far-side-process.ts';
import { floor, isUnsteady, type Idle, type Latency, type LatencyRound, type Sample } from './figures.ts';
import type { Running } from './peers/peer.ts';
import { cpuOf, memoryOf } from './processes.ts';
import type { People } from './people.ts';
import { canaryName, type Scenario } from './scenarios.ts';
import { loadAt, portFor } from './load-at.ts';

/** What is measured, and where. */
export interface Stage {
  readonly farSide: FarSide;
  readonly proxies: readonly Running[];
  readonly loadCores: string;
  /** For files that are made on the way. */
  readonly folder: string;
  readonly people: People;
  readonly signal: AbortSignal;
  /** Told what is under way. */
  readonly tell: (what: string) => void;
}

/** Enough for a JIT to have seen every path. */
const warmUpMs = 2_000;

export async function scenarioRounds(
  stage: Stage,
  scenario: Scenario,
  plan: { readonly rounds: number; readonly ms: number },
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const able = stage.proxies.filter(
    (proxy) => portFor(proxy, scenario) !== null && takesPart(proxy, scenario),
  );
  for (const proxy of able) {
    stage.tell(`${scenario.label}: warming ${proxy.name} up`);
    const people = scenario.people === true ? peopleOf(stage, proxy) : null;
    await loadAt(stage.loadCores, portFor(proxy, scenario) ?? 0, { scenario, ms: warmUpMs, people });
  }
  // The origin has no TLS: there is no floor for that.
  const all = scenario.over === 'http' ? [null, ...able] : able;
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const proxy of all) {
      stage.signal.throwIfAborted();
      stage.tell(`${scenario.label}: round ${round} of ${plan.rounds}, ${proxy?.name ?? floor}`);
      samples.push({ round, ...(await sample(stage, proxy, { scenario, ms: plan.ms })) });
    }
  }
  return samples;
}

/** What is there for one comparison only would cost the others time. */
export function takesPart({ name }: Pick<Running, 'name'>, { among }: Pick<Scenario, 'among'>): boolean {
  return among === undefined ? name !== canaryName : among.includes(name);
}

/** The file with who asks this proxy: people whom it has given cookies bring them along. */
function peopleOf({ folder, people }: Stage, proxy: Running | null): string {
  const name = proxy?.cookies === undefined ? 'people' : `people-of-${proxy.port}`;
  const file = join(folder, `${name}.txt`);
  writeFileSync(file, (proxy?.cookies ?? people.cookies).join('\n'));
  return file;
}

async function sample(
  stage: Stage,
  proxy: Running | null,
  { scenario, ms }: { readonly scenario: Scenario; readonly ms: number },
): Promise<Omit<Sample, 'round'>> {
  const { farSide, loadCores } = stage;
  const people = scenario.people === true ? peopleOf(stage, proxy) : null;
  const load = { scenario, ms, people };
  const port = proxy === null ? farSide.port : (portFor(proxy, load.scenario) ?? 0);
  const { idle = 0 } = load.scenario;
  if (idle > 0) await farSide.hold(port, idle);
  const before = proxy === null ? 0 : cpuOf(proxy.pid);
  const result = await loadAt(loadCores, port, load);
  const taken = {
    proxy: proxy?.name ?? floor,
    cpu: proxy === null ? null : (cpuOf(proxy.pid) - before) / result.requests,
    rate: result.requests / result.seconds,
    p50: result.p50,
    p99: result.p99,
    errors: result.errors,
    memory: proxy === null ? null : memoryOf(proxy.pid),
  };
  if (idle > 0) await farSide.release();
  return taken;
}

/** Enough that no request has to wait for a connection while the proxy keeps up. */
const openLoopConnections = 64;

/** @param rounds how many steady ones are asked; at most as many again are tried */
export async function latencyRounds(
  stage: Stage,
  plan: { readonly rate: number; readonly rounds: number; readonly ms: number },
): Promise<Latency> {
  const { rate, ms } = plan;
  const at = (port: number): ReturnType<FarSide['openLoop']> =>
    stage.farSide.openLoop({ port, rate, ms, connections: openLoopConnections });
  const rounds: LatencyRound[] = [];
  const steady = (): number => rounds.filter(({ unsteady }) => !unsteady).length;
  while (steady() < plan.rounds && rounds.length < 2 * plan.rounds) {
    stage.tell(`fixed rate: round ${rounds.length + 1}, ${steady()} of ${plan.rounds} were steady`);
    const before = await at(stage.farSide.port);
    const proxies: Record<string, LatencyRound['proxies'][string]> = {};
    for (const { name, port } of stage.proxies) {
      stage.signal.throwIfAborted();
      const { p50, p99, failed } = await at(port);
      proxies[name] = { p50, p99, failed };
    }
    const floors = [before.p99, (await at(stage.farSide.port)).p99] as const;
    rounds.push({ floors, unsteady: isUnsteady(floors), proxies });
  }
  return { rate, rounds };
}

/** For memory that is given back late, and for accepts that are still under way. */
const settleMs = 1_500;

/** Of proxies that have just been started: memory that load has left behind would hide what connections cost. */
export async function idleConnections(stage: Stage, connections: number): Promise<readonly Idle[]> {
  const results: Idle[] = [];
  for (const { name, pid, port } of stage.proxies) {
    stage.signal.throwIfAborted();
    stage.tell(`${connections} idle connections: ${name}`);
    const before = memoryOf(pid);
    await stage.farSide.hold(port, connections);
    await sleep(settleMs);
    results.push({ proxy: name, connections, before, with: memoryOf(pid) });
    await stage.farSide.release();
  }
  return results;
}
