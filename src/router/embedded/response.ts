import type { BodyKind } from './body.ts';
import { BodyReader, noBody, reframe } from './body.ts';
import { headEnd } from './bytes.ts';
import { rewriteResponse } from './rewrite-response.ts';
import type { ResponseHead } from './response-head.ts';

/** What the relay needs to know of the request it answers, and where it writes. */
export interface ResponseTarget {
  readonly method: string;
  readonly minor: number;
  readonly websocket: boolean;
  /** Asked once, when the final head is written: whether the client's connection can be kept after it. */
  mayKeep(): boolean;
  /** Connection lines for a kept connection. */
  readonly keepLines: string;
  /** Further lines of the final head, each with CRLF. */
  readonly ownLines: string;
  write(data: string | Buffer): void;
}

/** `more`: not complete yet. `rest` holds what came behind a complete response, or behind a 101. */
export type RelayState = 'more' | 'done' | 'upgraded' | 'bad';

/** An app's heads may be this long. */
const longestHead = 64 * 1024;
/** 100 and 103 come once or twice; an endless row of them is a fault. */
const mostInterim = 32;
/** Up to here head and body go out as one string: one write, no extra buffer. */
const smallBody = 16 * 1024;

/** Reads the app's response and writes it to the client as it comes, framed anew. */
export class ResponseRelay {
  /** The final head has been written: the status is out and cannot be taken back. */
  started = false;
  /** An event stream. */
  streaming = false;
  status = 0;
  /** The client's connection is kept after this response. */
  keeps = false;
  /** The app's connection may carry another request. */
  reusable = false;
  keepAliveMs = -1;
  rest: Buffer | null = null;
  #partial: Buffer | null = null;
  #body: BodyReader = noBody;
  #chunkedOut = false;
  #interim = 0;
  readonly #target: ResponseTarget;
  readonly #head: ResponseHead;

  constructor(target: ResponseTarget, head: ResponseHead) {
    this.#target = target;
    this.#head = head;
  }

  /** @param data borrowed */
  feed(data: Buffer): RelayState {
    if (this.started) return this.#relay(data, 0, '');
    let input = data;
    if (this.#partial !== null) {
      input = Buffer.concat([this.#partial, data]);
      this.#partial = null;
    }
    return this.#readHeads(input);
  }

  /** Only the end of the connection tells the client where the body ends. */
  get endsByClose(): boolean {
    return !this.#chunkedOut && this.#body.kind !== 'length' && this.#body.kind !== 'none';
  }

  /** The app has closed. @returns whether that ended the response properly */
  ended(): boolean {
    if (!this.started || this.#body.kind !== 'until-close') return false;
    this.finishEarly();
    return true;
  }

  /** Ends the body cleanly where it is: only for bodies whose length the client has not been told. */
  finishEarly(): boolean {
    if (!this.started) return false;
    if (this.#chunkedOut) this.#target.write('0\r\n\r\n');
    else if (this.#body.kind === 'length') return false;
    return true;
  }

  #readHeads(input: Buffer): RelayState {
    let at = 0;
    for (;;) {
      const found = input.indexOf(headEnd, at);
      if (found < 0 || found + 4 - at > longestHead) {
        if (input.length - at > longestHead || found >= 0) return 'bad';
        this.#partial = Buffer.from(input.subarray(at));
        return 'more';
      }
      const end = found + 4;
      if (this.#head.parse(input, at, end) !== null) return 'bad';
      if (this.#head.status === 101) return this.#upgrade(input, end);
      if (this.#head.status >= 200) return this.#start(input, end);
      if (++this.#interim > mostInterim || announcesBody(this.#head)) return 'bad';
      if (this.#target.minor === 1) this.#target.write(rewriteResponse(this.#head, ''));
      at = end;
    }
  }

  #upgrade(input: Buffer, at: number): RelayState {
    if (!this.#target.websocket || this.#head.upgrade !== 'websocket') return 'bad';
    this.started = true;
    this.status = 101;
    const { ownLines } = this.#target;
    this.#target.write(
      rewriteResponse(this.#head, `${ownLines}Connection: Upgrade\r\nUpgrade: websocket\r\n`),
    );
    if (at < input.length) this.rest = Buffer.from(input.subarray(at));
    return 'upgraded';
  }

  #start(input: Buffer, at: number): RelayState {
    const head = this.#head;
    const target = this.#target;
    const kind = bodyKind(head, target.method);
    this.#body = kind === 'none' ? noBody : new BodyReader(kind, head.length);
    this.started = true;
    this.status = head.status;
    this.streaming = head.contentType.startsWith('text/event-stream');
    this.keepAliveMs = head.keepAliveMs;
    this.reusable = !head.close && (head.minor === 1 || head.keepAlive) && kind !== 'until-close';
    if (head.status === 204 && announcesBody(head)) this.reusable = false;
    const unknownLength = kind === 'chunked' || kind === 'until-close';
    this.#chunkedOut = unknownLength && target.minor === 1;
    this.keeps = target.mayKeep() && (!unknownLength || this.#chunkedOut);
    const own =
      target.ownLines + this.#framing(kind) + (this.keeps ? target.keepLines : 'Connection: close\r\n');
    return this.#relay(input, at, rewriteResponse(head, own));
  }

  #framing(kind: BodyKind): string {
    const { length, chunked, status } = this.#head;
    if (this.#chunkedOut) return 'Transfer-Encoding: chunked\r\n';
    if (kind === 'length') return `Content-Length: ${length}\r\n`;
    if (kind !== 'none' || status === 204) return '';
    // HEAD and 304 carry the framing that the body would have had (RFC 9110 §8.6, §9.3.2).
    if (length >= 0) return `Content-Length: ${length}\r\n`;
    return chunked && this.#target.minor === 1 ? 'Transfer-Encoding: chunked\r\n' : '';
  }

  /** Passes on what `data` holds from `at`, behind `prefix` (the head, the first time). */
  #relay(data: Buffer, at: number, prefix: string): RelayState {
    const body = this.#body;
    const end = body.decode(data, at);
    if (end < 0) {
      if (prefix !== '') this.started = false;
      return 'bad';
    }
    const trailer = body.done ? body.trailer() : '';
    if (trailer === null) {
      if (prefix !== '') this.started = false;
      return 'bad';
    }
    this.#write(prefix, data, trailer);
    if (!body.done) return 'more';
    if (end < data.length) this.reusable = false;
    return 'done';
  }

  #write(prefix: string, data: Buffer, trailer: string): void {
    const body = this.#body;
    if (prefix !== '' && body.kind === 'length' && data.length <= smallBody) {
      const [start = 0, end = 0] = body.slices;
      this.#target.write(end > start ? prefix + data.toString('latin1', start, end) : prefix);
      return;
    }
    if (body === noBody) {
      if (prefix !== '') this.#target.write(prefix);
      return;
    }
    const out = reframe(data, body, { chunked: this.#chunkedOut, trailer, head: prefix });
    if (out !== null) this.#target.write(out);
  }
}

/** For statuses that never have one (RFC 9110 §8.6): an app that means it would answer the next request with it. */
function announcesBody(head: ResponseHead): boolean {
  return head.chunked || head.length > 0;
}

/** Whether there is a body, and how its end is known (RFC 9112 §6.3). */
function bodyKind(head: ResponseHead, method: string): BodyKind {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return 'none';
  if (head.chunked) return 'chunked';
  if (head.length < 0) return 'until-close';
  return head.length === 0 ? 'none' : 'length';
}
