import type { Instance, Place, Platform, Stopped, Workload } from './platform.ts';

export interface PlatformsOptions {
  /** By name, in the order in which they let go. */
  readonly drivers: Readonly<Record<string, Platform>>;
  /** Which of them runs it. */
  readonly driverOf: (workload: Workload) => string;
  /** Told of a driver that cannot say what runs: what it said last is believed instead. */
  readonly failed: (driver: string, error: unknown) => void;
}

/**
 * Several drivers as one: each app is run by its own, and what one of them cannot do, or never ends with, is no concern of the apps of
 * another. Only where an app has moved from one to another are both asked: what is left of it at the old one goes first.
 */
export class Platforms implements Platform {
  readonly #options: PlatformsOptions;
  readonly #drivers: readonly (readonly [string, Platform])[];
  readonly #last = new Map<string, readonly Instance[]>();

  constructor(options: PlatformsOptions) {
    this.#options = options;
    this.#drivers = Object.entries(options.drivers);
  }

  async adopt(expected: readonly Workload[]): Promise<void> {
    const own = (name: string): readonly Workload[] =>
      expected.filter((workload) => this.#options.driverOf(workload) === name);
    await Promise.all(this.#drivers.map(([name, driver]) => driver.adopt(own(name))));
  }

  async ensure(workload: Workload, signal: AbortSignal): Promise<void> {
    const chosen = this.#options.driverOf(workload);
    const left = this.#drivers.filter(
      ([name, driver]) => name !== chosen && this.#of(name, driver, workload.app).some(isAt(workload)),
    );
    await Promise.all(left.map(([, driver]) => driver.stop(workload)));
    signal.throwIfAborted();
    const driver = this.#options.drivers[chosen];
    if (driver === undefined) throw new Error(`there is no platform ${chosen}`);
    await driver.ensure(workload, signal);
  }

  async stop(place: Place): Promise<readonly Stopped[]> {
    const stopped = await Promise.all(this.#drivers.map(([, driver]) => driver.stop(place)));
    return stopped.flat();
  }

  instances(app?: string): readonly Instance[] {
    return this.#drivers
      .flatMap(([name, driver]) => this.#of(name, driver, app))
      .toSorted((one, two) => one.startedAt - two.startedAt);
  }

  async close(): Promise<void> {
    await Promise.all(this.#drivers.map(([, driver]) => driver.close()));
  }

  #of(name: string, driver: Platform, app?: string): readonly Instance[] {
    try {
      const instances = driver.instances(app);
      if (app === undefined) this.#last.set(name, instances);
      return instances;
    } catch (error) {
      this.#options.failed(name, error);
      const last = this.#last.get(name) ?? [];
      return app === undefined ? last : last.filter((instance) => instance.app === app);
    }
  }
}

const isAt =
  ({ app, colour, role }: Place) =>
  (instance: Instance): boolean =>
    instance.app === app && instance.colour === colour && instance.role === role;
