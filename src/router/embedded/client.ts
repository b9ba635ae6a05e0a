import type { Socket } from 'node:net';
import type { Arrival } from './arrival.ts';
import { begin } from './begin.ts';
import { requestBody } from './body.ts';
import { ClientSocket } from './client-socket.ts';
import type { Answered, Before, Downstream } from './downstream.ts';
import type { Engine } from './engine.ts';
import type { Exchange } from './exchange.ts';
import type { HeadFault } from './next-head.ts';
import { nextHead } from './next-head.ts';
import { outcomeOf } from './own-answer.ts';
import type { Page } from './page.ts';
import { renderPage } from './page.ts';
import type { Peer } from './peer.ts';
import { peerOf } from './peer.ts';
import { refusalOf } from './refusals.ts';
import { ResponseText } from './response-text.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseTarget, ResponseWriter } from './response.ts';
import { send } from './scratch.ts';
import { httpsLocation } from './to-https.ts';

/** How long we go on reading after our last byte, so that the client reads our answer before it sees a reset. */
const lingerMs = 2000;

/**
 * `idle`: between requests, or reading a head. `exchange`: a request is being answered. `linger`: our side is ended,
 * what comes is thrown away.
 */
type Phase = 'idle' | 'exchange' | 'linger';

/** One client connection: reads heads, hands each request to an exchange, one after the other. */
export class Client implements Downstream {
  readonly socket: Socket;
  readonly engine: Engine;
  readonly peer: Peer;
  readonly everyLines: string;
  readonly #arrival: Arrival;
  /** `engine.now` at which `expire` is called. */
  deadline: number;
  #phase: Phase = 'idle';
  #exchange: Exchange | null = null;
  /** Bytes that nobody has taken yet. */
  #held: Buffer | null = null;
  /** How far `#held` has been searched for the end of a head. */
  #searched = 0;
  #ended = false;
  #backlog = 0;
  #pumping = false;
  /** `#held` is the borrowed buffer: a head may be read from it, and nothing may keep it. */
  #borrows = false;

