import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pino, type Logger } from 'pino';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/config.ts';
import { ProcessPlatform } from '../platform/process/process-platform.ts';
import { VersionStore } from '../platform/versions/version-store.ts';
import { effects } from '../release/effects.ts';
import { EmbeddedRouter } from '../router/embedded/embedded.ts';
import { socketPath } from '../router/socket-path.ts';
import { SqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { api } from './api/app.ts';
import { serve } from './api/serve.ts';
import { applyConfig } from './apply.ts';
import { Apps, teal } from './apps.ts';
import type { EventView } from './contract.ts';
import { pruneVersions } from './deploy.ts';
import type { Deps } from './deps.ts';
import { perform } from './effects/perform.ts';
import { lockData } from './lock.ts';
import { PreviewKeys } from './preview-keys.ts';
import { Releases } from './releases.ts';
import { Routes } from './routes.ts';
import { Runner } from './runner.ts';
import { tableOf } from './table.ts';
import { eventView } from './view/event.ts';
import { baseUrl, urlsOf } from './urls.ts';

export interface ControlOptions {
  /** The teal.yaml. */
  readonly file: string;
  readonly log: 'pretty' | 'json' | 'silent';
  readonly onEvent?: (event: EventView) => void;
}

/** A running control plane. */
export interface Control {
  readonly urls: readonly string[];
  readonly socket: string;
  /** Resolves when it has ended by `stop`, also when that was asked for over the API. */
  readonly ended: Promise<void>;
  stop(options: { readonly everything: boolean; readonly signal?: AbortSignal }): Promise<void>;
}

/**
 * Starts Teal: finds what an earlier run left (state, router, instances), applies teal.yaml, and works on.
 * @throws TealError `config-invalid`, `already-running`, `store-unreadable`, `port-taken` …: nothing was started then
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const config = await loadConfig(options.file);
  await mkdir(config.data, { recursive: true, mode: 0o700 });
  const undo = new AsyncDisposableStack();
  try {
    undo.adopt(lockData(config.data), (lock) => lock.release());
    const store = undo.adopt(await SqliteStore.open(path.join(config.data, 'teal.db')), (open) =>
      open.close(),
    );
    return await run({ ...options, config, store, log: logger(options.log), undo });
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
}

interface Parts extends Pick<ControlOptions, 'onEvent'> {
  readonly config: Config;
  readonly store: Store;
  readonly log: Logger;
  readonly undo: AsyncDisposableStack;
}

async function run({ config, store, log, undo, onEvent }: Parts): Promise<Control> {
  const now = Date.now;
  const startedAt = now();
  const apps = await Apps.load(store, now);
  await applyConfig({ apps }, config, teal);
  const keys = new PreviewKeys(store);
  await Promise.all(apps.names().map((app) => keys.load(app)));
  const router = undo.adopt(await EmbeddedRouter.start({ ...config.router, data: config.data }), (link) =>
    link.close(),
  );
  const releases = new Releases({ router, routes: () => routes, apps: () => apps });
  const platform = undo.adopt(
    new ProcessPlatform({
      data: config.data,
      log,
      hooks: {
        changed: () => routes.refresh(),
        release: (instances) => releases.release(instances),
        failing: ({ app, colour }, version, error) => {
          log.warn({ app, colour, version, code: error.code }, error.message);
          void apps
            .submit(app, { type: 'environment-failed', colour, version, error: error.toJSON() }, teal)
            .catch(failed);
        },
      },
    }),
    (open) => open.close(),
  );
  const failed = (error: unknown): void => log.error({ error }, 'what was found out could not be stored');
  const routes: Routes = undo.adopt(
    new Routes({
      router,
      build: () => {
        const instances = platform.instances();
        releases.keepOnly(new Set(instances.map(({ id }) => id)));
        return tableOf({
          states: apps.states(),
          instances,
          released: releases.released,
          previewKey: keys.get,
        });
      },
      nextGeneration: () => store.nextGeneration(),
      failed: (error) => log.error({ error }, 'the routing table could not be put in force; trying again'),
      applied: (generation) => log.debug({ generation }, 'routing table in force'),
    }),
    (open) => open.close(),
  );
  const versions = await VersionStore.open({ data: config.data });
  const deps: Deps = {
    config,
    apps,
    store,
    platform,
    versions,
    router,
    routes,
    releases,
    previewKey: keys.get,
    log,
    now,
  };
  const runner = undo.adopt(
    new Runner({
      perform: (app, effect, signal) => perform(deps, app, effect, signal),
      failed: (app, effect, error) =>
        log.warn({ app, effect: effect.key, error }, 'did not work; trying again'),
    }),
    (open) => open.close(),
  );
  undo.defer(
    apps.listen((state, events) => {
      runner.want(state.app, effects(state));
      routes.refresh();
      for (const event of events) onEvent?.(eventView(event));
      if (events.some(({ type }) => type === 'retired')) void pruneVersions(deps, state.app).catch(failed);
    }),
  );
  await platform.adopt();
  for (const state of apps.states()) runner.want(state.app, effects(state));
  routes.refresh();

  const closing = new AbortController();
  undo.defer(() => closing.abort());
  const end = Promise.withResolvers<void>();
  let stopping: Promise<void> | null = null;
  const stop: Control['stop'] = ({ everything, signal }) => {
    stopping ??= (everything ? stopAll(deps, router, runner, signal) : Promise.resolve())
      .finally(() => releases.close())
      .finally(() => undo.disposeAsync())
      .then(end.resolve, end.reject);
    return end.promise;
  };
  const socket = socketPath(config.data, 'control.sock');
  const app = api(deps, { startedAt, stop: (how) => void stop(how).catch(failed), closing: closing.signal });
  undo.adopt(await serve(app, socket), (server) => server.close());
  const base = await baseUrl(deps);
  const urls = apps.states().flatMap((state) => (state.config === null ? [] : urlsOf(state.config, base)));
  return { urls, socket, ended: end.promise, stop };
}

/** Everybody's requests in flight end first, then the instances are stopped; the state stays, for the next start. */
async function stopAll(
  deps: Deps,
  router: EmbeddedRouter,
  runner: Runner,
  signal?: AbortSignal,
): Promise<void> {
  const longest = Math.max(0, ...deps.apps.states().map(({ config }) => config?.drain.deadlineMs ?? 0));
  await runner.close();
  await router.shutdown(signal?.aborted ? 0 : longest);
  // There is nobody left to send a table to: instances that stop now would each be told of as an error.
  await deps.routes.close();
  deps.releases.close();
  const places = new Map(
    deps.platform.instances().map((each) => [`${each.app}/${each.colour}/${each.role}`, each]),
  );
  await Promise.all(
    [...places.values()].map(({ app, colour, role }) => deps.platform.stop({ app, colour, role })),
  );
}

function logger(kind: ControlOptions['log']): Logger {
  // Events are what a person reads; the log is for what went wrong, and goes to stderr.
  return pino(
    { level: kind === 'silent' ? 'silent' : kind === 'json' ? 'info' : 'warn' },
    pino.destination(2),
  );
}
