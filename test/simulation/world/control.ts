import type { Logger } from 'pino';
import type { App, Config } from '../../../src/config/config.ts';
import { begin } from '../../../src/control/begin.ts';
import { Clock, watchClock } from '../../../src/control/clock.ts';
import type { Drivers } from '../../../src/control/drivers.ts';
import { assemble, type System } from '../../../src/control/system.ts';
import { TealError } from '../../../src/errors.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';
import { Disk } from './disk.ts';
import { qualityOf } from './instances.ts';
import { as, type Life } from './life.ts';
import { Link } from './link.ts';
import { SimulatedPlatform } from './platform.ts';
import type { World } from './world.ts';

/** A control plane that works: the shipped one, on a simulated machine. */
export interface Control {
  readonly life: Life;
  readonly system: System;
  readonly link: Link;
}

/** Starts one, as `startControl` does, but for the API. */
export function start(world: World, life: Life, file: string): Promise<Control> {
  return as(life, async () => {
    const { outside, random } = world;
    const store = await SqliteStore.open(file);
    world.opened.push(store);
    const disk = new Disk({ store, life, outside, random, written: (events) => world.written(events) });
    const link = new Link({ life, router: world.router, outside, random });
    const config = configOf(world.files);
    const system = await assemble(
      { config, store: disk, log: logOf(world, life) },
      driversOf(world, life, link),
    );
    // Before it works: what it knows now it has read.
    const { apps } = system.deps;
    const read = disk.readTo;
    for (const state of apps.states()) world.read(state, read.get(state.app) ?? 0);
    apps.listen((state, events) => world.folded(state, events.at(-1)?.version ?? 0));
    await begin(system, new AsyncDisposableStack(), () => undefined);
    watchClock(system.clock, apps, (told) =>
      world.note(() => `${life.name} on the clock: ${JSON.stringify(told)}`),
    );
    return { life, system, link };
  });
}

const configOf = (files: ReadonlyMap<string, App>): Config =>
  ({
    file: '/simulated/teal.yaml',
    data: '/simulated',
    people: {},
    apps: Object.fromEntries(files),
  }) as Partial<Config> as Config;

function driversOf(world: World, life: Life, link: Link): Drivers {
  const { machine, outside, time, random } = world;
  return {
    async versions() {
      return {
        put: async () => undefined as never,
        verify: async () => undefined as never,
        directory: (app, version) => `/simulated/versions/${app}/${version}`,
        prune: async () => [],
      };
    },
    router: async () => link,
    clock: new Clock(),
    database: world.databases.driver(life),
    platform: (hooks) => new SimulatedPlatform({ life, machine, outside, time, random }, hooks),
    runTest: ({ test, target }) =>
      outside.act(life, `test ${test.name} of ${target.version}`, async () => {
        await outside.pause(null, 10, 1000);
        if (qualityOf(target.version) !== 'untested') return 'fine';
        throw new TealError('test-failed', `test ${test.name} of ${target.version} failed`, {
          remedy: 'repair it',
        });
      }),
  };
}

/** What it complains of is looked at: its own faults are not those of the weather. */
function logOf(world: World, life: Life): Logger {
  const complain = (told: unknown, message = ''): void => {
    const error = typeof told === 'object' && told !== null && 'error' in told ? told.error : null;
    const why = error instanceof Error ? `${error.name}: ${error.message}` : '';
    world.note(() => `${life.name} says: ${message} ${why}`);
    if (life.alive && error !== null) world.complained(error);
  };
  const quiet = (): void => undefined;
  const log = { trace: quiet, debug: quiet, info: quiet, warn: complain, error: complain, fatal: complain };
  return log as Partial<Logger> as Logger;
}
