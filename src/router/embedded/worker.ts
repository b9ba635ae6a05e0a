/** Entry of a worker process: an engine, the sockets its parent hands it, and the parent's orders. */
import { pino } from 'pino';
import type { ClientLimits, ListenAddress, ObserveConfig, TlsConfig } from '../../config/router.ts';
import { TealError } from '../../errors.ts';
import type { DrainRequest, StatusOf } from '../router.ts';
import type { RoutingTable } from '../table.ts';
import type { CompiledApp, CompiledTable } from './compiled-table.ts';
import { Compiler } from './compiler.ts';
import { patched, type TableDelta } from './delta.ts';
import { drainWorker } from './drain.ts';
import { Engine } from './engine.ts';
import { Entrance } from './entrance.ts';
import { asksForPlaces, WorkerFacts } from './fact-sources.ts';
import type { ListenHandle, Listening, Speech } from './listen-handle.ts';
import type { LineLog } from './line-log.ts';
import { observing } from './observing.ts';
import type { Holds, WorkerStatus } from './options.ts';
import { trustedList } from './peer.ts';
import type { Share } from './share.ts';
import { retireWorker } from './retire.ts';
import { workerStatus } from './worker-status.ts';
import type { Handler, Message } from './rpc.ts';
import { Answerer } from './rpc.ts';
import type { TlsMaterial } from './tls/material.ts';
import { Terminator } from './tls/terminator.ts';

export interface WorkerStart {
  readonly client: ClientLimits;
  readonly trustedProxies: readonly string[];
  readonly proxyProtocol: readonly string[];
  readonly tls: WorkerTls | null;
  readonly geoDatabase: string | null;
  readonly table: RoutingTable | null;
  readonly share: Share;
  readonly observe?: ObserveConfig;
}

export interface WorkerTls {
  readonly config: TlsConfig;
  readonly material: TlsMaterial;
  /** Where https is reached. */
  readonly port: number;
}

/** A table to be compiled: all of it, or what changes of the last one that was. */
export type Preparation = { readonly table: RoutingTable } | { readonly delta: TableDelta };

/** What the parent sends beside calls: a listening socket, which travels along. */
export interface ListenerMessage {
  readonly listener: Speech;
}

/** What a worker sends beside answers: it has room again, and wants all listening sockets. */
export interface WantMessage {
  readonly want: 'listeners';
}

/** Reading a database of places takes tens of milliseconds. */
const placesPatienceMs = 1000;

/** For what is still to be written when a worker closes; a disk that takes longer stands still. */
const logPatienceMs = 500;

/** Those that came before the start. */
const early: Listening[] = [];
let engine: Engine | null = null;
let entrance: Entrance | null = null;
let terminator: Terminator | null = null;
let accessLog: LineLog | null = null;
let facts: WorkerFacts | null = null;
let prepared: CompiledTable | null = null;
/** The last table that was compiled here: what the next one is told as a change of. */
let known: RoutingTable | null = null;
let compiler: Compiler | null = null;

