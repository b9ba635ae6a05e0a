/**
 * Entry of the router process. Its first argument is the options as JSON, or the path of a file that holds them; with
 * `succeed` as the second it is started by the router that runs, to take over from it.
 * Started detached by the control plane, and outlives it (invariant 7): it holds the listening sockets and the table,
 * and keeps the workers running. Tells a parent with an IPC channel `{ready}` or `{error}`, and lets go of it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import type { ListenAddress } from '../../config/router.ts';
import { version } from '../../config/version.ts';
import { TealError } from '../../errors.ts';
import type { CountRequest, DrainRequest, StatusOf } from '../router.ts';
import { socketPath } from '../socket-path.ts';
import type { RoutingTable } from '../table.ts';
import { ControlServer } from './control-server.ts';
import { HandOver } from './hand-over.ts';
import type { Inheritance } from './inheritance.ts';
import type { Listener, Speech } from './listen-handle.ts';
import { bindListener, boundAddress } from './listen-handle.ts';
import type { Given, HandOverRequest, Held, Hello, RouterOptions } from './options.ts';
import { protocol } from './options.ts';
import { Parent } from './parent.ts';
import { PassedSockets } from './passed-sockets.ts';
import type { Handler } from './rpc.ts';
import { toTealError } from './rpc.ts';
import { ownProgram } from './spawn.ts';
import { Succession, type Orders } from './succession.ts';
import { loadTable } from './table-file.ts';
import { Terms } from './terms.ts';
import { CertificateKeeper } from './tls/keeper.ts';
import { Workers } from './workers.ts';

/** After kill -9 of a router, its workers need a moment to see that and let go of the port. */
const leftoverPatienceMs = 3_000;
const bindRetryMs = 25;
/** For a stop by signal, which names no deadline. */
const signalDeadlineMs = 10_000;

const log = pino({ name: 'teal-router' });

/** The router that serves here, once it does. */
interface Serving {
  readonly parent: Parent;
  readonly handOver: HandOver;
}

async function main(argument: string, succession: Succession | null): Promise<void> {
  // The control socket exists for a moment before its mode is set: it must never be open to others.
  process.umask(0o077);
  // Until the logs can be opened anew, and when there is none: it never ends a router.
  process.on('SIGHUP', () => {});
  const options = readOptions(argument);
  const told = succession === null ? null : await succession.inheritance();
  const ready = Promise.withResolvers<Serving>();
  ready.promise.catch(() => {});
  let stopping = false;
  let stop: (deadlineMs: number) => Promise<void> = async () => {};
  const socket = socketPath(options.data, path.join('router', 'control.sock'));
  const terms = new Terms();
  const handler = handlerOf(options, {
    terms,
    ready: ready.promise,
    stop: (deadlineMs) => stop(deadlineMs),
    stopping: () => stopping,
  });
  const { control, leftover } =
    succession === null
      ? await ControlServer.listen(socket, handler)
      : { control: await ControlServer.beside(socket, handler), leftover: false };
  try {
    const keeper =
      options.tls === null
        ? null
        : await CertificateKeeper.open(options.tls, log, { tickets: told?.tickets ?? null });
    const listeners = await bindAll(wanted(options), succession, leftover ? leftoverPatienceMs : 0);
    const workers = new Workers(options, listeners, log, succession === null);
    workers.table = told === null ? await lastTable(tableFile(options)) : told.table;
    workers.material = keeper?.material ?? null;
    const letGo = async (): Promise<void> => {
      for (const { handle } of listeners) handle.close();
      await keeper?.close();
    };
    const exit = (): void => void setImmediate(() => void control.close().then(() => process.exit(0)));
    stop = once(async (deadlineMs) => {
      stopping = true;
      log.info({ deadlineMs }, 'stopping');
      void ready.promise.then(({ handOver }) => handOver.giveUp()).catch(() => {});
      await letGo();
      await workers.close(deadlineMs);
      exit();
    });
    process.on('SIGTERM', () => void stop(signalDeadlineMs));
    process.on('SIGINT', () => void stop(signalDeadlineMs));
    await workers.start();
    keeper?.watch(async (material) => {
      await workers.decryptWith(material);
      log.info('certificates and ticket keys in force');
    });
    const parent = parentOf(options, { workers, listeners, keeper, told });
    process.on('SIGHUP', () => parent.reopenLogs());
    const left = (): void => {
      void letGo();
      // After the answer to whoever asked for it.
      setImmediate(() => control.leave());
    };
    const tickets = () => keeper?.tickets ?? null;
    const failed = () => control.reclaim(socket);
    const handOver = new HandOver({
      parent,
      workers,
      listeners,
      tickets,
      terms,
      log,
      left,
      failed,
      over: exit,
    });
    const serve = (): void => {
      parent.begin();
      ready.resolve({ parent, handOver });
      log.info({ ...parent.addresses, generation: workers.table?.generation ?? 0 }, 'router started');
    };
    if (succession === null) {
      serve();
      tellStarter({ ready: true });
      return;
    }
    await parent.inForce.settled();
    const orders = ordersOf(succession, {
      parent,
      workers,
      terms,
      take: () => control.take(socket),
      serve,
    });
    succession.ready({ version, protocol, generation: parent.inForce.given?.generation ?? 0 }, orders);
  } catch (error) {
    ready.reject(error);
    await control.close();
    throw error;
  }
}

