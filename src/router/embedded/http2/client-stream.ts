import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { begin } from '../begin.ts';
import { streamBody } from '../apart-body.ts';
import { BodyReader, noBody } from '../body.ts';
import type { Answered, Before, Downstream } from '../downstream.ts';
import type { Engine } from '../engine.ts';
import type { Exchange } from '../exchange.ts';
import type { HeadFault } from '../next-head.ts';
import { outcomeOf } from '../own-answer.ts';
import type { Page } from '../page.ts';
import { renderPage } from '../page.ts';
import type { Peer } from '../peer.ts';
import { refusalOf } from '../refusals.ts';
import type { ResponseTarget, ResponseWriter } from '../response.ts';
import { toLines } from './fields.ts';
import { requestText } from './request-text.ts';
import { ResponseFrames } from './response-frames.ts';

const { NGHTTP2_NO_ERROR } = constants;

/** How long a client may go on sending after its answer, before its stream is closed. */
const lingerMs = 2000;

/**
 * For each frame with content, either way: its head, padding, a TLS record of its own, and what a client says when it
 * hears one (WINDOW_UPDATE twice, and the PING by which gRPC measures its connection).
 */
const perFrame = 128;

/** How a stream came to its end: with its answer, or reset before that, by the client or by us. */
export type StreamEnd = 'answered' | 'by-client' | 'by-us';

/** What a stream needs of the session it is in. */
export interface StreamSession {
  readonly engine: Engine;
  readonly peer: Peer;
  readonly everyLines: string;
  streamOver(stream: ClientStream, how: StreamEnd): void;
}

/** One request of an HTTP/2 session, and its answer. */
export class ClientStream implements Downstream {
  readonly engine: Engine;
  deadline = Infinity;
  readonly #session: StreamSession;
  readonly #stream: ServerHttp2Stream;
  #exchange: Exchange | null = null;
  #writer: ResponseFrames | null = null;
  #reads = false;
  /** The request ended with its head. */
  #bodiless = false;
  #requestEnded = false;
  #answered = false;
  #cut = false;
  /** Bytes that its client may have sent for it, in all. */
  allowed = 0;
  /** Read, and not taken yet. */
  #held: Buffer | null = null;
  #backlog = 0;
  #trailer: string | null = '';

