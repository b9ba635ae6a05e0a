import { createReadStream, readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { ResponseReader } from '../../load/response.ts';
import type { Server } from './server.ts';

/** One request. `node:http` would do it too, for 40 ms more of CPU at every start of the CLI. */
export interface SocketRequest {
  /** A unix socket, or a server elsewhere. */
  readonly socket: string | Server;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or a file that is sent as it is. */
  readonly body?: string | FileBody;
}

interface FileBody {
  readonly file: string;
  readonly bytes: number;
}

export interface SocketResponse {
  readonly status: number;
  /** The body as it comes; ends with an error when the connection breaks before its end. */
  readonly body: AsyncIterable<Buffer>;
}

/** Resolves when the response head is there. @param signal ends the request, also while its body comes */
export async function request(options: SocketRequest, signal?: AbortSignal): Promise<SocketResponse> {
  signal?.throwIfAborted();
  return await exchange(await dial(options.socket), options, signal);
}

/** What it is written to before it is connected waits for that. */
async function dial(to: string | Server): Promise<Socket> {
  if (typeof to === 'string') return connect({ path: to });
  const { host, port } = to;
  if (!to.secure) return connect({ host, port });
  // Loaded by who needs it: it takes longer than most commands.
  const tls = await import('node:tls');
  const own = to.ca === null ? {} : { ca: [...tls.getCACertificates(), readFileSync(to.ca, 'utf8')] };
  const name = isIP(host) === 0 ? { servername: host } : {};
  return tls.connect({ host, port, minVersion: 'TLSv1.2', ...name, ...own });
}

function exchange(
  socket: Socket,
  options: SocketRequest,
  signal: AbortSignal | undefined,
): Promise<SocketResponse> {
  return new Promise((resolve, reject) => {
    const body = new Pipe();
    const reader = new ResponseReader(options.method, {
      head: ({ status }) => resolve({ status, body: body.read(socket) }),
      body: (chunk) => body.push(chunk),
    });
    const abort = (): void => fail(signal?.reason);
    const fail = (error: unknown): void => {
      signal?.removeEventListener('abort', abort);
      reject(error as Error);
      body.fail(error);
      socket.destroy();
    };
    const done = (): void => {
      signal?.removeEventListener('abort', abort);
      body.end();
      socket.destroy();
    };
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    socket.on('error', fail);
    send(socket, options, fail);
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.feed(chunk);
        if (reader.done) done();
      } catch (error) {
        fail(error);
      }
    });
    socket.on('close', () => {
      if (reader.end()) done();
      else fail(new ConnectionLost('the connection was closed before the end of the answer'));
    });
  });
}

/** The other side went away in the middle of an answer. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

function send(socket: Socket, options: SocketRequest, fail: (error: unknown) => void): void {
  const { method, path, headers, body } = options;
  const fields: Record<string, string> = { host: hostOf(options.socket), connection: 'close', ...headers };
  if (typeof body === 'string') {
    fields['content-type'] = 'application/json';
    fields['content-length'] = String(Buffer.byteLength(body));
  } else if (body !== undefined) fields['content-length'] = String(body.bytes);
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  if (typeof body === 'string') socket.write(body);
  else if (body !== undefined) {
    const file = createReadStream(body.file);
    file.on('error', fail);
    socket.on('close', () => file.destroy());
    file.pipe(socket, { end: false });
  }
}

const hostOf = (to: string | Server): string => (typeof to === 'string' ? 'teal' : new URL(to.url).host);

/** From events to an iterable; what came before an error is still delivered. */
class Pipe {
  readonly #chunks: Buffer[] = [];
  #end: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#wake?.();
  }

  end(): void {
    this.#end ??= { error: null };
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *read(socket: Socket): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) yield chunk;
        else if (this.#end !== null) break;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#end.error !== null) throw this.#end.error;
    } finally {
      socket.destroy();
    }
  }
}