interface TakingOver {
  readonly parent: Parent;
  readonly workers: Workers;
  readonly terms: Terms;
  /** The path at which the control plane asks. */
  readonly take: () => Promise<void>;
  readonly serve: () => void;
}

/** What this process does when the one before says so: from the end of the second, that one is one of its members. */
function ordersOf(succession: Succession, { parent, workers, terms, take, serve }: TakingOver): Orders {
  return {
    bring: (table) => parent.inForce.takeOver(table),
    serve: async ({ term }) => {
      terms.admit(term);
      await workers.serve();
      await take();
      const predecessor = succession.succeed(log, workers.table, (said) =>
        parent.ended(predecessor, said?.status ?? null, said),
      );
      workers.adopt(predecessor);
      serve();
    },
  };
}

const tableFile = ({ data }: RouterOptions): string => path.join(data, 'router', 'table.json');

interface ParentOf {
  readonly workers: Workers;
  readonly listeners: readonly Listener[];
  readonly keeper: CertificateKeeper | null;
  readonly told: Inheritance | null;
}

function parentOf(options: RouterOptions, { workers, listeners, keeper, told }: ParentOf): Parent {
  return new Parent(workers, {
    file: tableFile(options),
    listen: listeners
      .filter(({ speech }) => speech !== 'h2c')
      .map(({ handle, speech }) => ({ ...boundAddress(handle), secure: speech === 'tls' })),
    h2c: listeners.filter(({ speech }) => speech === 'h2c').map(({ handle }) => boundAddress(handle)),
    certificates: () => keeper?.status ?? [],
    log,
    accessLog: options.observe?.accessLog ?? null,
    exposureMs: options.exposureMs ?? null,
    heardAt: told?.heardAt ?? null,
    handOvers: told?.handOvers ?? { count: 0, cut: 0 },
  });
}

interface Asked {
  readonly terms: Terms;
  readonly ready: Promise<Serving>;
  readonly stop: (deadlineMs: number) => Promise<void>;
  readonly stopping: () => boolean;
}

function handlerOf(options: RouterOptions, { terms, ready, stop, stopping }: Asked): Handler {
  return async (op, args, context) => {
    terms.admit(context.term);
    const { parent, handOver } = await ready;
    if (op !== 'shutdown' && stopping()) throw isStopping();
    switch (op) {
      case 'hello':
        return { pid: process.pid, protocol, options, version, program: ownProgram() } satisfies Hello;
      case 'hand-over':
        return handOver.to(args as HandOverRequest);
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
      case 'flags':
        return parent.flags();
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

/** Those that the router before this one had are taken over; others are bound. */
async function bindAll(
  all: readonly Wanted[],
  succession: Succession | null,
  patienceMs: number,
): Promise<Listener[]> {
  const until = performance.now() + patienceMs;
  const passed = new PassedSockets();
  const bound: Listener[] = [];
  for (const { address, speech } of all) {
    for (;;) {
      try {
        const handle =
          succession?.take(speech, address) ??
          (await bindListener(address, (host, port) => passed.take(host, port)));
        bound.push({ handle, speech, address });
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
  succession?.dropSockets();
  const unused = passed.drop();
  if (unused.length > 0) log.warn({ unused }, 'sockets were passed that teal.yaml does not name');
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

const succession = process.argv[3] === 'succeed' ? new Succession() : null;
try {
  await main(process.argv[2] ?? '', succession);
} catch (error) {
  const told = toTealError(error);
  log.fatal({ code: told.code }, told.message);
  if (succession === null) tellStarter({ error: told.toJSON() });
  else succession.failed(told);
  // The message to the starter needs a turn of the loop.
  setTimeout(() => process.exit(1), 50);
}
