/** How the API is served, on whatever it listens: what is no request of it is refused as everything else is. */
import {
  STATUS_CODES,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { TealError } from '../../errors.ts';
import { problemOf, problemResponse, problemType } from './problem.ts';

export const serverOptions: ServerOptions = {
  /** Cookies of a browser and a token fit in well; the longest path of the API is a tenth of it. */
  maxHeaderSize: 16 * 1024,
  /** A head comes in one packet; ten seconds are a line of bytes that somebody types. */
  headersTimeout: 10_000,
  /** How late that is noticed. */
  connectionsCheckingInterval: 2000,
  // Refused by us instead, with a body that says why.
  requireHostHeader: false,
};

export type Fetch = (request: Request, env: HttpBindings) => Response | Promise<Response>;

/** For `createServer` of http and https. */
export function listener(fetch: Fetch): RequestListener {
  const answer = getRequestListener((request, env) => fetch(request, env as HttpBindings), {
    // Where the target of a request is no URL.
    errorHandler: (error) => problemResponse(notHttp((error as Error).message)),
  });
  return (request, response) => {
    response.once('finish', () => dropRest(request));
    // RFC 9112, 3.2: a request without it, or with two of them, is refused.
    if (request.httpVersion !== '1.0' && hosts(request.rawHeaders) !== 1) {
      answerLast(response, notHttp('it names no host, or several'));
      return;
    }
    void answer(request, response);
  };
}

/** A client that is still sending what nobody waits for has this long to read why. */
const restMs = 500;

/** Who was answered, and goes on with a body, holds no connection by it. */
function dropRest(request: IncomingMessage): void {
  if (request.complete) return;
  setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, restMs).unref();
}

const hosts = (raw: readonly string[]): number =>
  raw.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;

/** What never becomes a request for the API is answered like one that does. */
export function guarded<S extends Server | SecureServer>(server: S): S {
  const last = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request, response) => last.set(request.socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = last.get(socket);
    const between = response === undefined || response.writableFinished || !response.headersSent;
    // In the middle of an answer another one would be read as its end.
    if (error.code === 'ECONNRESET' || !socket.writable || !between) socket.destroy();
    else refuse(socket, refusalOf(error));
  });
  server.on('connect', (_request, socket) =>
    refuse(socket, noTunnel(), ['allow: GET, HEAD, POST, DELETE, OPTIONS']),
  );
  server.on('checkExpectation', (_request, response) =>
    answerLast(response, notHttp('it expects what is not known')),
  );
  return server;
}

/** Nothing else is read from that connection. */
function answerLast(response: ServerResponse, error: TealError): void {
  const problem = problemOf(error);
  response.writeHead(problem.status, { 'content-type': problemType, connection: 'close' });
  response.end(JSON.stringify(problem));
}

function refuse(socket: Duplex, error: TealError, more: readonly string[] = []): void {
  const problem = problemOf(error);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...more,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function refusalOf({ code = '', message }: NodeJS.ErrnoException): TealError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new TealError(
      'headers-too-large',
      `The head is larger than ${serverOptions.maxHeaderSize} bytes.`,
      {
        remedy: 'leave out what is not for Teal; values belong into the body',
      },
    );
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new TealError('request-timeout', 'The request did not come in time.', {
      remedy: 'send it again, at once',
    });
  return notHttp(message);
}

const notHttp = (why: string): TealError =>
  new TealError('usage', `That is no request of HTTP/1.1: ${why}.`, {
    remedy: 'see docs/api.md; curl says it right',
  });

const noTunnel = (): TealError =>
  new TealError('method-not-allowed', 'CONNECT is for proxies, and this is none.', {
    remedy: 'see docs/api.md',
  });
