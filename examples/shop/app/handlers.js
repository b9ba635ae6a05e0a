import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { priced, products } from './catalogue.js';
import { openQueue } from './jobs.js';
import { life } from './life.js';
import { page } from './page.js';
import { queuePath } from './settings.js';
import { build } from './version.js';

const tickMs = 200;
const maxJsonBytes = 64 * 1024;
const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' };

const queue = openQueue(queuePath);
const assets = readAssets();
/** Open event streams: each is a function that ends it. */
const streams = new Set();

/** What the shop answers: `METHOD path` to a function of request, response and URL. */
export const handlers = {
  'GET /': (_request, response) => text(response, 200, page, 'text/html; charset=utf-8'),
  'GET /assets/*': asset,
  'GET /api/products': (_request, response) =>
    json(response, 200, { version: build.version, products: onSale() }),
  'POST /api/cart': cart,
  'POST /api/orders': order,
  'POST /upload': upload,
  'PUT /upload': upload,
  'GET /events': events,
  'GET /slow': slow,
  'GET /healthz': (_request, response) => json(response, 200, { ready: true, version: build.version }),
  'GET /version': (_request, response) => text(response, 200, build.version, 'text/plain; charset=utf-8'),
};

/** Ends every event stream in a clean way: the browser asks for it again, from the version that is live then. */
export function closeStreams() {
  for (const end of streams) end();
}

function asset(_request, response, url) {
  const found = assets.get(url.pathname.slice('/assets/'.length));
  // An old tab asks for the assets of its own version: another version does not have them.
  if (found === undefined)
    return json(response, 404, { error: `version ${build.version} has no ${url.pathname}` });
  response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  text(response, 200, found.body, found.type);
}

function readAssets() {
  const folder = new URL('public/assets/', import.meta.url);
  return new Map(
    readdirSync(folder).map((name) => [
      name,
      { body: readFileSync(new URL(name, folder)), type: types[name.split('.').at(-1)] },
    ]),
  );
}

/** The version whose tests fail has nothing to sell, though it is healthy. */
const onSale = () => (build.broken === 'tests' ? [] : products);

async function cart(request, response) {
  const sum = priced(await readJson(request));
  if (sum === null) return json(response, 422, { error: 'a cart is {"items":[{"id":"cup","quantity":1}]}' });
  json(response, 200, { version: build.version, ...sum });
}

async function order(request, response) {
  const sum = priced(await readJson(request));
  if (sum === null)
    return json(response, 422, { error: 'an order is {"items":[{"id":"cup","quantity":1}]}' });
  json(response, 202, { version: build.version, order: queue.add(sum), total: sum.total });
}

async function upload(request, response) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  json(response, 200, { version: build.version, bytes, sha256: hash.digest('hex') });
}

function events(_request, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let tick = 0;
  const send = () =>
    response.write(`event: tick\ndata: ${JSON.stringify({ version: build.version, tick: tick++ })}\n\n`);
  const timer = setInterval(send, tickMs);
  const end = () => {
    clearInterval(timer);
    streams.delete(end);
    response.end(() => life.stopping && response.socket?.end());
  };
  streams.add(end);
  response.on('close', end);
  send();
}

async function slow(_request, response, url) {
  const ms = Math.min(Math.max(Number(url.searchParams.get('ms')) || 0, 0), 600_000);
  await sleep(ms);
  json(response, 200, { version: build.version, ms });
}

async function readJson(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // Read to its end all the same: a request that is left half read takes its connection down with it.
    if (bytes <= maxJsonBytes) chunks.push(chunk);
  }
  if (bytes > maxJsonBytes) throw refused(413, `a body of at most ${maxJsonBytes} bytes, please`);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw refused(400, 'the body is not JSON');
  }
}

const refused = (status, message) => Object.assign(new Error(message), { status });

const json = (response, status, value) => text(response, status, JSON.stringify(value), 'application/json');

function text(response, status, body, type) {
  // A client that keeps its connection would hold the stop up until the keep-alive timeout.
  if (life.stopping) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
