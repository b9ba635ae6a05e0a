import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { CustomMetrics } from '../metrics/custom/custom-metrics.ts';
import type { Fact } from '../release/input.ts';
import type { AppTable } from '../router/table.ts';
import type { Store } from '../store/store.ts';
import { applyAtStart } from './apply.ts';
import { Apps } from './apps.ts';
import type { Deps } from './deps.ts';
import type { Drivers, OwnRouter } from './drivers.ts';
import { perform } from './effects/perform.ts';
import { Facts } from './facts.ts';
import { machine } from './machine.ts';
import { endsWithin } from './pause.ts';
import { rulesOf } from './judge/rules.ts';
import { PreviewKeys } from './preview-keys.ts';
import { Releases } from './releases.ts';
import { Routes } from './routes.ts';
import { Runner } from './runner.ts';
import { tableOf } from './table.ts';

/** All parts, wired; nothing is worked at yet. */
export interface System {
  readonly deps: Deps;
  readonly router: OwnRouter;
  readonly runner: Runner;
  readonly facts: Facts;
  readonly custom: CustomMetrics;
}

export interface Ground {
  readonly config: Config;
  readonly store: Store;
  readonly log: Logger;
}

/** An effect that ignores its signal does not keep Teal from ending; whatever it does is found again at the next start. */
const giveUpMs = 5000;

/** @throws TealError `port-taken`, `router-unavailable`, `store-unreadable` …: no part goes on then */
export async function assemble(ground: Ground, drivers: Drivers = machine(ground)): Promise<System> {
  const { config, store } = ground;
  const apps = await Apps.load(store, Date.now);
  const keys = new PreviewKeys(store);
  await keys.load(apps.states());
  await applyAtStart({ apps, keys }, config);
  const versions = await drivers.versions();
  const router = await drivers.router();
  return wire(ground, { apps, keys, versions, router, drivers });
}

type Parts = Pick<Deps, 'apps' | 'keys' | 'versions'> & {
  readonly router: OwnRouter;
  readonly drivers: Drivers;
};

function wire({ config, store, log }: Ground, { apps, keys, versions, router, drivers }: Parts): System {
  const notStored = (app: string, { type }: Fact, error: unknown): void =>
    log.error({ app, type, error }, 'what was found out could not be stored; trying again');
  const facts = new Facts({ apps, failed: notStored });
  const releases = new Releases({ router, routes: () => routes, apps });
  const platform = drivers.platform({
    changed: () => routes.refresh(),
    release: (instances) => releases.release(instances),
    failing: ({ app, colour }, version, error) => {
      log.warn({ app, colour, version, code: error.code }, error.message);
      facts.tell(app, { type: 'environment-failed', colour, version, error: error.toJSON() });
    },
  });
  const routes: Routes = new Routes({
    router,
    build: () => table({ apps, platform, releases, keys }),
    nextGeneration: () => store.nextGeneration(),
    failed: (error) => log.error({ error }, 'the routing table could not be put in force; trying again'),
    applied: (generation) => log.debug({ generation }, 'routing table in force'),
    strayed: (has, wanted) =>
      log.warn({ has, wanted }, 'the router has another table; giving it the right one'),
  });
  const custom = new CustomMetrics({ fetch, environment: process.env, now: () => performance.now() });
  const deps: Deps = {
    config,
    apps,
    store,
    platform,
    versions,
    router,
    routes,
    releases,
    keys,
    rules: rulesOf(custom),
    runTest: drivers.runTest,
    log,
    now: Date.now,
  };
  const runner = new Runner({
    perform: (app, effect, signal) => perform(deps, app, effect, signal),
    failed: (app, { key }, error) => log.warn({ app, effect: key, error }, 'did not work; trying again'),
  });
  return { deps, router, runner, facts, custom };
}

function table({
  apps,
  platform,
  releases,
  keys,
}: Pick<Deps, 'apps' | 'platform' | 'releases' | 'keys'>): readonly AppTable[] {
  const instances = platform.instances();
  releases.keepOnly(new Set(instances.map(({ id }) => id)));
  return tableOf({
    states: apps.states(),
    instances,
    released: releases.released,
    previewKey: keys.get,
    keys: keys.all,
  });
}

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

/** Where the event log of a data directory is. */
export const storeFile = (data: string): string => path.join(data, 'teal.db');
