/** Entry of the process that holds the apps behind the router: a server for every instance, opened and closed by releases. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer } from '../lib/child.ts';
import { digest, largeBody } from './bodies.ts';

export type OriginAsk =
  | { readonly kind: 'open'; readonly version: string; readonly announces: boolean }
  | { readonly kind: 'close'; readonly port: number }
  | { readonly kind: 'held' }
  | { readonly kind: 'let-go' };

type AcceptWebSocket = (
  request: IncomingMessage,
  socket: object,
  options: { greeting: string; headers: Record<string, string>; head: Buffer },
) => unknown;

// The echo of the example app; it is JavaScript, which has no types to import.
const { acceptWebSocket } = (await import(
  new URL('../../examples/shop/app/websocket.js', import.meta.url).href
)) as { acceptWebSocket: AcceptWebSocket };

const small = Buffer.alloc(400, 'soak ');
const tickMs = 100;
/** Announced to the router, which closes a little earlier: a quiet router shall soon let go of every connection. */
const keepAliveMs = 3_000;
/** Of one that announces nothing: longer than any look in quiet lasts. */
const longMs = 75_000;
const trickle = { pieces: 10, everyMs: 90 } as const;
/** For what is still open on a server that is closed: a drained one has nothing. */
const lingerMs = 2_000;

interface Instance {
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

const instances = new Map<number, Instance>();
let held: ServerResponse[] = [];

async function handle(ask: OriginAsk): Promise<unknown> {
  switch (ask.kind) {
    case 'open':
      return open(ask.version, ask.announces);
    case 'close':
      return close(ask.port);
    case 'held':
      return held.length;
    case 'let-go': {
      const waiting = held;
      held = [];
      for (const response of waiting) send(response, small);
      return waiting.length;
    }
  }
}

/** @param announces whether it says for how long it keeps connections; otherwise they are the router's to close */
async function open(version: string, announces: boolean): Promise<number> {
  const server = createServer({ keepAliveTimeout: announces ? keepAliveMs : longMs }, (request, response) => {
    response.setHeader('x-version', version);
    // Node adds Keep-Alive only where it says Connection by itself.
    if (!announces) response.setHeader('connection', 'keep-alive');
    respond(request, response, version).catch(() => response.destroy());
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head: Buffer) => {
    const headers = { 'x-version': version };
    acceptWebSocket(request, socket, { greeting: JSON.stringify({ version }), headers, head });
  });
  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  instances.set(port, { server, sockets });
  return port;
}

/** @returns how many connections were still open after a while */
async function close(port: number): Promise<number> {
  const instance = instances.get(port);
  if (instance === undefined) return 0;
  instances.delete(port);
  instance.server.close();
  for (const until = performance.now() + lingerMs; instance.sockets.size > 0 && performance.now() < until;)
    await sleep(20);
  const left = instance.sockets.size;
  for (const socket of instance.sockets) socket.destroy();
  return left;
}

async function respond(request: IncomingMessage, response: ServerResponse, version: string): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://soak');
  switch (url.pathname) {
    case '/upload':
      return received(request, response, version);
    case '/large':
      if (url.search === '?chunked') response.end(largeBody);
      else send(response, Buffer.from(largeBody));
      return;
    case '/trickle':
      for (let piece = 0; piece < trickle.pieces && !response.destroyed; piece += 1) {
        response.write('drop by drop ');
        await sleep(trickle.everyMs);
      }
      response.end();
      return;
    case '/slow': {
      const ms = Number(url.searchParams.get('ms'));
      await sleep(ms);
      return send(response, Buffer.from(JSON.stringify({ version, ms })));
    }
    case '/events':
      return events(response, version);
    case '/hold':
      held.push(response);
      return;
    default:
      return send(response, small);
  }
}

async function received(request: IncomingMessage, response: ServerResponse, version: string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  response.statusCode = digest(body) === request.headers['x-digest'] ? 200 : 422;
  send(response, Buffer.from(JSON.stringify({ version, bytes: body.length })));
}

function events(response: ServerResponse, version: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let tick = 0;
  const say = (): void =>
    void response.write(`event: tick\ndata: ${JSON.stringify({ version, tick: tick++ })}\n\n`);
  const timer = setInterval(say, tickMs);
  response.on('close', () => clearInterval(timer));
  say();
}

function send(response: ServerResponse, body: Buffer): void {
  response.setHeader('content-length', body.length);
  response.end(body);
}

answer<OriginAsk>(null, handle);
