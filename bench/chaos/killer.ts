import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppStatus, EnvironmentStatus } from '../../src/control/contract.ts';
import { colours } from '../../src/release/state.ts';
import type { Crowd } from '../../test/acceptance/clients/crowd.ts';
import { childrenOf, clientPortsOf, connectionsTo, isAlive, kill } from '../../test/acceptance/processes.ts';
import type { Kill } from './blame.ts';
import { app, type Site } from './site.ts';

/** Pauses between kills, in milliseconds: so many in five minutes, with time for what is killed to come back. */
const shortestPause = 500;
const longestPause = 2600;
const pollMs = 20;
/** For connections of a killed process to be seen as closed. */
const closedMs = 10_000;

/** Kills workers of the router and instances of the app, one at a time, each while it can be said exactly what is under way. */
export class Killer {
  readonly kills: Kill[] = [];
  readonly #site: Site;
  readonly #crowd: Crowd;
  readonly #random: () => number;
  #router = 0;

  constructor(site: Site, crowd: Crowd, random: () => number) {
    this.#site = site;
    this.#crowd = crowd;
    this.#random = random;
  }

  async run(over: AbortSignal): Promise<void> {
    for (let turn = 0; !over.aborted; turn += 1) {
      const ms = shortestPause + this.#random() * (longestPause - shortestPause);
      await sleep(ms, null, { signal: over }).catch(() => undefined);
      if (turn % 2 === 0) await this.#worker(over);
      else await this.#instance(over);
    }
  }

  /** In one turn of the event loop, so that what is noted is what was in flight when it died. */
  async #worker(over: AbortSignal): Promise<void> {
    const workers = await this.#until(over, async () => {
      const all = childrenOf(await this.#routerPid());
      return all.length > 1 && all;
    });
    const pid = workers?.[Math.floor(this.#random() * (workers?.length ?? 0))];
    if (pid === undefined) return;
    kill(pid, 'SIGSTOP');
    const ports = clientPortsOf(pid, this.#site.port);
    const inFlight = this.#crowd.inFlight().filter((each) => ports.has(each.port));
    const held = this.#crowd.hold();
    kill(pid, 'SIGKILL');
    const serials = new Set(inFlight.map(({ serial }) => serial));
    this.kills.push({ kind: 'worker', at: Date.now(), pid, ports, inFlight: serials });
    await this.#closed(() => this.#crowd.haveClosed(ports)).finally(() => held.release());
  }

  async #instance(over: AbortSignal): Promise<void> {
    const victim = await this.#until(over, async () => victimOf(await this.#app(), this.#random));
    if (victim === null) return;
    const { pid, id, port } = victim;
    // The app under the launcher: of an instance that has ended meanwhile the number may be another's.
    if (!isAlive(pid) || !environmentOf(pid).includes(`TEAL_INSTANCE=${id}`)) return;
    const workers = childrenOf(await this.#routerPid());
    const held = this.#crowd.hold();
    const connections = (): number =>
      workers.reduce((sum, worker) => sum + connectionsTo(worker, port).size, 0);
    const before = connections();
    const inFlight = new Set(this.#crowd.inFlight().map(({ serial }) => serial));
    kill(pid, 'SIGKILL');
    this.kills.push({ kind: 'instance', at: Date.now(), pid, instance: id, connections: before, inFlight });
    // What is sent on a connection of which the router does not know yet that nobody is there would be one more in flight.
    await this.#closed(() => !isAlive(pid) && connections() === 0).finally(() => held.release());
  }

  async #routerPid(): Promise<number> {
    if (!isAlive(this.#router)) {
      const status = await this.#site.client.status().catch(() => null);
      this.#router = status?.router?.pid ?? 0;
    }
    return this.#router;
  }

  async #app(): Promise<AppStatus | null> {
    return await this.#site.client.app(app).catch(() => null);
  }

  async #until<T>(over: AbortSignal, ask: () => Promise<T | null | false>): Promise<T | null> {
    while (!over.aborted) {
      const answer = await ask();
      if (answer !== null && answer !== false) return answer;
      await sleep(pollMs);
    }
    return null;
  }

  async #closed(holds: () => boolean): Promise<void> {
    const until = performance.now() + closedMs;
    while (!holds() && performance.now() < until) await sleep(1);
  }
}

interface Victim {
  readonly pid: number;
  readonly id: string;
  readonly port: number;
}

/**
 * Any instance that the routers send people to, but never the last one of live, or of what a rollback would make live: nobody would be left to
 * answer. The last one of a candidate may go: its people are live's then.
 */
function victimOf(status: AppStatus | null, random: () => number): Victim | null {
  if (status === null) return null;
  const { live, release, environments } = status;
  const victims = colours.flatMap((colour) => {
    const serving = servingOf(environments[colour]);
    const candidate = release?.colour === colour && release.status === 'stepping' && colour !== live;
    return serving.length > 1 || candidate ? serving : [];
  });
  return victims[Math.floor(random() * victims.length)] ?? null;
}

function servingOf(environment: EnvironmentStatus | null): readonly Victim[] {
  return (environment?.instances ?? []).flatMap(({ id, pid, address, state, traffic }) => {
    const port = Number(address?.split(':').at(-1));
    return state === 'healthy' && traffic !== null && pid !== null ? [{ id, pid, port }] : [];
  });
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
