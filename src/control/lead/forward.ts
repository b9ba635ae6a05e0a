import http from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** Set on what was passed on: who does not lead any more answers it, instead of passing it in a circle. */
export const forwardedBy = 'x-teal-forwarded-by';

/** What belongs to one connection (RFC 9110, 7.6.1), and what the new one says itself. */
const ofConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'content-length']);

export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Nothing of it has reached the other side: it may be asked again, anywhere. */
export class NotReached extends Error {
  override readonly name = 'NotReached';
}

/** Asks another control plane of this machine the same, and passes on what it answers, as it comes. @param signal gives it up */
export function forward(
  asked: Asked,
  { socket, name }: { readonly socket: string; readonly name: string },
  signal: AbortSignal,
): Promise<Response> {
  const headers = Object.fromEntries([...asked.headers].filter(([key]) => !ofConnection.has(key)));
  return new Promise((resolve, reject) => {
    const request = http.request({
      socketPath: socket,
      path: asked.path,
      method: asked.method,
      headers: { ...headers, [forwardedBy]: name, 'content-length': asked.body.length },
      signal,
      agent: false,
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const unreached = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      reject(unreached ? new NotReached(error.message, { cause: error }) : error);
    });
    request.on('response', (response) => resolve(answer(response)));
    request.end(asked.body);
  });
}

function answer(response: http.IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    if (typeof value === 'string' && !ofConnection.has(name)) headers.set(name, value);
  }
  const { statusCode: status = 502 } = response;
  // A response of these has no body, and `Response` refuses one.
  const body =
    status === 204 || status === 304 ? null : (Readable.toWeb(response) as ReadableStream<Uint8Array>);
  return new Response(body, { status, headers });
}
