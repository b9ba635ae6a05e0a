import type { Socket } from 'node:net';
import net from 'node:net';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { TealError } from '../../errors.ts';
import { socketPath } from '../socket-path.ts';
import { Link } from './link.ts';
import type { Hello, RouterOptions } from './options.ts';
import { protocol } from './options.ts';
import { Caller, toTealError } from './rpc.ts';
import { spawnRouter } from './spawn.ts';
import { readCertificates } from './tls/certificate.ts';

/** Pauses between attempts to get a broken link back; the last one is repeated. */
const pausesMs = [0, 50, 100, 250, 500, 1000];
/** How long a call waits for the link to come back before it fails. */
const patienceMs = 15_000;
/** For a router that runs with other options than asked. */
const replaceDeadlineMs = 5_000;

/** The link to the router process of one data directory: kept open, whoever dies. */
export class Connection {
  closed = false;
  readonly #options: RouterOptions;
  readonly #path: string;
  #caller: Caller | null = null;
  #socket: Socket | null = null;
  #opening: Promise<Caller> | null = null;

  constructor(options: RouterOptions) {
    // As it comes back over the link: without what JSON leaves out.
    this.#options = JSON.parse(JSON.stringify(options)) as RouterOptions;
    this.#path = socketPath(options.data, path.join('router', 'control.sock'));
  }

  /** The first opening: its failure is the caller's to see. */
  async open(): Promise<void> {
    await this.#establish();
  }

  /** Waits for a broken link to come back. */
  async caller(): Promise<Caller> {
    if (this.closed) throw unavailable('the link to the router has been closed');
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
    await caller.call('shutdown', { deadlineMs }).catch(() => {});
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
        if (performance.now() > until) throw error;
      }
    }
  }

  async #establish(): Promise<Caller> {
    let socket = await tryConnect(this.#path);
    if (socket === null) {
      await spawnRouter(this.#options);
      socket = await tryConnect(this.#path);
      if (socket === null) throw unavailable('the router started, but does not answer');
    }
    const caller = this.#attach(socket);
    const gone = closedSocket(socket);
    const hello = (await caller.call('hello', {}).catch(() => null)) as Hello | null;
    if (hello?.protocol === protocol && isDeepStrictEqual(hello.options, this.#options)) {
      this.#caller = caller;
      return caller;
    }
    // The one that runs serves by certificates it has read; these may be no good, and then it had better stay.
    try {
      if (this.#options.tls !== null) await readCertificates(this.#options.tls);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    // Another one's options, or it is stopping already: the next starts when this one has gone.
    await caller.call('shutdown', { deadlineMs: replaceDeadlineMs }).catch(() => {});
    await gone;
    return this.#establish();
  }

  #attach(socket: Socket): Caller {
    const link = new Link(socket, (message) => caller.receive(message));
    const caller = new Caller((message) => link.send(message));
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

function unavailable(message: string): TealError {
  return new TealError('router-unavailable', message, {
    remedy: 'See router.log in the data directory; then: teal doctor.',
    details: { link: 'broken' },
  });
}