  constructor(session: StreamSession, stream: ServerHttp2Stream) {
    this.#session = session;
    this.engine = session.engine;
    this.#stream = stream;
    stream.on('error', () => {});
    stream.on('drain', () => {
      if (this.#exchange !== null) this.#exchange.clientDrained();
    });
    stream.on('trailers', (_headers, _flags, raw: string[]) => {
      this.#trailer = toLines(raw);
      this.allowed += sizeOf(raw);
    });
    stream.on('end', () => this.#ended());
    stream.on('close', () => this.#closed());
  }

  /** Reads the head, and begins. @param raw as it came @param ends the request ends with its head */
  begin(raw: readonly string[], ends: boolean): void {
    this.#bodiless = ends;
    this.#requestEnded = ends;
    this.allowed += sizeOf(raw);
    const fault = this.#readHead(raw, ends);
    if (fault !== null) {
      const { status, says } = refusalOf(fault);
      const page = { status, code: fault, says, requestId: '', json: false };
      const { observer, table } = this.engine;
      const visit = observer?.unread(this.#session.peer, table?.generation ?? 0) ?? null;
      this.answer(page, { method: raw[raw.indexOf(':method') + 1] ?? '', keep: true, visit });
      return;
    }
    this.#begin(null);
  }

  decideAgain(text: string, before: Before): void {
    const bytes = Buffer.from(text, 'latin1');
    this.#exchange = null;
    this.#parse(bytes);
    this.#begin(before);
  }

  /** With the head that was read last. */
  #begin(before: Before | null): void {
    const head = this.engine.requestHead;
    const { peer } = this.#session;
    const body = streamBody(head, this.#bodiless);
    const begun = begin(this, head, { peer, fallbackHost: '', body, keep: true, before, location: null });
    if (begun === null) return;
    this.#exchange = begun.exchange;
    begun.exchange.start(begun.endpoint, begun.waitsUntil);
  }

  get everyLines(): string {
    return this.#session.everyLines;
  }

  get paused(): boolean {
    return this.#stream.isPaused();
  }

  get destroyed(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  writer(target: ResponseTarget): ResponseWriter {
    this.#writer = new ResponseFrames(this.#stream, target, 'app');
    return this.#writer;
  }

  write(data: string | Buffer): boolean {
    if (this.destroyed) return true;
    this.allowed += perFrame;
    return this.#stream.write(data);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#reads) {
      this.#reads = true;
      this.#stream.on('data', (data: Buffer) => {
        this.allowed += data.length + perFrame;
        this.#held = this.#held === null ? data : Buffer.concat([this.#held, data]);
        this.offer();
      });
    } else if (this.#stream.isPaused()) {
      this.#stream.resume();
    }
  }

  offer(): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      this.#held = null;
    } else if (!exchange.wantsBody) {
      // The app's connection is not up (again): what else comes waits in the stream, and behind its window in the client.
      if (this.#held !== null) this.pause();
    } else {
      const held = this.#held;
      this.#held = null;
      if (held !== null) exchange.takeBody(held);
      if (this.#requestEnded) this.#endBody();
    }
  }

  answer(page: Page, { method, visit, bytesIn = 0 }: Answered): void {
    const added = this.everyLines + (visit?.serverTiming() ?? '');
    const text = Buffer.from(renderPage(page, added, method !== 'HEAD'), 'latin1');
    const head = this.engine.responseHead;
    const end = text.indexOf('\r\n\r\n') + 4;
    head.parse(text, 0, end);
    const write = (data: string | Buffer) => this.write(data);
    const writer = new ResponseFrames(this.#stream, { ...asked, method, write }, 'ours');
    const body = end === text.length ? noBody : new BodyReader('length', text.length - end);
    body.decode(text, end);
    writer.start(head, body.kind);
    writer.pass(text, body, '');
    visit?.end({
      outcome: outcomeOf(page),
      status: page.status,
      code: page.code,
      bytesIn,
      bytesOut: text.length - end,
    });
    this.exchangeOver();
  }

  exchangeOver(): void {
    this.#exchange = null;
    this.#answered = true;
    this.#backlog = this.#stream.writableLength;
    this.deadline = this.engine.after(this.engine.limits.idleTimeoutMs);
    if (this.destroyed) return;
    if (!this.#requestEnded) this.#stream.once('finish', () => this.#lingers());
    // What still comes is thrown away.
    this.#reads = true;
    this.#stream.resume();
  }

  linger(): void {
    this.exchangeOver();
  }

  breakOff(): void {
    this.#reset();
  }

  destroy(): void {
    this.#reset();
  }

  /** The deadline of the current phase has passed. */
  expire(): void {
    const { writableLength } = this.#stream;
    if (this.#exchange !== null) {
      this.#exchange.expired();
    } else if (writableLength > 0 && writableLength !== this.#backlog) {
      // A slow reader that still reads.
      this.#backlog = writableLength;
      this.deadline = this.engine.after(this.engine.limits.idleTimeoutMs);
    } else if (writableLength === 0 && !this.destroyed) {
      this.deadline = this.engine.after(lingerMs);
      this.#stream.close(NGHTTP2_NO_ERROR);
    } else {
      this.#kill();
    }
  }

  #readHead(raw: readonly string[], ends: boolean): HeadFault | null {
    const { requestHead, limits } = this.engine;
    const read = requestText(raw, { ends });
    if (typeof read === 'string') return read;
    if (read.text.length > limits.headBytes) return 'head-too-long';
    return (
      this.#parse(Buffer.from(read.text, 'latin1')) ?? (ends && requestHead.length > 0 ? 'bad-length' : null)
    );
  }

  #parse(bytes: Buffer): HeadFault | null {
    const { requestHead } = this.engine;
    const fault = requestHead.parse(bytes, 0, bytes.length);
    requestHead.version = '2.0';
    return fault;
  }

  /** The answer is out, and the client still sends: it is told to stop, once it had time to read (RFC 9113 §8.1). */
  #lingers(): void {
    this.deadline = this.engine.after(lingerMs);
    this.#backlog = 0;
  }

  #ended(): void {
    // A reset ends what can be read as well: only a stream that is still open was ended by its client.
    if (this.destroyed || this.#stream.aborted) return;
    this.#requestEnded = true;
    this.offer();
  }

  #endBody(): void {
    // A malformed trailer is found to be so where all are read.
    if (this.#exchange?.wantsBody === true) this.#exchange.endBody(this.#trailer ?? ':');
  }

  #reset(): void {
    this.#exchange = null;
    if (this.destroyed || this.#cut) return;
    this.#cut = true;
    if (this.#writer?.endCall() === true) {
      // It has that long to read it.
      this.#lingers();
      this.#stream.resume();
    } else {
      this.#kill();
    }
  }

  /** Not `close`: that ends what is written first, and half an answer would look whole. */
  #kill(): void {
    this.#cut = true;
    this.#stream.destroy(brokenOff);
  }

  #closed(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    const whole = this.#answered && this.#stream.rstCode === NGHTTP2_NO_ERROR;
    this.#session.streamOver(this, whole ? 'answered' : this.#cut ? 'by-us' : 'by-client');
    exchange?.clientClosed();
  }
}

const brokenOff = new Error('the answer broke off');

function sizeOf(raw: readonly string[]): number {
  return raw.reduce((sum, part) => sum + part.length, perFrame);
}

/** What a page of ours has to know of its request, and doesn't. */
const asked: Omit<ResponseTarget, 'method' | 'write'> = {
  minor: 1,
  websocket: false,
  ownLines: '',
  mayKeep: () => true,
};
