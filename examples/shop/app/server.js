// The shop's web role: pages, assets, an API, uploads, an event stream and a WebSocket. Nothing in it knows of Teal.
import { createServer } from 'node:http';
import { closeStreams, handlers } from './handlers.js';
import { breakAtStart, flawed, listenPort } from './flaws.js';
import { life } from './life.js';
import { host } from './settings.js';
import { build } from './version.js';
import { acceptWebSocket } from './websocket.js';

breakAtStart();

const sockets = new Set();

const server = createServer((request, response) => {
  response.setHeader('x-version', build.version);
  respond(request, response).catch((error) => fail(response, error));
});

async function respond(request, response) {
  const url = new URL(request.url, 'http://shop');
  if (flawed(url.pathname, response)) return;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const path = url.pathname.startsWith('/assets/') ? '/assets/*' : url.pathname;
  const handler = handlers[`${method} ${path}`];
  if (handler === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: `no ${request.method} ${url.pathname} in this shop` }));
    return;
  }
  await handler(request, response, url);
}

function fail(response, error) {
  const expected = error.status !== undefined || error.code === 'ECONNRESET';
  if (!expected) console.error(error);
  if (response.headersSent) return response.destroy();
  response.writeHead(error.status ?? 500, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: error.message }));
}

server.on('upgrade', (request, socket, head) => {
  const { pathname } = new URL(request.url, 'http://shop');
  if (pathname !== '/ws') return socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  const greeting = JSON.stringify({ version: build.version });
  const webSocket = acceptWebSocket(request, socket, {
    greeting,
    head,
    headers: { 'x-version': build.version },
  });
  if (webSocket === null) return;
  sockets.add(webSocket);
  socket.on('close', () => sockets.delete(webSocket));
});

function stop(signal) {
  if (life.stopping) return;
  life.stopping = true;
  console.log(`shop ${build.version} stops on ${signal}`);
  server.close(() => process.exit(0));
  for (const webSocket of sockets) webSocket.close(1001);
  closeStreams();
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

server.listen(listenPort, host, () => {
  console.log(`shop ${build.version} listens on http://${host}:${server.address().port}/`);
});
