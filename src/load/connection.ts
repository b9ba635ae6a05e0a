import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { BadResponse, ResponseReader, type ResponseHead } from './response.ts';
import type { Outcome } from './samples.ts';
import type { PreparedShape, Target } from './shape.ts';

/** One request under way, and who wants to know. */
export interface Exchange {
  readonly shape: PreparedShape;
  /** The first byte is being written. */
  onSent(): void;
  /** Exactly once. */
  onEnd(end: ExchangeEnd): void;
}

export interface ExchangeEnd {
  readonly outcome: Outcome;
  readonly head: ResponseHead | null;
  /** The start of the body, when it was asked for. */
  readonly body: string;
  /** Why it failed, for people. */
  readonly problem: string | null;
}

export interface ConnectionOptions {
  readonly target: Target;
  readonly timeoutMs: number;
  /** Keep the start of each body for `versionOf`. */
  readonly wantBody: boolean;
  /** Statuses that count as failures. */
  readonly isFailure: (status: number) => boolean;
}

/** A version is told near the start of a body or not at all. */
const keptBodyBytes = 65_536;

/**
 * One kept-alive connection of the load, opened when needed and again after it has closed. A request that was
 * written and got no whole response is lost, also when the connection was a reused one: it is never sent twice.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | null = null;
  #open = false;
  #exchange: Exchange | null = null;
  #reader: ResponseReader | null = null;
  #head: ResponseHead | null = null;
  #body: Buffer[] = [];
  #bodyBytes = 0;
  #startedAt = 0;
  #unsent = 0;
  #pieceTimer: NodeJS.Timeout | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Sends a request; only when the last one has ended. @param now performance.now() */
  start(exchange: Exchange, now: number): void {
    this.#exchange = exchange;
    this.#startedAt = now;
    this.#head = null;
    this.#body = [];
    this.#bodyBytes = 0;
    this.#unsent = exchange.shape.pieces.length;
    this.#reader = new ResponseReader(exchange.shape.method, {
      head: (head) => (this.#head = head),
      body: (chunk) => this.#keep(chunk),
    });
    if (this.#socket === null) this.#connect();
    else this.#write(exchange);
  }

  /** Ends a request that has taken too long. @param now performance.now() */
  expire(now: number): void {
    if (this.#exchange === null || now - this.#startedAt < this.#options.timeoutMs) return;
    const what = this.#open ? 'no whole response' : 'no connection';
    this.#fail('timeout', `${what} within ${this.#options.timeoutMs} ms`);
  }

  close(): void {
    this.#drop();
  }

  #connect(): void {
    const { target } = this.#options;
    const address = { host: target.host, port: target.port };
    const socket = target.tls
      ? connectTls({ ...address, servername: target.host, ALPNProtocols: ['http/1.1'] })
      : connectTcp({ ...address, noDelay: true });
    this.#socket = socket;
    socket.on(target.tls ? 'secureConnect' : 'connect', () => {
      if (socket !== this.#socket) return;
      this.#open = true;
      if (this.#exchange !== null) this.#write(this.#exchange);
    });
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#read(chunk);
    });
    socket.on('end', () => {
      if (socket === this.#socket) this.#ended();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (socket === this.#socket) this.#broke(error);
    });
    socket.on('close', () => {
      if (socket === this.#socket) this.#ended();
    });
  }

  #write(exchange: Exchange): void {
    exchange.onSent();
    this.#sendPiece(exchange);
  }

  #sendPiece(exchange: Exchange): void {
    const { pieces, everyMs } = exchange.shape;
    while (this.#unsent > 0 && this.#exchange === exchange) {
      const piece = pieces[pieces.length - this.#unsent];
      this.#unsent -= 1;
      if (piece !== undefined) this.#socket?.write(piece);
      if (everyMs > 0 && this.#unsent > 0) {
        this.#pieceTimer = setTimeout(() => this.#sendPiece(exchange), everyMs);
        return;
      }
    }
  }

  #read(chunk: Buffer): void {
    // Nothing was asked: a server may say 408 and close an idle connection. That loses no request.
    if (this.#exchange === null || this.#reader === null) return this.#drop();
    try {
      this.#reader.feed(chunk);
    } catch (error) {
      if (!(error instanceof BadResponse)) throw error;
      return this.#fail('bad-response', error.message);
    }
    if (this.#reader.done) this.#complete(this.#reader);
  }

  #ended(): void {
    const reader = this.#reader;
    if (this.#exchange === null || reader === null) return this.#drop();
    if (reader.end()) return this.#complete(reader);
    const when = reader.started ? 'in the middle of the response' : 'before the response';
    this.#fail('reset', `the connection was closed ${when}`);
  }

  #broke(error: NodeJS.ErrnoException): void {
    const kind = this.#open || error.code === 'ECONNRESET' ? 'reset' : 'refused';
    this.#fail(kind, error.message || error.code || 'connection error');
  }

  #complete(reader: ResponseReader): void {
    const status = this.#head?.status ?? 0;
    const failed = this.#options.isFailure(status);
    // An early answer leaves the rest of the body unsent: the connection's framing is lost with it.
    if (!reader.keepAlive || this.#unsent > 0) this.#drop();
    this.#finish(failed ? 'status-5xx' : 'answered', failed ? `status ${status}` : null);
  }

  #fail(outcome: Outcome, problem: string): void {
    this.#drop();
    this.#finish(outcome, problem);
  }

  #finish(outcome: Outcome, problem: string | null): void {
    const exchange = this.#exchange;
    clearTimeout(this.#pieceTimer);
    this.#exchange = null;
    this.#reader = null;
    const body = this.#options.wantBody ? Buffer.concat(this.#body).toString() : '';
    exchange?.onEnd({ outcome, head: this.#head, body, problem });
  }

  #keep(chunk: Buffer): void {
    if (!this.#options.wantBody || this.#bodyBytes >= keptBodyBytes) return;
    this.#body.push(chunk);
    this.#bodyBytes += chunk.length;
  }

  #drop(): void {
    this.#socket?.destroy();
    this.#socket = null;
    this.#open = false;
  }
}
