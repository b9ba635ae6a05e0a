import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino, stdSerializers, type Logger } from 'pino';
import { loadConfig } from '../config/load.ts';
import type { HandedOver, Program } from '../router/embedded/options.ts';
import { socketPath } from '../router/socket-path.ts';
import { SqliteStore } from '../store/sqlite.ts';
import { Access } from './access/access.ts';
import { answering } from './answering.ts';
import { api } from './api/app.ts';
import { metricsApi, serveMetrics } from './api/metrics.ts';
import type { ApiServer } from './api/serve.ts';
import { begin } from './begin.ts';
import { watchClock } from './clock.ts';
import type { EventView } from './contract.ts';
import { openEntrances } from './entrances.ts';
import { lockData, unusable } from './lock.ts';
import { longestDrain } from './machine.ts';
import { stopAll } from './stop-all.ts';
import { assemble, leave, storeFile, type Ground, type System } from './system.ts';
import { Traffic } from './traffic/traffic.ts';
import type { UpgradeBody, UpgradeResult, UpgradeView } from './upgrade/contract.ts';
import { baseOf, urlsOf } from './urls.ts';
import { logLine } from './view/log-line.ts';

export interface ControlOptions {
  /** The teal.yaml. */
  readonly file: string;
  readonly log: 'pretty' | 'json' | 'silent';
  readonly onEvent?: (event: EventView) => void;
  /** Replaces Teal itself; refused when left out: nobody is there to put another in this one's place. */
  readonly upgrade?: (body: UpgradeBody) => Promise<UpgradeResult>;
  readonly upgraded?: () => UpgradeView | null;
  /** Already bound, and perhaps asked; a new one when left out. */
  readonly server?: ApiServer;
}

/** A running control plane. */
export interface Control {
  readonly urls: readonly string[];
  readonly socket: string;
  /** Where the API is reached over TCP: `control.listen`; null when it is not. */
  readonly url: string | null;
  /** The port of `router.metrics`; null when there is none. */
  readonly metrics: number | null;
  /** Resolves when it has ended by `stop`, also when that was asked for over the API. */
  readonly ended: Promise<void>;
  /** The data directory. */
  readonly data: string;
  /** See `EmbeddedRouter.handOver`. @param drainMs null: the longest of the apps */
  handOver(program: Program, drainMs: number | null): Promise<HandedOver & { readonly drainMs: number }>;
  /** `everything`: also drains and stops the router and every instance. `signal` is aborted when it shall not wait. */
  stop(options: { readonly everything: boolean; readonly signal?: AbortSignal }): Promise<void>;
}

/**
 * Starts Teal: finds what an earlier run left (state, router, instances), applies teal.yaml, and works on.
 * @throws TealError `config-invalid`, `already-running`, `store-unreadable`, `port-taken` …: nothing was started then
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const config = await loadConfig(options.file);
  const undo = new AsyncDisposableStack();
  try {
    await makeFolder(config.data);
    undo.adopt(lockData(config.data), (lock) => lock.release());
    const store = undo.adopt(await SqliteStore.open(storeFile(config.data)), (open) => open.close());
    const ground = { config, store, log: logger(options.log) };
    return await run(ground, undo, options);
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
}

async function run(ground: Ground, undo: AsyncDisposableStack, options: ControlOptions): Promise<Control> {
  const startedAt = Date.now();
  const system = undo.adopt(await assemble(ground), leave);
  const { apps } = system.deps;
  await begin(system, undo, options.onEvent ?? (() => undefined));
  const { usage } = system.deps;
  await usage.begin();
  undo.defer(() => usage.close());
  undo.adopt(watchClock(system.clock, apps, jumped(ground.log)), (watching) => watching.close());
  const { stop, ended } = stopper(system, undo);
  const socket = socketPath(ground.config.data, 'control.sock');
  const closing = new AbortController();
  const access = undo.adopt(await Access.open({ ...system.deps, now: system.deps.wall }), (open) =>
    open.close(),
  );
  const traffic = undo.adopt(new Traffic(system.deps).start(), (looking) => looking.close());
  const app = api(system.deps, {
    ...options,
    access,
    startedAt,
    stop: (how) => void stop(how),
    closing: closing.signal,
    traffic,
  });
  const answer = answering(app, system.deps, { access, traffic, closing: closing.signal });
  const entrances = undo.adopt(
    await openEntrances({ deps: system.deps, access, answer }, socket, options.server),
    (open) => open.close(),
  );
  const { metrics: address } = ground.config;
  const served = address === null ? null : await serveMetrics(metricsApi(system.deps), address);
  undo.defer(() => served?.close());
  // First of all: streams end by themselves, before their server closes.
  undo.defer(() => closing.abort());
  const base = baseOf(await system.deps.router.status());
  const urls = apps
    .states()
    .flatMap(({ config }) => (config === null || base === null ? [] : urlsOf(config, base)));
  return {
    urls,
    socket,
    url: entrances.url,
    metrics: served?.port ?? null,
    ended,
    stop,
    data: ground.config.data,
    handOver: async (program, asked) => {
      const drainMs = asked ?? longestDrain(ground.config);
      const handed = await system.router.handOver?.(program, drainMs);
      if (handed === undefined) throw new Error('this router has no processes to replace');
      return { ...handed, drainMs };
    },
  };
}

const jumped =
  (log: Logger): Parameters<typeof watchClock>[2] =>
  (told) =>
    'ms' in told
      ? log.warn(told, 'the clock of the machine was set; every timer goes on with what it had left')
      : log.error(told, 'the clock was set, and that could not be stored; trying again');

function stopper(system: System, undo: AsyncDisposableStack): Pick<Control, 'stop' | 'ended'> {
  const end = Promise.withResolvers<void>();
  // Whoever asked over the API has no one to tell; `ended` still rejects for whoever waits for it.
  end.promise.catch((error: unknown) => system.deps.log.error({ error }, 'Teal did not stop cleanly'));
  let stopping: Promise<void> | null = null;
  return {
    ended: end.promise,
    stop({ everything, signal }) {
      stopping ??= (everything ? stopAll(system, signal) : Promise.resolve())
        .finally(() => undo.disposeAsync())
        .then(end.resolve, end.reject);
      return end.promise;
    },
  };
}

async function makeFolder(data: string): Promise<void> {
  try {
    const made = await mkdir(data, { recursive: true, mode: 0o700 });
    // It lies beside the app, and holds keys: `git add .` must not take it along.
    if (made !== undefined) await writeFile(path.join(data, '.gitignore'), '*\n');
  } catch (cause) {
    throw unusable(data, cause);
  }
}

function logger(kind: ControlOptions['log']): Logger {
  // Events are what a person reads; the log is for what went wrong, and goes to stderr.
  return pino(
    {
      level: kind === 'silent' ? 'silent' : kind === 'json' ? 'info' : 'warn',
      serializers: { error: stdSerializers.err },
    },
    kind === 'pretty' ? { write: (line) => void process.stderr.write(logLine(line)) } : pino.destination(2),
  );
}
