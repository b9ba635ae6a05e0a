import type { Socket } from 'node:net';
import net from 'node:net';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { version } from '../../config/version.ts';
import { TealError } from '../../errors.ts';
import type { RouterFence } from '../router.ts';
import { socketPath } from '../socket-path.ts';
import { Link } from './link.ts';
import type { HandedOver, HandOverRequest, Hello, Program, RouterOptions } from './options.ts';
import { protocol } from './options.ts';
import { Caller, toTealError } from './rpc.ts';
import { ownProgram, spawnRouter } from './spawn.ts';
import { readCertificates } from './tls/certificate.ts';

/** Pauses between attempts to get a broken link back; the last one is repeated. */
const pausesMs = [0, 50, 100, 250, 500, 1000];
/** How long a call waits for the link to come back before it fails. */
const patienceMs = 15_000;
/** For a router that runs with other options than asked, and has to end before the next can begin. */
const replaceDeadlineMs = 5_000;
/** For what a router still carries that has handed over, when nobody said how long. */
const defaultDrainMs = 30_000;

export interface Adopting {
  /** For what is in flight on a router that has to hand over, since it runs another Teal or other options. */
  readonly drainMs?: number;
  /** Told why a router of another Teal goes on as it is; with options as asked and of the same protocol it can. */
  readonly kept?: (error: TealError) => void;
  /** By what a leader acts; none: there is one control plane. */
  readonly fence?: RouterFence;
}

/** The link to the router process of one data directory: kept open, whoever dies. */
export class Connection {
  closed = false;
  readonly #options: RouterOptions;
  readonly #path: string;
  #caller: Caller | null = null;
  #socket: Socket | null = null;
  #opening: Promise<Caller> | null = null;
  /** A router of a Teal that is newer than this one has taken over: it is the next control plane's to talk to. */
  #parted = false;
  readonly #adopting: Adopting;

  constructor(options: RouterOptions, adopting: Adopting = {}) {
    this.#adopting = adopting;
    // As it comes back over the link: without what JSON leaves out.
    this.#options = JSON.parse(JSON.stringify(options)) as RouterOptions;
    this.#path = socketPath(options.data, path.join('router', 'control.sock'));
  }

  /** The first opening: its failure is the caller's to see. */
  async open(): Promise<void> {
    await this.#establish(true);
  }

