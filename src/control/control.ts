import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino, stdSerializers, type Logger } from 'pino';
import { loadConfig } from '../config/load.ts';
import { TealError } from '../errors.ts';
import { socketPath } from '../router/socket-path.ts';
import { SqliteStore } from '../store/sqlite.ts';
import { Access } from './access/access.ts';
import { answering } from './answering.ts';
import { api } from './api/app.ts';
import { metricsApi, serveMetrics } from './api/metrics.ts';
import { serveAt, type ApiServer } from './api/serve.ts';
import { begin } from './begin.ts';
import { watchClock } from './clock.ts';
import type { EventView, LeaderView } from './contract.ts';
import { openEntrances } from './entrances.ts';
import { share } from './lead/share.ts';
import { lockData, unusable } from './lock.ts';
import { longestDrain } from './machine.ts';
import type { Control, Host } from './running.ts';
import { stopAll } from './stop-all.ts';
import { storePlace } from './store-place.ts';
import { assemble, leave, storeFile, type Ground, type System } from './system.ts';
import { Traffic } from './traffic/traffic.ts';
import type { UpgradeBody, UpgradeResult, UpgradeView } from './upgrade/contract.ts';
import { baseOf, urlsOf } from './urls.ts';
import { logLine } from './view/log-line.ts';
import { whenFree } from './when-free.ts';

export interface ControlOptions {
  /** The teal.yaml. */
  readonly file: string;
  readonly log: 'pretty' | 'json' | 'silent';
  readonly onEvent?: (event: EventView) => void;
  /** `--store`: wins over TEAL_STORE and teal.yaml. */
  readonly store?: string;
  /** Told when another control plane leads than before, or none; where several share an event log. */
  readonly onLeader?: (leader: LeaderView) => void;
  /** Replaces Teal itself; refused when left out: nobody is there to put another in this one's place. */
  readonly upgrade?: (body: UpgradeBody) => Promise<UpgradeResult>;
  readonly upgraded?: () => UpgradeView | null;
  /** Already bound, and perhaps asked; a new one when left out. */
  readonly server?: ApiServer;
}

/**
 * Starts Teal: finds what an earlier run left (state, router, instances), applies teal.yaml, and works on.
 * @throws TealError `config-invalid`, `already-running`, `store-unreadable`, `port-taken` …: nothing was started then
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const config = await loadConfig(options.file);
  const place = storePlace(config, { flag: options.store, environment: process.env });
  const undo = new AsyncDisposableStack();
  const onEvent = options.onEvent ?? (() => undefined);
  const log = logger(options.log);
  try {
    await makeFolder(config.data);
    if (place.kind === 'postgres') {
      const { file, onLeader = () => undefined } = options;
      const work = (ground: Ground, own: AsyncDisposableStack, host: Host) =>
        run(ground, own, { ...host, onEvent, upgrade: notWhereShared });
      return await share({ file, config, url: place.url, log, undo, work, onLeader });
    }
    undo.adopt(lockData(config.data), (lock) => lock.release());
    const store = undo.adopt(await SqliteStore.open(storeFile(config.data)), (open) => open.close());
    const socket = socketPath(config.data, 'control.sock');
    const { server, upgrade, upgraded } = options;
    return await run({ config, store, log }, undo, {
      socket,
      serve: (answer) => serveAt(socket, answer, server),
      onEvent,
      ...(upgrade === undefined ? {} : { upgrade }),
      ...(upgraded === undefined ? {} : { upgraded }),
    });
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
}

/** Of several control planes the next one is there already, or is started beside. */
function notWhereShared(): Promise<never> {
  throw new TealError(
    'wrong-state',
    'Control planes that share an event log are not replaced by teal upgrade.',
    {
      remedy:
        'Start the newer Teal beside this one, then stop this one with SIGTERM: docs/high-availability.md',
    },
  );
}

interface Working extends Host, Pick<ControlOptions, 'upgrade' | 'upgraded'> {
  readonly onEvent: (event: EventView) => void;
}

async function run(ground: Ground, undo: AsyncDisposableStack, host: Working): Promise<Control> {
  const startedAt = Date.now();
  const system = undo.adopt(await assemble(ground), leave);
  const { apps } = system.deps;
  await begin(system, undo, host.onEvent);
  const { usage } = system.deps;
  await usage.begin();
  undo.defer(() => usage.close());
  undo.adopt(system.deps.statements.start(), (counting) => counting.close());
  undo.adopt(watchClock(system.clock, apps, jumped(ground.log)), (watching) => watching.close());
  const { stop, ended } = stopper(system, undo, host.stopping);
  const closing = new AbortController();
  const access = undo.adopt(await Access.open({ ...system.deps, now: system.deps.wall }), (open) =>
    open.close(),
  );
  const traffic = undo.adopt(new Traffic(system.deps).start(), (looking) => looking.close());
  const app = api(system.deps, {
    ...host,
    access,
    startedAt,
    stop: (how) => void stop(how),
    closing: closing.signal,
    traffic,
  });
  const answer = answering(app, system.deps, { access, traffic, closing: closing.signal });
  const entrances = undo.adopt(await openEntrances({ deps: system.deps, access, answer }, host), (open) =>
    open.close(),
  );
  const { metrics: address } = ground.config;
  const { shared = false } = host;
  const serving = { shared, log: ground.log, what: 'metrics' };
  const served =
    address === null ? null : await whenFree(() => serveMetrics(metricsApi(system.deps), address), serving);
  undo.defer(() => served?.close());
  // First of all: streams end by themselves, before their server closes.
  undo.defer(() => closing.abort());
  const base = baseOf(await system.deps.router.status());
  const urls = apps
    .states()
    .flatMap(({ config }) => (config === null || base === null ? [] : urlsOf(config, base)));
  return {
    urls,
    leader: system.deps.plane().leader,
    socket: host.socket,
    url: entrances.url,
    metrics: served?.now?.port ?? null,
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

function stopper(
  system: System,
  undo: AsyncDisposableStack,
  told: Host['stopping'],
): Pick<Control, 'stop' | 'ended'> {
  const end = Promise.withResolvers<void>();
  // Whoever asked over the API has no one to tell; `ended` still rejects for whoever waits for it.
  end.promise.catch((error: unknown) => system.deps.log.error({ error }, 'Teal did not stop cleanly'));
  let stopping: Promise<void> | null = null;
  return {
    ended: end.promise,
    stop({ everything, signal }) {
      if (stopping === null) told?.(everything);
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
