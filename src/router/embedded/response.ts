import type { BodyKind } from './body.ts';
import { responseBody } from './apart-body.ts';
import { noBody, type BodyReader } from './body.ts';
import { headEnd } from './bytes.ts';
import type { ResponseHead } from './response-head.ts';

/** What is needed to know of the request that is answered, and where bytes for its client go. */
export interface ResponseTarget {
  readonly method: string;
  readonly minor: number;
  readonly websocket: boolean;
  /** Asked once, when the final head is written: whether the client's connection can be kept after it. */
  mayKeep(): boolean;
  /** Further lines of the final head, each with CRLF. */
  readonly ownLines: string;
  write(data: string | Buffer): void;
}

/** Puts a response into the form that its client speaks. Heads are only valid during the call. */
export interface ResponseWriter {
  /** The client's connection is kept after this response. */
  readonly keeps: boolean;
  /** Only the end of the connection tells the client where the body ends. */
  readonly endsByClose: boolean;
  interim(head: ResponseHead): void;
  upgrade(head: ResponseHead): void;
  /** The final head; it is out with the `pass` that follows. @returns false when it cannot be said */
  start(head: ResponseHead, kind: BodyKind): boolean;
  /** What `body` last decoded of `data`, which is borrowed; with the end and the trailer when it is done. */
  pass(data: Buffer, body: BodyReader, trailer: string): void;
  /** Ends the body cleanly where it is. @returns false when the client was told that more would come */
  finishEarly(): boolean;
}

/** `more`: not complete yet. `rest` holds what came behind a complete response, or behind a 101. */
export type RelayState = 'more' | 'done' | 'upgraded' | 'bad';

/** An app's heads may be this long. */
const longestHead = 64 * 1024;
/** 100 and 103 come once or twice; an endless row of them is a fault. */
const mostInterim = 32;

const nothing = Buffer.alloc(0);

/** Reads the app's response, and gives it to the writer as it comes. */
export class ResponseRelay {
  /** The final head has been written: the status is out and cannot be taken back. */
  started = false;
  /** An event stream. */
  streaming = false;
  /** The end of a body comes apart from it (`ended`), as an app over HTTP/2 tells it. */
  endsApart = false;
  status = 0;
  /** The app's connection may carry another request. */
  reusable = false;
  keepAliveMs = -1;
  rest: Buffer | null = null;
  #partial: Buffer | null = null;
  #body: BodyReader = noBody;
  #interim = 0;
  readonly #target: ResponseTarget;
  readonly #writer: ResponseWriter;
  readonly #head: ResponseHead;

  constructor(target: ResponseTarget, writer: ResponseWriter, head: ResponseHead) {
    this.#target = target;
    this.#writer = writer;
    this.#head = head;
  }

  /** Bytes of content so far. */
  get received(): number {
    return this.#body.received;
  }

  /** The client's connection is kept after this response. */
  get keeps(): boolean {
    return this.#writer.keeps;
  }

  /** Only the end of the connection tells the client where the body ends. */
  get endsByClose(): boolean {
    return this.#writer.endsByClose;
  }

  /** @param data borrowed */
  feed(data: Buffer): RelayState {
    if (this.started) return this.#pass(data, 0, false);
    let input = data;
    if (this.#partial !== null) {
      input = Buffer.concat([this.#partial, data]);
      this.#partial = null;
    }
    return this.#readHeads(input);
  }

  /**
   * The app has closed, or said that the body ends here.
   * @param trailer field lines; null when the connection closed
   * @returns whether that ended the response properly
   */
  ended(trailer: string | null): boolean {
    const body = this.#body;
    if (!this.started || (trailer === null && (this.endsApart || body.kind !== 'until-close'))) return false;
    if (!body.finish(trailer ?? '')) return false;
    const passable = body.trailer();
    if (passable === null) return false;
    this.#writer.pass(nothing, body, passable);
    return true;
  }

  /** Ends the body cleanly where it is: only for bodies whose length the client has not been told. */
  finishEarly(): boolean {
    return this.started && this.#writer.finishEarly();
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
      this.#writer.interim(this.#head);
      at = end;
    }
  }

  #upgrade(input: Buffer, at: number): RelayState {
    if (!this.#target.websocket || this.#head.upgrade !== 'websocket') return 'bad';
    this.started = true;
    this.status = 101;
    this.#writer.upgrade(this.#head);
    if (at < input.length) this.rest = Buffer.from(input.subarray(at));
    return 'upgraded';
  }

  #start(input: Buffer, at: number): RelayState {
    const head = this.#head;
    const kind = bodyKind(head, this.#target.method);
    this.#body = responseBody(kind, head.length, this.endsApart);
    this.status = head.status;
    this.streaming = head.contentType.startsWith('text/event-stream');
    this.keepAliveMs = head.keepAliveMs;
    this.reusable = !head.close && (head.minor === 1 || head.keepAlive) && kind !== 'until-close';
    if (head.status === 204 && announcesBody(head)) this.reusable = false;
    return this.#pass(input, at, true);
  }

  /** Passes on what `data` holds from `at`; behind the head, the first time. */
  #pass(data: Buffer, at: number, first: boolean): RelayState {
    const body = this.#body;
    const end = body.decode(data, at);
    if (end < 0) return 'bad';
    const trailer = body.done ? body.trailer() : '';
    if (trailer === null) return 'bad';
    if (first) {
      // Not before its body's start was found sound: then the status is still ours to choose.
      if (!this.#writer.start(this.#head, toldKind(this.#head, body.kind))) return 'bad';
      this.started = true;
    }
    this.#writer.pass(data, body, trailer);
    if (!body.done) return 'more';
    if (end < data.length) this.reusable = false;
    return 'done';
  }
}

/** For statuses that never have one (RFC 9110 §8.6): an app that means it would answer the next request with it. */
function announcesBody(head: ResponseHead): boolean {
  return head.chunked || head.length > 0;
}

/** A 205 is read as it is framed, since some apps give it content; none of that may be passed on (RFC 9110 §15.3.6). */
const toldKind = (head: ResponseHead, kind: BodyKind): BodyKind => (head.status === 205 ? 'none' : kind);

/** Whether there is a body, and how its end is known (RFC 9112 §6.3). */
function bodyKind(head: ResponseHead, method: string): BodyKind {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return 'none';
  if (head.chunked) return 'chunked';
  if (head.length < 0) return 'until-close';
  return head.length === 0 ? 'none' : 'length';
}
