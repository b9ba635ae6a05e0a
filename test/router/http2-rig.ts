import { once } from 'node:events';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import http2 from 'node:http2';
import net from 'node:net';
import { closed, listen, portOf } from './rig.ts';
import type { Proxy } from './rig.ts';

/** A port of the router on which HTTP/2 is spoken. */
export interface Front extends AsyncDisposable {
  readonly port: number;
}

export async function http2Front(router: Proxy): Promise<Front> {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    router.engine.acceptHttp2(socket, { remoteAddress: socket.remoteAddress ?? '', secure: false }),
  );
  await listen(server);
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      const gone = closed(server);
      for (const client of router.engine.clients) client.destroy();
      await gone;
    },
  };
}

/** What came back on one stream. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly interim: readonly number[];
  readonly body: string;
  readonly trailers: IncomingHttpHeaders | null;
  /** 0 when it ended as it should. */
  readonly reset: number;
  /** The response ended with its head. */
  readonly bodiless: boolean;
}

/** A client of HTTP/2, one session. */
export class Http2Client {
  readonly session: ClientHttp2Session;
  goaways: { readonly code: number; readonly last: number }[] = [];

  constructor(port: number, settings: http2.Settings = {}) {
    this.session = http2.connect(`http://127.0.0.1:${port}`, { settings });
    this.session.on('error', () => {});
    this.session.on('goaway', (code, last) => this.goaways.push({ code, last }));
  }

  open(
    headers: OutgoingHttpHeaders = {},
    options: http2.ClientSessionRequestOptions = {},
  ): ClientHttp2Stream {
    const stream = this.session.request({ ':path': '/', ':authority': 'shop.test', ...headers }, options);
    stream.on('error', () => {});
    return stream;
  }

  async ask(headers: OutgoingHttpHeaders = {}, body: Buffer | string | null = null): Promise<Answer> {
    const stream = this.open(headers, { endStream: body === null });
    const answer = answerOf(stream);
    if (body !== null) stream.end(body);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.session.destroyed) return;
    const gone = once(this.session, 'close');
    this.session.destroy();
    await gone;
  }
}

/** Collects a stream until it is closed. */
export function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  let status = 0;
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders | null = null;
  let bodiless = false;
  const interim: number[] = [];
  const body: Buffer[] = [];
  stream.on('headers', (more) => interim.push(more[':status'] ?? 0));
  stream.on('response', (more, flags) => {
    headers = more;
    status = more[':status'] ?? 0;
    bodiless = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
  });
  stream.on('trailers', (more) => {
    trailers = more;
  });
  stream.on('data', (data: Buffer) => body.push(data));
  return new Promise((resolve) => {
    stream.on('close', () =>
      resolve({
        status,
        headers,
        interim,
        body: Buffer.concat(body).toString('latin1'),
        trailers,
        reset: stream.rstCode,
        bodiless,
      }),
    );
  });
}

/** An app that speaks HTTP/2 and nothing else. */
export interface Http2Origin extends AsyncDisposable {
  readonly port: number;
  sessions: number;
  readonly open: Set<http2.ServerHttp2Session>;
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly raw: readonly string[] }[];
}

export type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export async function http2Origin(
  onStream: OnStream,
  options: http2.ServerOptions = {},
  port = 0,
): Promise<Http2Origin> {
  const server = http2.createServer(options);
  const open = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    origin.sessions++;
    open.add(session);
    session.on('error', () => {});
    session.on('close', () => open.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers, _flags, raw) => {
    stream.on('error', () => {});
    origin.requests.push({ headers, raw: raw as unknown as string[] });
    onStream(stream, headers);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const origin: Http2Origin = {
    port: portOf(server),
    sessions: 0,
    open,
    requests: [],
    async [Symbol.asyncDispose]() {
      const gone = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of open) session.destroy();
      await gone;
    },
  };
  return origin;
}

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const endStream = 0x1;
export const endHeaders = 0x4;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A client that writes and sees every frame. */
export class RawHttp2 {
  readonly socket: net.Socket;
  readonly frames: Frame[] = [];
  closed = false;
  #held = Buffer.alloc(0);
  #wake: (() => void)[] = [];

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => {});
    this.socket.on('data', (data: Buffer) => this.#read(data));
    this.socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
    this.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    this.send(frameType.settings, 0, 0, Buffer.alloc(0));
  }

  // oxlint-disable-next-line max-params -- the four parts of a frame, in the order of the wire
  send(type: number, flags: number, stream: number, payload: Buffer | readonly number[] = []): boolean {
    if (this.socket.destroyed) return false;
    return this.socket.write(frame({ type, flags, stream, payload: Buffer.from(payload) }));
  }

  request(stream: number, fields: readonly (readonly [string, string])[], flags: number = endStream): void {
    this.send(frameType.headers, flags | endHeaders, stream, literal(fields));
  }

  async until(done: (client: this) => boolean, what: string, ms = 10_000): Promise<void> {
    const deadline = Date.now() + ms;
    while (!done(this)) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited ${ms} ms for ${what}; ${this.#seen()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  of(type: number, stream?: number): Frame[] {
    return this.frames.filter(
      (each) => each.type === type && (stream === undefined || each.stream === stream),
    );
  }

  /** The code of the RST_STREAM of a stream, or of the last GOAWAY; null when there is none. */
  code(type: number, stream = 0): number | null {
    const last = this.of(type, stream).at(-1);
    return last === undefined ? null : last.payload.readUInt32BE(type === frameType.goaway ? 4 : 0);
  }

  close(): void {
    this.socket.destroy();
  }

  #seen(): string {
    const seen = this.frames.map(({ type, flags, stream }) => `${type}/${flags}/${stream}`).join(' ');
    return `closed=${this.closed} frames (type/flags/stream): ${seen.slice(0, 500)}`;
  }

  #read(data: Buffer): void {
    this.#held = Buffer.concat([this.#held, data]);
    while (this.#held.length >= 9) {
      const length = this.#held.readUIntBE(0, 3);
      if (this.#held.length < 9 + length) break;
      this.frames.push({
        type: this.#held[3] as number,
        flags: this.#held[4] as number,
        stream: this.#held.readUInt32BE(5) & 0x7fffffff,
        payload: Buffer.from(this.#held.subarray(9, 9 + length)),
      });
      this.#held = this.#held.subarray(9 + length);
    }
    this.#changed();
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

export function frame({ type, flags, stream, payload }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK without compression and without Huffman (RFC 7541 §6.2.2): every byte arrives as it stands here. */
export function literal(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const size: number[] = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) size.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([...size, rest]), bytes]);
}

export function head(
  more: readonly (readonly [string, string])[] = [],
  method = 'GET',
  path = '/',
): (readonly [string, string])[] {
  return [[':method', method], [':scheme', 'http'], [':path', path], [':authority', 'shop.test'], ...more];
}
