import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { CustomMetrics } from '../metrics/custom/custom-metrics.ts';
import type { Platform, PlatformHooks } from '../platform/platform.ts';
import type { Fact } from '../release/input.ts';
import type { RouterFence } from '../router/router.ts';
import type { Store } from '../store/store.ts';
import { applyAtStart } from './apply.ts';
import { Apps } from './apps.ts';
import { believing, type Clock } from './clock.ts';
import type { Deps } from './deps.ts';
import type { Drivers, OwnRouter } from './drivers.ts';
import { perform } from './effects/perform.ts';
import { Facts } from './facts.ts';
import { machine } from './machine.ts';
import { endsWithin } from './pause.ts';
import { rulesOf } from './judge/rules.ts';
import { Usage } from './flags/usage.ts';
import { Leases } from './leases.ts';
import { Progress } from './migrate/progress.ts';
import { Statements } from './migrate/statements.ts';
import { PreviewKeys } from './preview-keys.ts';
import { Releases } from './releases.ts';
import { Routes } from './routes.ts';
import { Runner } from './runner.ts';
import type { Facts as TableFacts } from './table.ts';
import { Tables } from './tables.ts';

/** All parts, wired; nothing is worked at yet. */
export interface System {
  readonly deps: Deps;
  readonly router: OwnRouter;
  readonly runner: Runner;
  readonly facts: Facts;
  readonly custom: CustomMetrics;
  readonly clock: Clock;
}

export interface Ground {
  readonly config: Config;
  readonly store: Store;
  readonly log: Logger;
  /** By what a leader acts; none: there is no other control plane. */
  readonly fence?: RouterFence;
  readonly plane?: Deps['plane'];
}

/** An effect that ignores its signal does not keep Teal from ending; whatever it does is found again at the next start. */
const giveUpMs = 5000;

/** @throws TealError `port-taken`, `router-unavailable`, `store-unreadable` …: no part goes on then */
export async function assemble(ground: Ground, drivers: Drivers = machine(ground)): Promise<System> {
  const { config, store } = ground;
  const clock = drivers.clock ?? believing();
  const apps = await Apps.load(store, clock.now, (app, error) =>
    ground.log.error({ app, error }, 'an event was not heard by everybody'),
  );
  const keys = new PreviewKeys(store);
  await keys.load(apps.states());
  await applyAtStart({ apps, keys }, config);
  const versions = await drivers.versions();
  const router = await drivers.router();
  return wire(ground, { apps, keys, versions, router, clock, drivers });
}

type Parts = Pick<Deps, 'apps' | 'keys' | 'versions'> &
  Pick<System, 'router' | 'clock'> & { readonly drivers: Drivers };

function wire(
  { config, store, log, plane = alone(config) }: Ground,
  { apps, keys, versions, router, clock, drivers }: Parts,
): System {
  const notStored = (app: string, { type }: Fact, error: unknown): void =>
    log.error({ app, type, error }, 'what was found out could not be stored; trying again');
  const facts = new Facts({ apps, failed: notStored });
  const releases = new Releases({ router, routes: () => routes, apps });
  const hooks: PlatformHooks = {
    changed: ({ app }) => {
      releases.keepOnly(app, platform.instances(app));
      routes.refresh();
    },
    release: (instances) => releases.release(instances),
    failing: ({ app, colour }, version, error) => {
      log.warn({ app, colour, version, code: error.code }, error.message);
      facts.tell(app, { type: 'environment-failed', colour, version, error: error.toJSON() });
    },
  };
  const platform: Platform = drivers.platform(hooks);
  const tables = new Tables({
    look: () => look({ apps, platform, releases, keys }),
    failed: (app, error) =>
      log.error({ app, error }, 'its part of the routing table cannot be made; it keeps the one before'),
  });
  const routes: Routes = new Routes({
    router,
    build: () => tables.build(),
    nextGeneration: () => store.nextGeneration(),
    failed: (error) => log.error({ error }, 'the routing table could not be put in force; trying again'),
    applied: (generation) => log.debug({ generation }, 'routing table in force'),
    strayed: (has, wanted) =>
      log.warn({ has, wanted }, 'the router has another table; giving it the right one'),
  });
  const custom = new CustomMetrics({ fetch, environment: process.env, now: () => performance.now() });
  const migrations = new Progress(clock.now);
  const deps: Deps = {
    config,
    apps,
    store,
    platform,
    versions,
    router,
    routes,
    releases,
    leases: new Leases({ now: clock.wall }),
    usage: new Usage({ data: config.data, router, now: clock.wall, log }),
    keys,
    rules: rulesOf(custom),
    migrations,
    statements: new Statements({ store, apps, migrations, now: clock.now, log }),
    database: drivers.database,
    runTest: drivers.runTest,
    plane,
    log,
    now: clock.now,
    wall: clock.wall,
  };
  const runner = new Runner({
    perform: (app, effect, signal) => perform(deps, app, effect, signal),
    failed: (app, { key }, error) => log.warn({ app, effect: key, error }, 'did not work; trying again'),
  });
  return { deps, router, runner, facts, custom, clock };
}

/** What the table is made of, as it is now. */
const look = ({
  apps,
  platform,
  releases,
  keys,
}: Pick<Deps, 'apps' | 'platform' | 'releases' | 'keys'>): TableFacts => ({
  states: apps.states(),
  instances: platform.instances(),
  released: releases.released,
  previewKey: keys.get,
  keys: keys.all,
});

/**
 * Lets go of everything: router and instances go on as they are. Whatever waits for them is cut off from them first, so
 * that an effect that is given up half way can neither hang nor stop an instance that is not drained yet.
 */
export async function leave({ deps, router, runner, facts, custom }: System): Promise<void> {
  const { platform, releases, routes, log } = deps;
  runner.giveUp();
  facts.giveUp();
  // Before the platform lets go: after that no instance is known to be healthy, and the last table would be empty.
  const lastTable = routes.close();
  releases.leave();
  await platform.close();
  await endsWithin(lastTable, giveUpMs);
  router.close();
  const settled = Promise.all([lastTable, runner.close(), facts.close(), custom.close()]);
  if (!(await endsWithin(settled, giveUpMs))) log.warn('something did not end in time; it is left behind');
}

/** There is one control plane, with a file for itself. */
const alone =
  ({ data }: Config): Deps['plane'] =>
  () => ({ store: { kind: 'sqlite', where: storeFile(data) }, leader: null });

/** Where the event log of a data directory is. */
export const storeFile = (data: string): string => path.join(data, 'teal.db');
