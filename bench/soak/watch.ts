/** Looks at the router's processes. */
import type { EmbeddedRouter } from '../../src/router/embedded/embedded.ts';
import { connectionsOf, vitalsOf, type Connections, type Vitals } from '../lib/probes.ts';

/**
 * `load`: traffic is on its way. `quiet`: no client, nothing under way, no connection to the app.
 * `held`: a known number of requests is, and nothing else.
 */
export type Moment = 'load' | 'quiet' | 'held';

export interface Look extends Vitals, Connections {
  /** Milliseconds since the soak began. */
  readonly at: number;
  readonly moment: Moment;
  /** Of the part of the run: 1, 2, 3. */
  readonly part: number;
  readonly role: 'parent' | 'worker';
}

export class Watch {
  readonly looks: Look[] = [];
  readonly #router: EmbeddedRouter;
  readonly #probes: string;
  readonly #ports: readonly number[];
  readonly #startedAt = performance.now();
  #pids: readonly number[] = [];
  /** Workers that were not there before: each stands for one that has died. */
  replaced = 0;

  constructor(router: EmbeddedRouter, parts: { readonly probes: string; readonly ports: readonly number[] }) {
    this.#router = router;
    this.#probes = parts.probes;
    this.#ports = parts.ports;
  }

  async look(moment: Moment, part: number): Promise<readonly Look[]> {
    const { pid, workers } = await this.#router.status();
    const pids = workers.map((worker) => worker.pid);
    if (this.#pids.length > 0) this.replaced += pids.filter((each) => !this.#pids.includes(each)).length;
    this.#pids = pids;
    const looks = await Promise.all([
      this.#one(pid, { role: 'parent', moment, part }),
      ...pids.map((worker) => this.#one(worker, { role: 'worker', moment, part })),
    ]);
    this.looks.push(...looks);
    return looks;
  }

  /** Open connections of all workers, without a garbage collection. */
  async connections(): Promise<Connections> {
    const { workers } = await this.#router.status();
    const all = workers.map(({ pid }) => connectionsOf(pid, this.#ports));
    return {
      clients: all.reduce((sum, { clients }) => sum + clients, 0),
      upstreams: all.reduce((sum, { upstreams }) => sum + upstreams, 0),
    };
  }

  async #one(pid: number, about: Pick<Look, 'role' | 'moment' | 'part'>): Promise<Look> {
    const vitals = await vitalsOf(this.#probes, pid);
    const at = performance.now() - this.#startedAt;
    return { ...about, at, ...vitals, ...connectionsOf(pid, this.#ports) };
  }
}
