import { connect, type Socket } from 'node:net';
import { ResponseReader } from '../../load/response.ts';

/** One request over a unix socket. `node:http` would do it too, for 40 ms more of CPU at every start of the CLI. */
export interface SocketRequest {
  readonly socket: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SocketResponse {
  readonly status: number;
  /** The body as it comes; ends with an error when the connection breaks before its end. */
  readonly body: AsyncIterable<Buffer>;
}

/** Resolves when the response head is there. @param signal ends the request, also while its body comes */
export function request(options: SocketRequest, signal?: AbortSignal): Promise<SocketResponse> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const body = new Pipe();
    const socket = connect({ path: options.socket });
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
    socket.on('connect', () => send(socket, options));
    socket.on('error', fail);
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

function send(socket: Socket, { method, path, headers, body }: SocketRequest): void {
  const fields: Record<string, string> = { host: 'teal', connection: 'close', ...headers };
  if (body !== undefined) {
    fields['content-type'] = 'application/json';
    fields['content-length'] = String(Buffer.byteLength(body));
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`);
}

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
