import type { ClientHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { BodyReader } from '../body.ts';
import { reframe } from '../body.ts';
import type { EndpointState } from '../endpoint.ts';
import type { UpstreamLink, UpstreamOwner } from '../upstream.ts';
import type { AppSession, SessionUser } from './app-session.ts';
import { sessionOf } from './app-session.ts';
import { fromLines, toLines } from './fields.ts';
import { outgoingHead } from './outgoing-head.ts';
import type { SentBody } from './sent-body.ts';

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

/** Read as a head, it is refused as one. */
const malformed = Buffer.from('\r\n\r\n', 'latin1');

export function openStream(
  endpoint: EndpointState,
  owner: UpstreamOwner,
  options: { readonly keepAliveMs: number; readonly sentBody: SentBody },
): UpstreamLink {
  return new AppStream(sessionOf(endpoint), owner, options);
}

/**
 * One request over HTTP/2 to an app. The heads of its answer are told as text of HTTP/1.1, so that they are read by the
 * same parser, as strictly.
 */
class AppStream implements UpstreamLink, SessionUser {
  readonly endsApart = true;
  readonly reused: boolean;
  refused = false;
  keepAliveMs: number;
  readonly #session: AppSession;
  readonly #sentBody: SentBody;
  #owner: UpstreamOwner | null;
  #stream: ClientHttp2Stream | null = null;
  #joined = true;
  #bodiless = false;
  #trailer: string | null = '';
  /** The app has said that this is all. */
  #told = false;
  #error: Error | null = null;

  constructor(
    session: AppSession,
    owner: UpstreamOwner,
    { keepAliveMs, sentBody }: { readonly keepAliveMs: number; readonly sentBody: SentBody },
  ) {
    this.#session = session;
    this.#owner = owner;
    this.#sentBody = sentBody;
    this.keepAliveMs = keepAliveMs;
    this.reused = session.used || session.open > 0;
    session.join(this);
  }

  get connected(): boolean {
    return this.#session.ready;
  }

  sessionReady(): void {
    this.#owner?.upstreamConnected();
  }

  sessionFailed(error: Error | null): void {
    this.#error ??= error;
    this.#closed();
  }

  sendHead(text: string, then: (() => void) | null): void {
    const { pieces, ended } = this.#sentBody;
    const endStream = then === null && pieces.length === 0 && (ended ?? '') === '';
    this.#bodiless = text.startsWith('HEAD ');
    try {
      this.#listen(
        this.#session.session.request(outgoingHead(text), { endStream, waitForTrailers: !endStream }),
      );
    } catch (error) {
      // The session has just ended, or has no number left for a stream: nothing was sent.
      this.refused = true;
      this.#error = error as Error;
      process.nextTick(() => this.#closed());
      return;
    }
    if (endStream) return;
    for (const piece of pieces) this.#stream?.write(piece);
    if (ended !== null) this.#stream?.end();
    then?.();
  }

  sendBody(data: Buffer, body: BodyReader, trailer: string): boolean {
    const stream = this.#stream;
    const piece = reframe(data, body, { chunked: false, trailer: '' });
    if (piece !== null) this.#sentBody.add(piece);
    if (body.done) this.#sentBody.ended = trailer;
    if (stream === null || stream.destroyed || stream.closed) return true;
    const room = piece === null || stream.write(piece);
    if (body.done) stream.end();
    return room;
  }

  get paused(): boolean {
    return this.#stream?.isPaused() === true;
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    if (this.#stream?.isPaused() === true) this.#stream.resume();
  }

  keep(): void {
    this.#end(NGHTTP2_NO_ERROR);
  }

  destroy(): void {
    this.#end(NGHTTP2_CANCEL);
  }

  #end(code: number): void {
    this.#owner = null;
    const stream = this.#stream;
    if (stream === null) {
      this.#part();
      return;
    }
    // What is complete both ways closes by itself, once it is read.
    if (!this.#told || !stream.writableEnded) stream.close(this.#told ? NGHTTP2_NO_ERROR : code);
    stream.resume();
  }

  #listen(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    stream.on('headers', (headers, _flags, raw: string[]) => this.#head(headers[':status'], raw, false));
    stream.on('response', (headers, flags, raw: string[]) => {
      this.#sentBody.forget();
      this.#told = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
      this.#head(headers[':status'], raw, this.#told);
      // Only now: a head is told a moment after it came, and bytes behind it must not overtake it.
      stream.on('data', (data: Buffer) => this.#owner?.upstreamData(data));
    });
    stream.on('trailers', (_headers, _flags, raw: string[]) => {
      this.#trailer = toLines(raw);
    });
    stream.on('end', () => {
      // A reset ends the bytes as well, and is no end of the answer.
      if (stream.rstCode !== NGHTTP2_NO_ERROR || this.#trailer === null) return;
      this.#told = true;
      this.#owner?.upstreamEnded(this.#trailer);
    });
    stream.on('wantTrailers', () => {
      if (!stream.destroyed && !stream.closed) stream.sendTrailers(fromLines(this.#sentBody.ended ?? ''));
    });
    stream.on('drain', () => this.#owner?.upstreamDrained());
    stream.on('error', (error: Error) => {
      this.#error = error;
    });
    stream.on('close', () => this.#closed());
  }

  #head(status: number | undefined, raw: readonly string[], ends: boolean): void {
    const lines = toLines(raw);
    const code = status ?? 0;
    // A stream that ends with its head has no body, which HTTP/1.1 says by its length.
    const silent = this.#bodiless || code === 204 || code === 304 || code < 200;
    const length = ends && !silent && !/^content-length:/m.test(lines ?? '') ? 'content-length: 0\r\n' : '';
    this.#owner?.upstreamData(
      lines === null ? malformed : Buffer.from(`HTTP/1.1 ${code} \r\n${lines}${length}\r\n`, 'latin1'),
    );
  }

  #closed(): void {
    const stream = this.#stream;
    const owner = this.#owner;
    this.#owner = null;
    this.#part();
    if (stream !== null) {
      const code = stream.rstCode;
      if (code === NGHTTP2_REFUSED_STREAM || (stream.id ?? 0) > this.#session.lastStream) this.refused = true;
      if (code !== NGHTTP2_NO_ERROR) this.#error ??= new Error(`the app reset the stream: ${code}`);
    }
    owner?.upstreamClosed(this.#error);
  }

  #part(): void {
    if (!this.#joined) return;
    this.#joined = false;
    this.#session.part(this);
  }
}
