import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import net from 'node:net';
import { compileTable } from '../../src/router/embedded/compile.ts';
import { Engine } from '../../src/router/embedded/engine.ts';
import { trustedList } from '../../src/router/embedded/peer.ts';
import { habits, readLeniently } from './lenient.ts';
import { knownMethods } from './llhttp.ts';
import { pieces } from './message.ts';
import { readRequests } from './ours.ts';
import { caseOf } from './run.ts';

/** A request as an app took it. */
interface Taken {
  readonly method: string;
  readonly body: string;
}

interface App {
  readonly name: string;
  readonly server: Server;
  /** Since it was last emptied. */
  readonly taken: Taken[];
}

/** A case that takes longer hangs; on a loaded machine a turn may take long. */
const patienceMs = 10_000;

/**
 * The pair, over real sockets: the router's engine, and behind it Node's own server or an app that reads as leniently
 * as anyone. Each app must take exactly the requests that the router read, and the client must get an answer to each.
 * @returns what differs, one line a case
 */
export async function compareThroughSockets(seed: number, from: number, to: number): Promise<string[]> {
  const differences: string[] = [];
  for (const make of [strictApp, lenientApp]) {
    const app = make();
    await listen(app.server);
    const { engine, front } = await router(portOf(app.server));
    for (let index = from; index < to; index++) {
      const { made, asked } = caseOf(seed, index);
      const parts = pieces(made.bytes, made.cuts);
      const ours = readRequests(parts);
      if (asked !== null || !comparable(ours)) continue;
      app.taken.length = 0;
      const answers = await send(portOf(front), parts);
      const says = differenceOf(ours, app.taken, answers);
      if (says !== null) differences.push(`case ${index}, ${app.name}: ${says}`);
    }
    const left = [...engine.registry.counts.values()].reduce((sum, { inFlight }) => sum + inFlight, 0);
    if (left !== 0) differences.push(`${app.name}: ${left} requests are still counted in flight`);
    engine.close();
    front.close();
    app.server.close();
    if ('closeAllConnections' in app.server)
      (app.server as ReturnType<typeof createServer>).closeAllConnections();
  }
  return differences;
}

/** A method that Node's server does not know, and a preview token that opens nothing, are answered without the app. */
function comparable({ messages }: ReturnType<typeof readRequests>): boolean {
  return messages.every(
    ({ what, fields }) =>
      knownMethods.has(what) && !fields.some((name) => name.toLowerCase() === 'x-teal-preview'),
  );
}

function differenceOf(
  ours: ReturnType<typeof readRequests>,
  taken: readonly Taken[],
  answers: string,
): string | null {
  const complete = ours.messages.filter((message) => message.complete);
  if (taken.length !== complete.length)
    return `took ${taken.length} requests, the router read ${complete.length}`;
  for (const [at, message] of complete.entries()) {
    if (taken[at]?.method !== message.what || taken[at].body !== message.body)
      return `took another request ${at}`;
  }
  // An interim answer is the app's own affair; an unfinished request may be refused or left.
  const finals = answers.split(/HTTP\/1\.1 [2-5]\d\d /).length - 1;
  if (finals < complete.length) return `the client got ${finals} answers to ${complete.length} requests`;
  if (ours.error !== null && !answers.includes('X-Teal-Error'))
    return `refused (${ours.error}), but not told`;
  return null;
}

function strictApp(): App {
  const taken: Taken[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString('latin1')));
    request.on('end', () => {
      taken.push({ method: request.method ?? '', body });
      response.end('ok');
    });
    request.on('error', () => {});
  });
  return { name: 'node:http', server, taken };
}

function lenientApp(): App {
  const taken: Taken[] = [];
  let connections = 0;
  const server = net.createServer((socket) => {
    const habit = habits[connections++ % habits.length] as (typeof habits)[number];
    let text = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1');
      const complete = readLeniently(text, habit).messages.filter((message) => message.complete);
      text = text.slice(complete.at(-1)?.end ?? 0);
      for (const { what, body } of complete) {
        taken.push({ method: what, body });
        // Every habit gets its turn: a connection carries a few requests, then the next one comes.
        const close = taken.length % 5 === 0 ? 'Connection: close\r\n' : '';
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${close}\r\n${what === 'HEAD' ? '' : 'ok'}`);
      }
    });
  });
  return { name: 'lenient', server, taken };
}

async function router(port: number): Promise<{ engine: Engine; front: Server }> {
  const client = {
    headBytes: 16_384,
    headers: 100,
    headTimeoutMs: 5_000,
    idleTimeoutMs: 5_000,
    connections: 10_000,
  };
  const engine = new Engine({ client, trustedProxies: trustedList([]) });
  const upstream = {
    connectTimeoutMs: 5_000,
    responseTimeoutMs: 5_000,
    idleTimeoutMs: 5_000,
    keepAliveMs: 4_000,
    maxBodyBytes: null,
    protocol: 'http1',
  } as const;
  const app = {
    app: 'fuzz',
    live: 'blue',
    routes: [{ role: 'web', hosts: [], paths: [] }],
    environments: {
      blue: { version: 'v1', endpoints: [{ id: 'e1', role: 'web', host: '127.0.0.1', port }] },
      green: null,
    },
    maintenance: null,
    previewKey: '',
    drain: { streams: 'drain', deadlineMs: 0 },
    upstream,
  } as const;
  engine.commit(compileTable({ generation: 1, apps: [app] }, engine.registry));
  const front = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    engine.accept(socket, { remoteAddress: socket.remoteAddress ?? '', secure: false }),
  );
  await listen(front);
  return { engine, front };
}

/** Sends the reads one by one, ends, and returns all that came back until the router ended too. */
async function send(port: number, parts: readonly Buffer[]): Promise<string> {
  const socket: Socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let text = '';
  socket.on('data', (data: Buffer) => (text += data.toString('latin1')));
  socket.on('error', () => {});
  const over = Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => {});
  for (const part of parts) {
    socket.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  await over;
  clearTimeout(timer);
  socket.destroy();
  return text;
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
