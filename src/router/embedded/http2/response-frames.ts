import type { ServerHttp2Stream } from 'node:http2';
import type { BodyKind, BodyReader } from '../body.ts';
import { reframe } from '../body.ts';
import type { ResponseHead } from '../response-head.ts';
import type { ResponseTarget, ResponseWriter } from '../response.ts';
import { field } from '../known-fields.ts';
import { nameOf } from '../rewrite-request.ts';
import { drops } from '../rewrite-response.ts';
import { fromLines, isOfConnections } from './fields.ts';

const unavailable = 'grpc-status: 14\r\ngrpc-message: teal: the answer broke off\r\n';

/** Writes one response as frames of HTTP/2: its framing is the stream's, its trailer comes behind its data. */
export class ResponseFrames implements ResponseWriter {
  /** A stream is over with its response; the session goes on. */
  readonly keeps = true;
  /** Whatever ends too early is reset, and seen to be. */
  readonly endsByClose = false;
  readonly #stream: ServerHttp2Stream;
  readonly #target: ResponseTarget;
  readonly #drops: (head: ResponseHead, index: number) => boolean;
  #kind: BodyKind = 'none';
  #trailer = '';
  #grpc = false;

  /** @param from whose response it is: what an app may not say is only dropped of an app's */
  constructor(stream: ServerHttp2Stream, target: ResponseTarget, from: 'app' | 'ours') {
    this.#stream = stream;
    this.#target = target;
    this.#drops = from === 'app' ? drops : dropsFraming;
  }

  interim(head: ResponseHead): void {
    if (this.#gone) return;
    const fields: Record<string, string | string[]> = { ':status': `${head.status}` };
    for (let index = 0; index < head.fields.count; index++) {
      if (!this.#passes(head, index)) continue;
      const name = nameOf(head, index);
      const before = fields[name];
      fields[name] = before === undefined ? head.value(index) : [before, head.value(index)].flat();
    }
    this.#stream.additionalHeaders(fields);
  }

  upgrade(): void {
    // Nobody asks for it here: `websocket` is never set for a request of HTTP/2.
  }

  start(head: ResponseHead, kind: BodyKind): boolean {
    // What HTTP/1.1 has room for, and `node:http2` does not.
    if (head.status > 599) return false;
    this.#kind = kind;
    if (this.#gone) return true;
    const list: string[] = [':status', `${head.status}`];
    for (let index = 0; index < head.fields.count; index++) {
      if (this.#passes(head, index)) list.push(nameOf(head, index), head.value(index));
    }
    if (head.length >= 0 && this.#saysLength(head)) list.push('content-length', `${head.length}`);
    for (const [name, values] of Object.entries(fromLines(this.#target.ownLines))) {
      for (const value of values) list.push(name, value);
    }
    const endStream = kind === 'none';
    this.#grpc = head.contentType.startsWith('application/grpc') && kind === 'until-close';
    const waitForTrailers = kind === 'chunked' || kind === 'until-close';
    if (waitForTrailers) this.#stream.on('wantTrailers', () => this.#sendTrailers());
    // It dates what says no date itself.
    this.#stream.respond(list, { endStream, waitForTrailers });
    return true;
  }

  pass(data: Buffer, body: BodyReader, trailer: string): void {
    if (this.#kind === 'none') return;
    const out = reframe(data, body, { chunked: false, trailer: '' });
    if (out !== null) this.#target.write(out);
    if (body.done) this.#end(trailer);
  }

  finishEarly(): boolean {
    if (this.#kind === 'length') return false;
    if (this.#kind !== 'none') this.#end('');
    return true;
  }

  /**
   * Ends a call of gRPC that breaks off. A reset would mean a fault of the program to its client; this means that it may
   * try elsewhere. @returns false when it is none, or not far enough
   */
  endCall(): boolean {
    if (!this.#grpc || this.#gone || this.#stream.writableEnded) return false;
    this.#end(unavailable);
    return true;
  }

  get #gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  /** Without a body it says what the body would have been, or nothing. */
  #saysLength(head: ResponseHead): boolean {
    // The length of what an app gave it, which nobody is sent.
    if (head.status === 205) return false;
    return this.#kind === 'length' || this.#target.method === 'HEAD' || head.status === 304;
  }

  #passes(head: ResponseHead, index: number): boolean {
    return !this.#drops(head, index) && !isOfConnections(nameOf(head, index));
  }

  #end(trailer: string): void {
    this.#trailer = trailer;
    if (!this.#gone) this.#stream.end();
  }

  #sendTrailers(): void {
    if (!this.#gone) this.#stream.sendTrailers(fromLines(this.#trailer));
  }
}

function dropsFraming(head: ResponseHead, index: number): boolean {
  return head.fields.id[index] === field['content-length'];
}
