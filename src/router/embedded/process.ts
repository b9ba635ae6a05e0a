/**
 * Entry of the router process. Its one argument is the options as JSON, or the path of a file that holds them.
 * Started detached by the control plane, and outlives it (invariant 7): it holds the listening sockets and the table,
 * and keeps the workers running. Tells a parent with an IPC channel `{ready}` or `{error}`, and lets go of it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import type { ListenAddress } from '../../config/config.ts';
import { TealError } from '../../errors.ts';
import type { CountRequest, DrainRequest, StatusOf } from '../router.ts';
import { socketPath } from '../socket-path.ts';
import type { RoutingTable } from '../table.ts';
import { ControlServer } from './control-server.ts';
import type { Listener, Speech } from './listen-handle.ts';
import { bindListener, boundAddress } from './listen-handle.ts';
import type { Given, Held, Hello, RouterOptions } from './options.ts';
import { protocol } from './options.ts';
import { Parent } from './parent.ts';
import type { Handler } from './rpc.ts';
import { toTealError } from './rpc.ts';
import { loadTable } from './table-file.ts';
import { CertificateKeeper } from './tls/keeper.ts';
import { Workers } from './workers.ts';

/** After kill -9 of a router, its workers need a moment to see that and let go of the port. */
const leftoverPatienceMs = 3_000;
const bindRetryMs = 25;
/** For a stop by signal, which names no deadline. */
const signalDeadlineMs = 10_000;

const log = pino({ name: 'teal-router' });

async function main(argument: string): Promise<void> {
  // The control socket exists for a moment before its mode is set: it must never be open to others.
  process.umask(0o077);
  // Until the logs can be opened anew, and when there is none: it never ends a router.
  process.on('SIGHUP', () => {});
  const options = readOptions(argument);
  const file = path.join(options.data, 'router', 'table.json');
  const ready = Promise.withResolvers<Parent>();
  ready.promise.catch(() => {});
  let stopping = false;
  let stop: (deadlineMs: number) => Promise<void> = async () => {};
  const { control, leftover } = await ControlServer.listen(
    socketPath(options.data, path.join('router', 'control.sock')),
    handlerOf(
      options,
      ready.promise,
      (deadlineMs) => stop(deadlineMs),
      () => stopping,
    ),
  );
  try {
    const keeper = options.tls === null ? null : await CertificateKeeper.open(options.tls, log);
    const listeners = await bindAll(wanted(options), leftover ? leftoverPatienceMs : 0);
    const workers = new Workers(options, listeners, log);
    workers.table = await lastTable(file);
    workers.material = keeper?.material ?? null;
    stop = once(async (deadlineMs) => {
      stopping = true;
      log.info({ deadlineMs }, 'stopping');
      for (const { handle } of listeners) handle.close();
      await keeper?.close();
      await workers.close(deadlineMs);
      setImmediate(() => void control.close().then(() => process.exit(0)));
    });
    process.on('SIGTERM', () => void stop(signalDeadlineMs));
    process.on('SIGINT', () => void stop(signalDeadlineMs));
    await workers.start();
    const listen = listeners
      .filter(({ speech }) => speech !== 'h2c')
      .map(({ handle, speech }) => ({ ...boundAddress(handle), secure: speech === 'tls' }));
    const h2c = listeners.filter(({ speech }) => speech === 'h2c').map(({ handle }) => boundAddress(handle));
    keeper?.watch(async (material) => {
      await workers.decryptWith(material);
      log.info('certificates and ticket keys in force');
    });
    const certificates = () => keeper?.status ?? [];
    const accessLog = options.observe?.accessLog ?? null;
    const { exposureMs = null } = options;
    const parent = new Parent(workers, { file, exposureMs, listen, h2c, certificates, log, accessLog });
    process.on('SIGHUP', () => parent.reopenLogs());
    ready.resolve(parent);
    log.info({ listen, h2c, generation: workers.table?.generation ?? 0 }, 'router started');
    tellStarter({ ready: true });
  } catch (error) {
    ready.reject(error);
    await control.close();
    throw error;
  }
}

function handlerOf(
  options: RouterOptions,
  ready: Promise<Parent>,
  stop: (deadlineMs: number) => Promise<void>,
  stopping: () => boolean,
): Handler {
  return async (op, args, context) => {
    const parent = await ready;
    if (op !== 'shutdown' && stopping()) throw isStopping();
    switch (op) {
      case 'hello':
        return { pid: process.pid, protocol, options } satisfies Hello;
      case 'apply':
        return parent.apply(args as Given);
      case 'confirm':
        return parent.confirm(args as Held);
      case 'drain':
        return parent.drain(args as DrainRequest, context);
      case 'status':
        return parent.status(statusOf(args));
      case 'count':
        return parent.count(args as CountRequest);
      case 'past':
        return parent.past((args as { app: string }).app);
      case 'shutdown':
        return stop((args as { deadlineMs: number }).deadlineMs);
      default:
        throw new TealError('usage', `the router knows no operation ${op}`, {
          remedy: 'Use the same version.',
        });
    }
  };
}

/** A control plane of before asks for everything. */
const statusOf = (args: unknown): StatusOf | undefined =>
  Array.isArray((args as Partial<StatusOf>).apps) ? (args as StatusOf) : undefined;

/** Who adopts a router must not get one that is about to go. */
function isStopping(): TealError {
  return new TealError('router-unavailable', 'the router is stopping', { remedy: 'Start it again.' });
}

interface Wanted {
  readonly address: ListenAddress;
  readonly speech: Speech;
}

function wanted({ listen, h2c, tls }: RouterOptions): readonly Wanted[] {
  return [
    ...listen.map((address) => ({ address, speech: 'http1' as const })),
    ...h2c.map((address) => ({ address, speech: 'h2c' as const })),
    ...(tls?.listen ?? []).map((address) => ({ address, speech: 'tls' as const })),
  ];
}

async function bindAll(all: readonly Wanted[], patienceMs: number): Promise<Listener[]> {
  const until = performance.now() + patienceMs;
  const bound: Listener[] = [];
  for (const { address, speech } of all) {
    for (;;) {
      try {
        bound.push({ handle: await bindListener(address), speech });
        break;
      } catch (error) {
        if (performance.now() >= until) {
          for (const { handle } of bound) handle.close();
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, bindRetryMs));
      }
    }
  }
  return bound;
}

async function lastTable(file: string): Promise<RoutingTable | null> {
  const { table, setAside } = await loadTable(file, Date.now());
  if (setAside !== null) {
    log.error({ setAside }, 'the table on disk is corrupt: set aside; answering 503 until a table comes');
  }
  return table;
}

function readOptions(argument: string): RouterOptions {
  const text = argument.trimStart().startsWith('{') ? argument : readFileSync(argument, 'utf8');
  return JSON.parse(text) as RouterOptions;
}

function once(run: (deadlineMs: number) => Promise<void>): (deadlineMs: number) => Promise<void> {
  let running: Promise<void> | null = null;
  return (deadlineMs) => {
    running ??= run(deadlineMs);
    return running;
  };
}

function tellStarter(message: object): void {
  const send = process.send?.bind(process);
  if (send === undefined || !process.connected) return;
  send(message, undefined, undefined, () => {
    if (process.connected) process.disconnect?.();
  });
}

try {
  await main(process.argv[2] ?? '');
} catch (error) {
  const told = toTealError(error);
  log.fatal({ code: told.code }, told.message);
  tellStarter({ error: told.toJSON() });
  // The message to the starter needs a turn of the loop.
  setTimeout(() => process.exit(1), 50);
}
