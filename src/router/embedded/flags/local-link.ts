import { reframe, type BodyReader } from '../body.ts';
import type { UpstreamLink, UpstreamOwner } from '../upstream.ts';

/** What the router itself answers to one request, in place of an app. */
export interface LocalServer {
  /** Called once, when all of the request is here. */
  answer(body: string, to: LocalAnswer): void;
}

/** Where the answer goes. */
export interface LocalAnswer {
  /** A whole answer. */
  whole(head: string, body: string): void;
  /** The beginning of an event stream. */
  stream(head: string): EventSink | null;
}

/** A stream of events that is open. */
export interface EventSink {
  /** Nothing is kept for a client that reads too slowly: an event says no more than the one before it. */
  send(text: string): void;
  end(): void;
  onClose: () => void;
}

/**
 * A way to an endpoint that is in this process: bytes of HTTP as an app would send them, so that connections, streams of HTTP/2, limits, times
 * and the access log are those of every other request, and none of it is there twice.
 */
export class LocalLink implements UpstreamLink, LocalAnswer, EventSink {
  readonly connected = true;
  readonly reused = false;
  readonly refused = false;
  readonly endsApart = false;
  keepAliveMs = 0;
  paused = false;
  onClose: () => void = () => undefined;
  #owner: UpstreamOwner | null;
  readonly #server: LocalServer;
  readonly #pieces: Buffer[] = [];
  #late = '';

  constructor(owner: UpstreamOwner, server: LocalServer) {
    this.#owner = owner;
    this.#server = server;
  }

  sendHead(_text: string, then: (() => void) | null): void {
    if (then === null) this.#soon();
    else then();
  }

  sendBody(data: Buffer, body: BodyReader, _trailer: string): boolean {
    const piece = reframe(data, body, { chunked: false, trailer: '' });
    if (piece !== null) this.#pieces.push(piece);
    if (body.done) this.#soon();
    return true;
  }

  whole(head: string, body: string): void {
    const bytes = Buffer.byteLength(body);
    const text = `${head}Content-Length: ${bytes}\r\n\r\n`;
    const out = Buffer.allocUnsafe(text.length + bytes);
    out.write(text, 0, 'latin1');
    out.write(body, text.length, 'utf8');
    this.#owner?.upstreamData(out);
  }

  stream(head: string): EventSink | null {
    if (this.#owner === null) return null;
    this.#owner.upstreamData(Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`, 'latin1'));
    return this.#owner === null ? null : this;
  }

  send(text: string): void {
    if (this.paused) {
      this.#late = text;
      return;
    }
    const bytes = Buffer.from(text);
    const size = Buffer.from(`${bytes.length.toString(16)}\r\n`, 'latin1');
    this.#owner?.upstreamData(Buffer.concat([size, bytes, Buffer.from('\r\n', 'latin1')]));
  }

  end(): void {
    this.#owner?.upstreamData(Buffer.from('0\r\n\r\n', 'latin1'));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    const late = this.#late;
    this.#late = '';
    if (late !== '') this.send(late);
  }

  keep(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.#owner === null) return;
    this.#owner = null;
    this.onClose();
  }

  /** Not at once: whoever sends the request is not ready to be answered in the middle of it. */
  #soon(): void {
    queueMicrotask(() => {
      if (this.#owner === null) return;
      const [only] = this.#pieces;
      const body = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
      this.#server.answer(body.toString('utf8'), this);
    });
  }
}
