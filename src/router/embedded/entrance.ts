import type { BlockList, Socket } from 'node:net';
import { ClientSocket, streamSocket } from './client-socket.ts';
import type { Engine } from './engine.ts';
import type { ListenHandle, Listening, Speech } from './listen-handle.ts';
import { acceptFrom } from './listen-handle.ts';
import { isWithin } from './peer.ts';
import { readProxyHeader } from './proxy-reader.ts';
import type { Terminator } from './tls/terminator.ts';

/** More than any burst that a worker's replacement has to make up for; the kernel caps it at somaxconn. */
const backlog = 4096;
/** How often connections that do not come to their first byte of HTTP are looked for. */
const sweepMs = 250;
/** Of the most connections: with as many free again, a full worker goes on accepting. Not one by one. */
const refillAt = 0.95;

export interface EntranceOptions {
  /** From these a PROXY header is required; from others it is never read. */
  readonly proxies: BlockList;
  /** Null when no listening socket is secure. */
  readonly terminator: Terminator | null;
  /** Where plain requests are sent to; null where they are answered. */
  readonly httpsPort: number | null;
  /** Asks for the listening sockets again. */
  readonly wantListeners: () => void;
}

/** What is known of a connection on its way in. */
interface Entering {
  readonly speech: Speech;
  remoteAddress: string;
}

/**
 * Where connections come in: accepts them from the shared sockets, reads the PROXY header, decrypts, and gives them to the
 * engine. A worker with as many as it may have stops to accept, by closing its copies of the listening sockets: new
 * connections go to another worker, or wait in the kernel's queue until this one has room and gets the sockets again.
 * So none is refused; it is answered late.
 */
export class Entrance {
  readonly #engine: Engine;
  readonly #options: EntranceOptions;
  readonly #listening = new Set<ListenHandle>();
  /** With the `performance.now()` at which they are given up. */
  readonly #entering = new Map<Socket, number>();
  readonly #timer: NodeJS.Timeout;
  #open = 0;
  #full = false;
  #closed = false;

  constructor(engine: Engine, options: EntranceOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#timer = setInterval(() => this.#sweep(performance.now()), sweepMs);
    this.#timer.unref();
  }

  /** Accepts from a listening socket that the parent owns. @throws TealError `port-taken`, `router-unavailable` */
  listen({ handle, speech }: Listening): void {
    if (this.#closed || this.#full) {
      handle.close();
      return;
    }
    const bare = speech === 'http1' && this.#options.proxies.rules.length === 0;
    acceptFrom(handle, backlog, (connection) => {
      const socket = bare ? new ClientSocket(connection) : streamSocket(connection);
      socket.setNoDelay(true);
      this.#accepted(socket, speech);
    });
    this.#listening.add(handle);
  }

  /** Whether new connections come in, or would if there were room. */
  get accepting(): boolean {
    return !this.#closed && (this.#full || this.#listening.size > 0);
  }

  /** Connections that have not come to their first byte of HTTP. */
  get entering(): number {
    return this.#entering.size;
  }

  /** Accepts no more; whoever is on the way in gets in. */
  leave(): void {
    this.#closed = true;
    this.#stopAccepting();
  }

  /** Accepts no more; connections that have not come to their first byte of HTTP are closed. */
  close(): void {
    this.leave();
    clearInterval(this.#timer);
    for (const socket of this.#entering.keys()) socket.destroy();
  }

  #accepted(socket: Socket, speech: Speech): void {
    this.#open++;
    socket.on('close', () => this.#left(socket));
    if (this.#open >= this.#engine.limits.connections) {
      this.#full = true;
      this.#stopAccepting();
    }
    const entering = { speech, remoteAddress: socket.remoteAddress ?? '' };
    if (!isWithin(entering.remoteAddress, this.#options.proxies)) {
      this.#enter(socket, entering);
      return;
    }
    this.#expect(socket);
    readProxyHeader(socket, (source) => {
      entering.remoteAddress = source ?? entering.remoteAddress;
      this.#enter(socket, entering);
      // It was paused, and of those who read it next only this one does not start it again.
      if (speech === 'http1') socket.resume();
    });
  }

  #enter(tcp: Socket, { speech, remoteAddress }: Entering): void {
    const { terminator, httpsPort } = this.#options;
    if (speech === 'tls' && terminator !== null) {
      this.#expect(tcp);
      terminator.terminate(tcp, ({ socket, protocol, clientLines }) => {
        this.#arrived(tcp);
        const arrival = { remoteAddress, secure: true, tcp, clientLines };
        if (protocol === 'h2') this.#engine.acceptHttp2(socket, arrival);
        else this.#engine.accept(socket, arrival);
      });
      return;
    }
    this.#arrived(tcp);
    const plain = { remoteAddress, secure: false };
    if (speech === 'h2c') this.#engine.acceptHttp2(tcp, plain);
    else this.#engine.accept(tcp, httpsPort === null ? plain : { ...plain, httpsPort });
  }

  /** From here to its first byte of HTTP it has as long as a request head has. */
  #expect(socket: Socket): void {
    if (this.#entering.has(socket)) return;
    socket.on('error', swallow);
    this.#entering.set(socket, performance.now() + this.#engine.limits.headTimeoutMs);
  }

  #arrived(socket: Socket): void {
    this.#entering.delete(socket);
  }

  #left(socket: Socket): void {
    this.#open--;
    this.#entering.delete(socket);
    if (!this.#full || this.#closed) return;
    if (this.#open > this.#engine.limits.connections * refillAt) return;
    this.#full = false;
    this.#options.wantListeners();
  }

  #stopAccepting(): void {
    for (const handle of this.#listening) handle.close();
    this.#listening.clear();
  }

  #sweep(now: number): void {
    for (const [socket, until] of this.#entering) {
      if (until <= now) socket.destroy();
    }
  }
}

/** A close follows, and counts. */
function swallow(): void {}