  /**
   * Has the router replaced by one of this program, which gets its sockets. What it carries goes on there until it ends
   * or the deadline. @throws TealError when nothing has changed, and why
   */
  async handOver(program: Program, drainMs: number): Promise<HandedOver> {
    const caller = await this.caller();
    const gone = closedSocket(this.#socket);
    const handed = await this.#ask(caller, program, drainMs);
    this.#parted = handed.protocol !== protocol;
    // It is the next one that is asked from now on.
    await gone;
    return handed;
  }

  /** Waits for a broken link to come back. */
  async caller(): Promise<Caller> {
    if (this.closed) throw unavailable('the link to the router has been closed');
    if (this.#parted) throw unavailable('the router is of another Teal now');
    this.#adopting.fence?.check();
    if (this.#caller !== null) return this.#caller;
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  close(): void {
    this.closed = true;
    this.#socket?.destroy();
  }

  async shutdown(deadlineMs: number): Promise<void> {
    const caller = await this.caller();
    this.closed = true;
    const gone = closedSocket(this.#socket);
    await caller.call('shutdown', { deadlineMs }).catch(unlessDeposed);
    await gone;
  }

  async #reopen(): Promise<Caller> {
    const until = performance.now() + patienceMs;
    for (let attempt = 0; ; attempt++) {
      await pause(pausesMs[Math.min(attempt, pausesMs.length - 1)] ?? 0);
      if (this.closed) throw unavailable('the link to the router has been closed');
      try {
        return await this.#establish();
      } catch (error) {
        if (performance.now() > until || isDeposed(error)) throw error;
      }
    }
  }

  /** @param first a router of another Teal is replaced only then: what comes later was put there on purpose */
  async #establish(first = false): Promise<Caller> {
    const socket = (await tryConnect(this.#path)) ?? (await this.#spawned());
    const caller = this.#attach(socket);
    const gone = closedSocket(socket);
    try {
      if (await this.#adopt(caller, first)) return (this.#caller = caller);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    await gone;
    return this.#establish();
  }

  /** Whether this router is the one to talk to; else it makes place for another. @throws TealError why neither */
  async #adopt(caller: Caller, first: boolean): Promise<boolean> {
    const hello = (await caller.call('hello', {}).catch((error: unknown) => {
      // It follows another control plane: not ours to replace.
      if (isDeposed(error)) throw error;
      return null;
    })) as Hello | null;
    const fits = hello?.protocol === protocol && isDeepStrictEqual(hello.options, this.#options);
    if (fits && (!first || isOurs(hello))) return true;
    const refused = await this.#replace(caller, hello);
    if (refused === null) return false;
    if (!fits || isDeposed(refused)) throw refused;
    this.#adopting.kept?.(refused);
    return true;
  }

  async #spawned(): Promise<Socket> {
    this.#adopting.fence?.check();
    await spawnRouter(this.#options);
    const socket = await tryConnect(this.#path);
    if (socket === null) throw unavailable('the router started, but does not answer');
    return socket;
  }

  /** Has it make place for another, by handing over if it can. @returns why it goes on */
  async #replace(caller: Caller, hello: Hello | null): Promise<TealError | null> {
    try {
      // The one that runs serves by certificates it has read; these may be no good, and then it had better stay.
      if (this.#options.tls !== null) await readCertificates(this.#options.tls);
      if (hello?.version !== undefined) {
        await this.#ask(caller, ownProgram(), this.#adopting.drainMs ?? defaultDrainMs);
        return null;
      }
    } catch (error) {
      const refused = toTealError(error);
      // Only where its own sockets are in the way (of all addresses, and one) is it worth a gap.
      const inItsOwnWay =
        refused.code === 'port-taken' && hello !== null && listensAt(hello.options, refused.details['port']);
      if (!inItsOwnWay) return refused;
    }
    this.#adopting.fence?.check();
    // It cannot hand over, or is stopping already: the next starts when this one has gone.
    await caller.call('shutdown', { deadlineMs: replaceDeadlineMs }).catch(unlessDeposed);
    return null;
  }

  async #ask(caller: Caller, program: Program, drainMs: number): Promise<HandedOver> {
    this.#adopting.fence?.check();
    const request: HandOverRequest = { ...program, options: this.#options, drainMs };
    return (await caller.call('hand-over', request)) as HandedOver;
  }

  #attach(socket: Socket): Caller {
    const link = new Link(socket, (message) => caller.receive(message));
    const caller = new Caller((message) => link.send(message), this.#adopting.fence?.term ?? null);
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      caller.fail(unavailable('the link to the router broke'));
      if (this.#caller !== caller) return;
      this.#caller = null;
      this.#comeBack();
    });
    return caller;
  }

  /** A router that died is started again at once, not only when somebody next asks it something. */
  #comeBack(): void {
    if (!this.closed) this.caller().catch(() => {});
  }
}

const isDeposed = (error: unknown): boolean => error instanceof TealError && error.code === 'not-leader';

/** A router that ends may not come to answer; one that refuses to goes on. */
function unlessDeposed(error: unknown): void {
  if (isDeposed(error)) throw error;
}

/** Null when nobody listens there. */
function tryConnect(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null);
      else reject(toTealError(error));
    });
  });
}

function closedSocket(socket: Socket | null): Promise<void> {
  return new Promise((resolve) => {
    if (socket === null || socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function listensAt({ listen, h2c, tls }: RouterOptions, port: unknown): boolean {
  return [...listen, ...h2c, ...(tls?.listen ?? [])].some((address) => address.port === port);
}

/** Whether it is the router of this very Teal. */
function isOurs({ version: theirs, program }: Hello): boolean {
  const own = ownProgram();
  return theirs === version && program?.entry === own.entry && program.node === own.node;
}

function unavailable(message: string): TealError {
  return new TealError('router-unavailable', message, {
    remedy: 'See router.log in the data directory; then: teal doctor.',
    details: { link: 'broken' },
  });
}
