// The app under the chaos: every way of answering that a kill can break, and each answer says which instance gave it.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { acceptWebSocket } from './websocket.js';

const {
  HOST: host,
  PORT: port,
  TEAL_VERSION: version = 'none',
  TEAL_INSTANCE: instance = 'none',
} = process.env;
const headers = { 'content-type': 'text/plain', 'x-version': version, 'x-instance': instance };
/** What streams say of where they come from. */
const me = `${version} ${instance}`;
const tickMs = 100;
const pieces = 8;
const pieceMs = 25;
const piece = Buffer.alloc(500, 'teal ');
const streams = new Set();
const sockets = new Set();
let stopping = false;

const server = createServer((asked, answer) => {
  respond(asked, answer, new URL(asked.url, 'http://chaos')).catch(() => answer.destroy());
});

async function respond(asked, answer, { pathname, searchParams }) {
  for await (const chunk of asked) void chunk;
  if (pathname === '/events') return events(answer);
  if (pathname === '/pieces') return await inPieces(answer);
  await sleep(Number(searchParams.get('ms') ?? 0));
  const ends = stopping ? { connection: 'close' } : {};
  answer.writeHead(200, { ...headers, ...ends, 'content-length': piece.length }).end(piece);
}

/** Its head goes out at once: a kill in the middle is seen by who asked. */
async function inPieces(answer) {
  answer.writeHead(200, { ...headers, 'content-length': pieces * piece.length });
  for (let index = 0; index < pieces; index += 1) {
    answer.write(piece);
    await sleep(pieceMs);
  }
  answer.end();
}

function events(answer) {
  answer.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
  let tick = 0;
  const send = () => answer.write(`data: ${JSON.stringify({ version: me, tick: tick++ })}\n\n`);
  const timer = setInterval(send, tickMs);
  const end = () => {
    clearInterval(timer);
    streams.delete(end);
    answer.end();
  };
  streams.add(end);
  answer.on('close', end);
  send();
}

server.on('upgrade', (asked, socket, head) => {
  const opened = acceptWebSocket(asked, socket, { greeting: JSON.stringify({ version: me }), head, headers });
  if (opened === null) return;
  sockets.add(opened);
  socket.on('close', () => sockets.delete(opened));
});

// Longer than any pause of the load, so that connections are kept for as long as the router likes.
server.keepAliveTimeout = 75_000;
server.listen(Number(port), host);
process.on('SIGTERM', () => {
  stopping = true;
  server.close(() => process.exit(0));
  for (const opened of sockets) opened.close(1001);
  for (const end of streams) end();
});
