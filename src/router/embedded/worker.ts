/** Entry of a worker process: an engine, the sockets its parent hands it, and the parent's orders. */
import net from 'node:net';
import { pino } from 'pino';
import type { ClientLimits, ObserveConfig } from '../../config/config.ts';
import { TealError } from '../../errors.ts';
import type { DrainRequest } from '../router.ts';
import type { RoutingTable } from '../table.ts';
import type { CompiledTable } from './compile.ts';
import { compileTable } from './compile.ts';
import { drainWorker } from './drain.ts';
import { Engine } from './engine.ts';
import type { ListenHandle, Listener, Speech } from './listen-handle.ts';
import type { LineLog } from './line-log.ts';
import { boundAddress, cannotListen } from './listen-handle.ts';
import { observing } from './observing.ts';
import { trustedList } from './peer.ts';
import type { Share } from './share.ts';
import { workerStatus } from './worker-status.ts';
import type { Handler, Message } from './rpc.ts';
import { Answerer } from './rpc.ts';

export interface WorkerStart {
  readonly client: ClientLimits;
  readonly trustedProxies: readonly string[];
  readonly table: RoutingTable | null;
  readonly share: Share;
  readonly observe?: ObserveConfig;
}

/** What the parent sends beside calls: a listening socket, which travels along. */
export interface ListenerMessage {
  readonly listener: Speech;
}

/** More than any burst that a worker's replacement has to make up for; the kernel caps it at somaxconn. */
const backlog = 4096;

/** For what is still to be written when a worker closes; a disk that takes longer stands still. */
const logPatienceMs = 500;

const listeners: Listener[] = [];
const servers: net.Server[] = [];
let engine: Engine | null = null;
let accessLog: LineLog | null = null;
let prepared: CompiledTable | null = null;

const operations: Readonly<Record<string, (args: never, context: Parameters<Handler>[2]) => unknown>> = {
  async start(args: WorkerStart) {
    const trustedProxies = trustedList(args.trustedProxies);
    const { observer, log } = observing(args.observe, trustedProxies, () => pino({ name: 'teal-worker' }));
    accessLog = log;
    const trace = args.observe?.trace ?? false;
    const { client, share } = args;
    const started = new Engine({ client, trustedProxies, share, observer, trace });
    if (args.table !== null) started.commit(compileTable(args.table, started.registry));
    engine = started;
    await Promise.all(listeners.map((listener) => listenOn(listener, started)));
  },
  prepare(args: { table: RoutingTable }) {
    prepared = compileTable(args.table, running().registry);
  },
  commit(args: { generation: number }) {
    if (prepared?.generation !== args.generation) {
      throw new TealError('internal', `table ${args.generation} was never prepared`, {
        remedy: 'Apply it again.',
      });
    }
    running().commit(prepared);
    prepared = null;
  },
  drain: (args: DrainRequest, context) => drainWorker(running().registry, args, context),
  status: () => ({
    ...workerStatus(running(), process.pid, Date.now()),
    linesDropped: accessLog?.dropped ?? 0,
  }),
  reopen: () => accessLog?.reopen(),
  async close(args: { deadlineMs: number }) {
    for (const server of servers) server.close();
    running().startClosing();
    await emptied(running(), args.deadlineMs);
    running().close();
    // Closing tells each request that is still open how it ended; that comes with the next turns of the loop.
    await new Promise((resolve) => setTimeout(resolve, 10));
    await accessLog?.close(logPatienceMs);
    setImmediate(() => process.exit(0));
  },
};

const answerer = new Answerer(
  (message) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  },
  async (op, args, context) => operations[op]?.(args as never, context),
);

process.on('message', (message: Message | ListenerMessage, handle: unknown) => {
  if ('listener' in message) listeners.push({ handle: handle as ListenHandle, speech: message.listener });
  else answerer.receive(message);
});
// Without its parent nobody could tell this worker about a new table: better gone than stale.
process.on('disconnect', () => process.exit(0));
// Ctrl-C in a terminal reaches the whole group; the parent decides when workers end.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('exit', () => accessLog?.closeNow());
process.on('SIGTERM', () => {});

function running(): Engine {
  if (engine === null)
    throw new TealError('internal', 'the worker has not been started', { remedy: 'Start it.' });
  return engine;
}

function listenOn({ handle, speech }: Listener, started: Engine): Promise<void> {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const arrival = { remoteAddress: socket.remoteAddress ?? '', secure: false };
    if (speech === 'h2c') started.acceptHttp2(socket, arrival);
    else started.accept(socket, arrival);
  });
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(cannotListen(boundAddress(handle), error.code ?? error.message));
    });
    server.listen(handle as unknown as net.ListenOptions, backlog, () => resolve());
  });
}

async function emptied({ clients }: Engine, deadlineMs: number): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (clients.size > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
