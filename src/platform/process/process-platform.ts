/** The `process` driver: versions run as plain processes of this machine, detached, supervised by what is on disk. */
import { randomBytes } from 'node:crypto';
import { TealError } from '../../errors.ts';
import type { Instance, Place, Platform, PlatformHooks, Stopped, Workload } from '../platform.ts';
import { findInstances } from './adopt.ts';
import { sweepCgroups } from './cgroup.ts';
import type { Context, Log } from './context.ts';
import { limitSupport, type LimitSupport } from './limits.ts';
import { pruneLogs, rotateLogs } from './retention.ts';
import { PlaceSupervisor } from './place.ts';
import { abortable, within } from './wait.ts';

export interface ProcessPlatformOptions {
  /** Absolute. Instances live in its `instances/`. */
  readonly data: string;
  readonly hooks: PlatformHooks;
  readonly now?: () => number;
  /** Makes an instance's id unique for ever. */
  readonly randomId?: () => string;
  readonly log?: Log;
  /** Asked right before a process is started or told to end. @throws when this Teal may not act any more */
  readonly fence?: () => void;
  /** Teal's environment: what is passed on, and where secrets come from. */
  readonly environment?: NodeJS.ProcessEnv;
  /** What this machine can enforce; looked up when not given. */
  readonly support?: LimitSupport;
}

const quiet: Log = { info: () => undefined, warn: () => undefined };
/** How long `adopt` waits for first health checks, so that whoever asks next sees who is well. */
const adoptChecksMs = 2_000;
const rotateEveryMs = 5_000;

export class ProcessPlatform implements Platform {
  readonly #context: Context;
  readonly #places = new Map<string, PlaceSupervisor>();
  readonly #rotation: NodeJS.Timeout;
  #pruning: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(options: ProcessPlatformOptions) {
    const { data } = options;
    this.#context = {
      data,
      hooks: this.#guard(options.hooks),
      now: options.now ?? Date.now,
      randomId: options.randomId ?? (() => randomBytes(5).toString('hex')),
      own: options.environment ?? process.env,
      support: options.support ?? limitSupport(),
      log: options.log ?? quiet,
      fence: options.fence ?? (() => undefined),
      closing: this.#closing.signal,
      ended: () => this.#prune(),
    };
    this.#rotation = setInterval(() => rotateLogs(this.instances()), rotateEveryMs);
    this.#rotation.unref();
  }

  async adopt(): Promise<void> {
    const found = await findInstances(this.#context);
    const slots = found.map((each) => this.#place(each.spec).adopt(each, each.stopping));
    sweepCgroups(this.#context.support.cgroup, new Set(found.map((each) => each.spec.cgroup ?? '')));
    await within(Promise.all(slots.map((slot) => slot.checked)), adoptChecksMs);
  }

  ensure(workload: Workload, signal: AbortSignal): Promise<void> {
    return abortable(this.#place(workload).ensure(workload), signal);
  }

  async stop(place: Place): Promise<readonly Stopped[]> {
    if (!this.#places.has(keyOf(place))) return [];
    const stopped = await this.#place(place).stop();
    await this.#pruning;
    return stopped;
  }

  instances(app?: string): readonly Instance[] {
    return [...this.#places.values()]
      .filter((place) => app === undefined || place.app === app)
      .flatMap((place) => place.instances())
      .toSorted((a, b) => a.startedAt - b.startedAt);
  }

  async close(): Promise<void> {
    const remedy = 'The instances go on running; the next Teal adopts them.';
    this.#closing.abort(new TealError('wrong-state', 'Teal has let go of its instances', { remedy }));
    clearInterval(this.#rotation);
    await Promise.all([...this.#places.values()].map((place) => place.close()));
    await this.#pruning;
  }

  #place({ app, colour, role }: Place): PlaceSupervisor {
    const key = keyOf({ app, colour, role });
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = new PlaceSupervisor({ app, colour, role }, this.#context);
    this.#places.set(key, place);
    return place;
  }

  /** One after the other: two at once would race for the same folders. */
  #prune(): void {
    this.#pruning = this.#pruning
      .then(() => pruneLogs(this.#context.data))
      .catch((error: unknown) => this.#context.log.warn({ error }, 'old logs were not removed'));
  }

  /** Nobody is told anything after `close`, and a listener that throws does not end the supervision. */
  #guard(hooks: PlatformHooks): PlatformHooks {
    const tell = (call: () => void): void => {
      if (this.#closing.signal.aborted) return;
      try {
        call();
      } catch (error) {
        this.#context.log.warn({ error }, 'a listener of the platform failed');
      }
    };
    return {
      changed: (place) => tell(() => hooks.changed(place)),
      failing: (place, version, error) => tell(() => hooks.failing(place, version, error)),
      release: (instances) => abortable(hooks.release(instances), this.#closing.signal),
    };
  }
}

const keyOf = ({ app, colour, role }: Place): string => JSON.stringify([app, colour, role]);
