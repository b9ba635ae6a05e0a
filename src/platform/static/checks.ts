/** Health checks of servers that run already: each is asked once, however many apps are on it. */
import type { Health } from '../../config/config.ts';
import type { ListenAddress } from '../../config/router.ts';
import { probeHttp2 } from '../process/probe-http2.ts';
import { probe, type Probe } from '../process/probe.ts';
import { pause } from '../process/wait.ts';

/** One server as one place sees it. */
export interface Watch {
  readonly state: 'starting' | 'healthy' | 'unhealthy';
  /** Of the last check; null before the first. */
  readonly last: Probe | null;
  /** Resolves after the first check, whatever it said. */
  readonly checked: Promise<void>;
  close(): void;
}

export class Checks {
  readonly #all = new Map<string, Check>();

  /** @param changed told of another state, and of the first check */
  watch(address: ListenAddress, health: Health, changed: () => void): Watch {
    const key = JSON.stringify([address.host, address.port, health]);
    const known = this.#all.get(key);
    const check = known ?? new Check(address, health);
    this.#all.set(key, check);
    check.listeners.add(changed);
    return {
      get state() {
        return check.state;
      },
      get last() {
        return check.last;
      },
      checked: check.checked,
      close: () => {
        check.listeners.delete(changed);
        if (check.listeners.size > 0) return;
        check.close();
        this.#all.delete(key);
      },
    };
  }

  close(): void {
    for (const check of this.#all.values()) check.close();
    this.#all.clear();
  }
}

/** One that is about to come up is seen at once; one that is not there is not pestered. */
const eagerMs = { every: 50, for: 5_000 };

class Check {
  state: Watch['state'] = 'starting';
  last: Probe | null = null;
  readonly listeners: Set<() => void> = new Set();
  readonly #first = Promise.withResolvers<void>();
  readonly #closed = new AbortController();
  readonly #address: ListenAddress;
  readonly #health: Health;
  #failures = 0;

  constructor(address: ListenAddress, health: Health) {
    this.#address = address;
    this.#health = health;
    void this.#run();
  }

  get checked(): Promise<void> {
    return this.#first.promise;
  }

  close(): void {
    this.#closed.abort();
    this.#first.resolve();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    const { protocol, intervalMs } = this.#health;
    const ask = protocol === 'h2c' ? probeHttp2 : probe;
    const began = performance.now();
    while (!signal.aborted) {
      const answer = await ask(this.#address, this.#health, signal);
      if (signal.aborted) return;
      this.#take(answer);
      this.#first.resolve();
      const eager = this.state === 'starting' && performance.now() - began < eagerMs.for;
      await pause(eager ? Math.min(eagerMs.every, intervalMs) : intervalMs, signal);
    }
  }

  #take(answer: Probe): void {
    const was = this.state;
    this.last = answer;
    this.#failures = answer.kind === 'ok' ? 0 : this.#failures + 1;
    if (answer.kind === 'ok') this.state = 'healthy';
    else if (was === 'healthy' && this.#failures >= this.#health.fall) this.state = 'unhealthy';
    if (this.state === was) return;
    for (const changed of this.listeners) changed();
  }
}