  constructor(socket: Socket, engine: Engine, arrival: Arrival) {
    this.socket = socket;
    this.engine = engine;
    this.#arrival = arrival;
    this.everyLines = arrival.secure ? engine.hstsLine : '';
    this.peer = peerOf(arrival, engine.trustedProxies);
    this.deadline = engine.after(engine.limits.headTimeoutMs);
    if (socket instanceof ClientSocket) socket.onBytes = (borrowed) => this.#borrowed(borrowed);
    else socket.on('data', (data: Buffer) => this.#data(data));
    socket.on('end', () => this.#end());
    socket.on('drain', () => this.#drained());
    socket.on('error', () => socket.destroy());
    socket.on('finish', () => {
      if (this.#phase === 'linger') this.deadline = engine.after(lingerMs);
    });
    socket.on('close', () => this.#closed());
  }

  get paused(): boolean {
    return this.socket.isPaused();
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }

  writer(target: ResponseTarget): ResponseWriter {
    return new ResponseText(target, this.engine.keepLines);
  }

  write(data: string | Buffer): boolean {
    return send(this.socket, data);
  }

  offer(): void {
    // Also while `#pump` runs: so that head and body leave in one write.
    if (this.#exchange !== null && this.#held !== null) this.#feedExchange(this.#exchange);
    this.#pump();
    if (this.#ended && this.#held === null) this.#exchange?.clientEnded(true);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    if (this.socket.isPaused()) this.socket.resume();
  }

  exchangeOver(keep: boolean): void {
    this.#exchange = null;
    if (!keep) {
      this.linger();
      return;
    }
    this.#phase = 'idle';
    const { idleTimeoutMs, headTimeoutMs } = this.engine.limits;
    this.deadline = this.engine.after(this.#held === null ? idleTimeoutMs : headTimeoutMs);
    if ((this.#ended || this.engine.hangsUp) && this.#held === null) {
      this.linger();
      return;
    }
    this.resume();
    this.#pump();
  }

  /** Ends our side, and goes on reading for a while (RFC 9112 §9.6). */
  linger(): void {
    this.#exchange = null;
    this.#phase = 'linger';
    this.#held = null;
    this.#backlog = this.socket.writableLength;
    this.deadline = this.engine.after(this.engine.limits.idleTimeoutMs);
    this.socket.end();
    this.resume();
    if (this.#ended && this.socket.writableFinished) this.socket.destroy();
  }

  decideAgain(head: string, before: Before): void {
    const bytes = Buffer.from(head, 'latin1');
    this.#exchange = null;
    this.engine.requestHead.parse(bytes, 0, bytes.length);
    this.#begin(before);
    this.#pump();
  }

  answer(page: Page, request: Answered): void {
    const keep = request.keep && !this.engine.closing;
    const { visit } = request;
    const added = visit === null ? '' : visit.serverTiming();
    const lines = (keep ? this.engine.keepLines : 'Connection: close\r\n') + this.everyLines + added;
    const text = renderPage(page, lines, request.method !== 'HEAD');
    this.write(text);
    visit?.end({
      outcome: outcomeOf(page),
      status: page.status,
      code: page.code,
      bytesIn: request.bytesIn ?? 0,
      bytesOut: text.length - text.indexOf('\r\n\r\n') - 4,
    });
    this.exchangeOver(keep);
  }

  /**
   * Ends a response that cannot be completed. Where an end of the connection would look like the end of the body, it
   * is reset: half an answer must not be taken for a whole one. (Also under TLS: most clients take an end of TCP without
   * a close_notify for an end.)
   */
  breakOff(reset: boolean): void {
    if (reset) (this.#arrival.tcp ?? this.socket).resetAndDestroy();
    else this.socket.destroy();
  }

  destroy(): void {
    this.#exchange?.cut();
    this.socket.destroy();
  }

  closeWhenIdle(): void {
    if (this.#phase === 'idle' && this.#held === null) this.linger();
  }

  /** The deadline of the current phase has passed. */
  expire(): void {
    if (this.#exchange !== null) {
      this.#exchange.expired();
    } else if (this.socket.writableLength > 0 && this.socket.writableLength !== this.#backlog) {
      // A slow reader that still reads: not idle.
      this.#backlog = this.socket.writableLength;
      this.deadline = this.engine.after(this.engine.limits.idleTimeoutMs);
    } else if (this.#phase === 'linger') {
      this.destroy();
    } else if (this.#held === null) {
      this.linger();
    } else {
      this.#refuse(408, 'head-timeout', 'The request head did not arrive in time.');
    }
  }

  /** Heads and bodies are read where they are. Whatever is kept for later, or for somebody else, is a copy. */
  #borrowed(data: Buffer): void {
    if (this.#held !== null || (this.#phase !== 'idle' && this.#exchange?.wantsBody !== true)) {
      this.#data(Buffer.from(data));
      return;
    }
    this.#borrows = true;
    this.#data(data);
    if (this.#borrows && this.#held !== null) this.#held = Buffer.from(this.#held);
    this.#borrows = false;
  }

  #data(data: Buffer): void {
    if (this.#phase === 'linger') return;
    if (this.#held === null && this.#phase === 'idle') {
      this.deadline = this.engine.after(this.engine.limits.headTimeoutMs);
    }
    this.#held = this.#held === null ? data : Buffer.concat([this.#held, data]);
    this.#pump();
  }

  /**
   * Gives `#held` to whoever it is for: the body of the request being answered, or the next request. Answers of ours
   * come back here at once, so it is a loop and never a recursion: one read may hold thousands of requests.
   */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#held !== null) {
      if (this.#exchange === null ? !this.#readNext(this.#held) : !this.#feedExchange(this.#exchange)) break;
    }
    this.#pumping = false;
  }

  /** @returns whether to go on */
  #readNext(held: Buffer): boolean {
    if (this.#phase !== 'idle') return false;
    if (this.socket.writableNeedDrain) {
      // It sends requests and does not read our answers: what else it sends waits in the kernel.
      this.pause();
      return false;
    }
    return this.#readHead(held);
  }

  /** @returns whether to go on */
  #feedExchange(exchange: Exchange): boolean {
    const held = this.#held as Buffer;
    if (!exchange.wantsBody) {
      // The next request, sent before this one is answered: it waits in the kernel.
      this.pause();
      return false;
    }
    // Taken before it is used: what the exchange does may end it and come back here.
    this.#held = null;
    const taken = exchange.takeBody(held);
    if (taken < held.length && this.#phase !== 'linger') {
      this.#held = taken === 0 ? held : held.subarray(taken);
    }
    this.#searched = 0;
    return this.#held !== null;
  }

  /** @returns whether a head was read */
  #readHead(held: Buffer): boolean {
    const { requestHead, limits } = this.engine;
    const end = nextHead(held, this.#searched, requestHead, limits.headBytes);
    if (end === null) {
      this.#searched = held.length;
      this.resume();
      return false;
    }
    if (typeof end === 'string') {
      this.#refuseHead(end);
      return false;
    }
    const rest = end < held.length ? held.subarray(end) : null;
    this.#held = rest !== null && this.#borrows ? Buffer.from(rest) : rest;
    this.#borrows = false;
    this.#searched = 0;
    this.#begin(null);
    return true;
  }

  #begin(before: Before | null): void {
    const head = this.engine.requestHead;
    const body = requestBody(head);
    const keep = (head.minor === 1 ? !head.close : head.keepAlive && !head.close) && body.done;
    const fallbackHost = head.host === '' ? this.#localHost() : '';
    this.#phase = 'exchange';
    const location = this.#elsewhere(head);
    const begun = begin(this, head, { peer: this.peer, fallbackHost, body, keep, before, location });
    if (begun === null) {
      // Decided again when its token is verified: until then what else comes waits in the kernel.
      if (this.#phase === 'exchange') this.pause();
      return;
    }
    this.#exchange = begun.exchange;
    begun.exchange.start(begun.endpoint, begun.waitsUntil);
  }

  #localHost(): string {
    return `${this.socket.localAddress ?? 'localhost'}:${this.socket.localPort ?? 80}`;
  }

  #elsewhere(head: RequestHead): string | null {
    const { httpsPort } = this.#arrival;
    if (httpsPort === undefined) return null;
    return httpsLocation(head, { httpsPort, peer: this.peer, localAddress: this.socket.localAddress ?? '' });
  }

  #refuseHead(fault: HeadFault): void {
    const { status, says } = refusalOf(fault);
    this.#refuse(status, fault, says);
  }

  #refuse(status: number, code: string, says: string): void {
    this.#phase = 'exchange';
    const { observer, table } = this.engine;
    const visit = observer?.unread(this.peer, table?.generation ?? 0) ?? null;
    this.answer({ status, code, says, requestId: '', json: false }, { method: 'GET', keep: false, visit });
  }

  #end(): void {
    this.#ended = true;
    if (this.#exchange !== null) this.#exchange.clientEnded(this.#held === null);
    else if (this.#phase === 'linger') this.socket.destroy();
    // Being verified: it is answered all the same.
    else if (this.#phase === 'exchange') return;
    else if (this.#held === null || !this.socket.writableNeedDrain) this.linger();
  }

  #drained(): void {
    if (this.#exchange !== null) this.#exchange.clientDrained();
    else this.#pump();
  }

  #closed(): void {
    this.engine.clients.delete(this);
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#phase = 'linger';
    this.#held = null;
    exchange?.clientClosed();
  }
}