const operations: Readonly<Record<string, (args: never, context: Parameters<Handler>[2]) => unknown>> = {
  async start(args: WorkerStart) {
    const trustedProxies = trustedList(args.trustedProxies);
    const { observer, log } = observing(args.observe, trustedProxies, () => pino({ name: 'teal-worker' }));
    accessLog = log;
    const trace = args.observe?.trace ?? false;
    const { client, share, tls, geoDatabase } = args;
    facts = new WorkerFacts({
      trustedProxies,
      geoDatabase,
      onWarning: (text) => process.emitWarning(text),
    });
    const secure = tls === null ? {} : engineTls(tls.config);
    const started = new Engine({ client, trustedProxies, share, observer, trace, ...secure });
    const sources = facts;
    compiler = new Compiler(() => ({ registry: started.registry, sources }));
    if (args.table !== null) started.commit(await compiled(args.table, compiler));
    if (tls !== null) terminator = terminatorOf(tls);
    engine = started;
    entrance = new Entrance(started, {
      proxies: trustedList(args.proxyProtocol),
      terminator,
      httpsPort: tls?.config.redirect === true ? tls.port : null,
      wantListeners: () => send({ want: 'listeners' }),
    });
    for (const listener of early.splice(0)) entrance.listen(listener);
  },
  async prepare(args: Preparation) {
    const table = 'delta' in args ? patched(known, args.delta) : args.table;
    prepared = await compiled(table, compiler ?? notStarted());
  },
  commit(args: { generation: number }) {
    if (prepared?.generation !== args.generation) {
      throw new TealError('internal', `table ${args.generation} was never prepared`, {
        remedy: 'Apply it again.',
      });
    }
    running().commit(prepared);
    prepared = null;
    // What requests find from now on, not what was asked for.
    return running().table?.generation ?? 0;
  },
  holds: () => holdsOf(running()),
  drain: (args: DrainRequest, context) => drainWorker(running().registry, args, context),
  status: (args: Partial<StatusOf>) => status(args),
  listening(args: { listeners: number }) {
    if (args.listeners === 0 || entrance?.accepting === true) return;
    throw new TealError('router-unavailable', 'a worker cannot listen on the sockets it was given', {
      remedy: 'See router.log.',
    });
  },
  async retire(args: { deadlineMs: number; idleTimeoutMs: number }, context) {
    entrance?.leave();
    const entering = (): number => entrance?.entering ?? 0;
    return { cut: await retireWorker(running(), entering, { ...args, context }), status: status() };
  },
  people: () => running().registry.taps.take(),
  latencies: (args: { app: string }) => latenciesOf(running().table?.apps.get(args.app)),
  flags: () => running().flags.tally.counts,
  reopen: () => accessLog?.reopen(),
  material: (args: TlsMaterial) => terminator?.use(args),
  async close(args: { deadlineMs: number }) {
    entrance?.close();
    running().startClosing();
    await emptied(running(), args.deadlineMs);
    running().close();
    // Closing tells each request that is still open how it ended; that comes with the next turns of the loop.
    await new Promise((resolve) => setTimeout(resolve, 10));
    await accessLog?.close(logPatienceMs);
    setImmediate(() => process.exit(0));
  },
};

const answerer = new Answerer(send, async (op, args, context) => operations[op]?.(args as never, context));

process.on('message', (message: Message | ListenerMessage, handle: unknown) => {
  if ('listener' in message) {
    const listener = { handle: handle as ListenHandle, speech: message.listener };
    if (entrance === null) early.push(listener);
    // When it cannot be listened on any more, the parent is about to end.
    else listenIfOpen(entrance, listener);
  } else {
    answerer.receive(message);
  }
});
// Without its parent nobody could tell this worker about a new table: better gone than stale.
process.on('disconnect', () => process.exit(0));
// Ctrl-C in a terminal reaches the whole group; the parent decides when workers end.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('exit', () => accessLog?.closeNow());
process.on('SIGTERM', () => {});

/**
 * With all at hand that its audiences ask for: nobody is sent to live because a file was still being read. But one that is not read to its
 * end in time, which some app asks for, does not hold up a table that takes everybody of another one back.
 */
async function compiled(table: RoutingTable, by: Compiler): Promise<CompiledTable> {
  if (facts !== null && asksForPlaces(table)) {
    const late = new Promise((resolve) => setTimeout(resolve, placesPatienceMs).unref());
    await Promise.race([facts.warm(), late]);
  }
  const done = by.compile(table);
  known = table;
  return done;
}

function status(of: Partial<StatusOf> = {}): WorkerStatus {
  return {
    ...workerStatus(running(), { pid: process.pid, today: Date.now(), of: of.apps ?? null }),
    linesDropped: accessLog?.dropped ?? 0,
  };
}

const running = (): Engine => engine ?? notStarted();

function notStarted(): never {
  throw new TealError('internal', 'the worker has not been started', { remedy: 'Start it.' });
}

function send(message: Message | WantMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function listenIfOpen(to: Entrance, listener: Listening): void {
  try {
    to.listen(listener);
  } catch {
    // See where it is called.
  }
}

function holdsOf({ table }: Engine): Holds {
  return { generation: table?.generation ?? 0, expired: table?.expired ?? false };
}

/** Of the live version's answers. */
function latenciesOf(app: CompiledApp | undefined): readonly number[] {
  return app?.live == null ? [] : (app.environments[app.live]?.latencies.counts ?? []);
}

function engineTls({ acme, hstsSeconds }: TlsConfig): {
  acme: ListenAddress | null;
  hstsSeconds: number | null;
} {
  return { acme, hstsSeconds };
}

function terminatorOf({ config, material }: WorkerTls): Terminator {
  const protocols = config.http2 ? ['h2', 'http/1.1'] : ['http/1.1'];
  return new Terminator({ config, protocols }, material);
}

async function emptied({ clients }: Engine, deadlineMs: number): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (clients.size > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
