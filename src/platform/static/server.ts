import { createHash } from 'node:crypto';
import type { Health } from '../../config/config.ts';
import type { ListenAddress } from '../../config/router.ts';
import type { Instance, InstanceState, Place } from '../platform.ts';
import type { Probe } from '../process/probe.ts';
import type { Checks, Watch } from './checks.ts';

export interface ServerOptions {
  readonly place: Place;
  readonly version: string;
  readonly address: ListenAddress;
  readonly health: Health;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly checks: Checks;
  readonly changed: () => void;
  /** It was well, and is not any more for as long as one may take to become so. */
  readonly lost: (server: Server) => void;
}

const noLogs = { stdout: '', stderr: '' };

/** A server that runs already, at one place. Nothing is ever done to it: it is looked at. */
export class Server {
  readonly id: string;
  readonly version: string;
  readonly address: ListenAddress;
  readonly #options: ServerOptions;
  readonly #watch: Watch;
  #everHealthy = false;
  #stopping = false;
  #view: Instance | null = null;
  readonly #startedAt: number;
  #losing: NodeJS.Timeout | null = null;
  readonly #waiters = new Set<() => void>();

  constructor(options: ServerOptions) {
    const { place, version, address, health, checks } = options;
    this.#options = options;
    this.version = version;
    this.address = address;
    this.id = `${place.app}-${place.colour}-${place.role}-${fingerprint(version, address)}`;
    this.#startedAt = options.now();
    this.#watch = checks.watch(address, health, () => this.#changed());
    this.#look();
  }

  get healthy(): boolean {
    return this.#watch.state === 'healthy' && !this.#stopping;
  }

  /** Of the last check. */
  get last(): Probe | null {
    return this.#watch.last;
  }

  get checked(): Promise<void> {
    return this.#watch.checked;
  }

  get health(): Health {
    return this.#options.health;
  }

  /** Resolves when it is healthy; never, when that does not come. */
  untilHealthy(): Promise<void> {
    if (this.healthy) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.add(resolve));
  }

  view(): Instance {
    this.#view ??= {
      ...this.#options.place,
      id: this.id,
      version: this.version,
      pid: null,
      address: this.address,
      state: this.#state(),
      everHealthy: this.#everHealthy,
      startedAt: this.#startedAt,
      crashes: 0,
      logs: noLogs,
    };
    return this.#view;
  }

  /** It gets nothing new from now on. */
  retire(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#changed();
  }

  close(): void {
    this.#watch.close();
    if (this.#losing !== null) clearTimeout(this.#losing);
  }

  #state(): InstanceState {
    return this.#stopping ? 'stopping' : this.#watch.state;
  }

  #changed(): void {
    this.#look();
    this.#options.changed();
  }

  #look(): void {
    this.#view = null;
    if (this.#losing !== null) clearTimeout(this.#losing);
    this.#losing = null;
    if (this.#watch.state === 'healthy') {
      this.#everHealthy = true;
      for (const resolve of this.#waiters) resolve();
      this.#waiters.clear();
    } else if (this.#everHealthy && !this.#stopping) {
      this.#losing = setTimeout(() => this.#options.lost(this), this.#options.health.deadlineMs).unref();
    }
  }
}

/** The same for the same server of the same version, so that a router knows it again after a restart of Teal. */
const fingerprint = (version: string, { host, port }: ListenAddress): string =>
  createHash('sha256').update(`${version}\0${host}\0${port}`).digest('hex').slice(0, 10);
