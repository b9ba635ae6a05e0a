import type {
  Instance as View,
  Place,
  Platform,
  PlatformHooks,
  Stopped,
  Workload,
} from '../../../src/platform/platform.ts';
import type { Random } from '../random.ts';
import type { Outside } from './faults.ts';
import type { Instance, Machine, Supervisor } from './instances.ts';
import { as, never, type Life } from './life.ts';
import { SimulatedPlace } from './place.ts';
import type { Time } from './time.ts';

export interface PlatformParts {
  readonly life: Life;
  readonly machine: Machine;
  readonly outside: Outside;
  readonly time: Time;
  readonly random: Random;
}

/** A driver by the contract of `Platform`, for instances that are simulated. It knows what it has found or started, and forgets it when its process dies. */
export class SimulatedPlatform implements Platform, Supervisor {
  readonly #parts: PlatformParts;
  readonly #hooks: PlatformHooks;
  readonly #places = new Map<string, SimulatedPlace>();

  constructor(parts: PlatformParts, hooks: PlatformHooks) {
    this.#parts = parts;
    this.#hooks = hooks;
  }

  /** Finds one after the other: what it has not found yet it does not know of. */
  async adopt(): Promise<void> {
    const { machine, time, random, life, outside } = this.#parts;
    machine.supervisor = this;
    for (const instance of random.shuffled(machine.alive)) {
      await time.pause(random.spread(1, 50), life);
      if (instance.alive) this.#place(instance.workload).adopt(instance);
    }
    await outside.pause(life, 1, 50);
  }

  ensure(workload: Workload, signal: AbortSignal): Promise<void> {
    const { outside, life } = this.#parts;
    const place = this.#place(workload);
    if (life.fenced) return never();
    return outside.act(life, `ensure of ${name(workload)}`, () => abortable(place.ensure(workload), signal));
  }

  stop(place: Place): Promise<readonly Stopped[]> {
    const { outside, life } = this.#parts;
    if (life.fenced) return never();
    return outside.act(life, `stop of ${name(place)}`, () => this.#place(place).stop());
  }

  instances(app?: string): readonly View[] {
    return [...this.#places.values()]
      .filter((place) => app === undefined || place.app === app)
      .flatMap((place) => place.views())
      .toSorted((one, two) => one.startedAt - two.startedAt);
  }

  async close(): Promise<void> {
    if (this.#parts.machine.supervisor === this) this.#parts.machine.supervisor = null;
  }

  changed(instance: Instance): void {
    this.#told(() => this.#places.get(name(instance.workload))?.changed(instance));
  }

  ended(instance: Instance): void {
    this.#told(() => this.#places.get(name(instance.workload))?.ended(instance));
  }

  #told(tell: () => void): void {
    const { life } = this.#parts;
    if (life.alive) as(life, tell);
  }

  #place(place: Place): SimulatedPlace {
    const key = name(place);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const made = new SimulatedPlace(place, this.#parts, this.#hooks);
    this.#places.set(key, made);
    return made;
  }
}

const name = ({ app, colour, role }: Place): string => `${app}/${colour}/${role}`;

async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const gone = (): void => reject(signal.reason);
  if (signal.aborted) gone();
  signal.addEventListener('abort', gone, { once: true });
  work.catch(() => undefined);
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', gone);
  }
}
