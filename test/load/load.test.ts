import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad, type LoadOptions } from '../../src/load/load.ts';
import type { LoadReport } from '../../src/load/report.ts';
import { percentile } from '../../src/load/report.ts';
import { turns } from '../../src/load/shape.ts';

const open: (() => void)[] = [];
after(() => {
  for (const close of open) close();
});

async function listen(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return listen(server);
}

async function serveRaw(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  open.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listen(server);
}

/** Runs a load until it has sent at least this many requests. */
async function send(atLeast: number, options: LoadOptions): Promise<LoadReport> {
  const load = runLoad(options);
  while (load.live.sent < atLeast) await sleep(5);
  return load.stop();
}

test('every request is answered, counted and timed, and the server saw as many', async () => {
  let seen = 0;
  const url = await serve((_, response) => {
    seen += 1;
    response.setHeader('x-version', seen % 2 === 0 ? 'v1' : 'v2');
    response.end('hello');
  });
  const report = await send(200, { url, rps: 400 });
  assert.equal(report.failed, 0);
  assert.equal(report.sent, seen);
  assert.equal(report.answered, seen);
  assert.equal(report.samples.length, seen);
  assert.equal((report.versions['v1'] ?? 0) + (report.versions['v2'] ?? 0), seen);
  for (const sample of report.samples) {
    assert.ok(sample.scheduledAt <= sample.sentAt && sample.sentAt <= sample.endedAt);
    assert.equal(sample.status, 200);
  }
});

test('the clock is fixed: requests are scheduled rate apart, whatever the answers take', async () => {
  const url = await serve((_, response) => setTimeout(() => response.end(), 120));
  const report = await send(60, { url, rps: 200, connections: 4 });
  const first = report.samples.at(0).scheduledAt;
  for (const sample of report.samples) {
    assert.ok(Math.abs(sample.scheduledAt - first - sample.index * 5) < 0.01);
  }
});

test('a stall is seen by every request that had to wait behind it', async () => {
  let stalled = false;
  const startedAt = performance.now();
  const url = await serve((_, response) => {
    const stall = !stalled && performance.now() - startedAt > 300;
    stalled ||= stall;
    setTimeout(() => response.end(), stall ? 500 : 0);
  });
  const report = await send(200, { url, rps: 200, connections: 1 });
  assert.equal(report.failed, 0);
  const late = [...report.samples].filter((sample) => sample.endedAt - sample.scheduledAt > 100).length;
  assert.ok(late >= 75, `${late} of about 80 requests due in the first 400 ms of the stall were late`);
  assert.ok((report.latency?.p99 ?? 0) > 300, `p99 ${report.latency?.p99}`);
  assert.ok((report.latency?.max ?? 0) >= 480, `max ${report.latency?.max}`);
});

test('statuses of 500 and above are failures, everything else is an answer', async () => {
  let seen = 0;
  const url = await serve((_, response) => {
    seen += 1;
    response.statusCode = [200, 404, 500, 503][seen % 4] ?? 200;
    response.end();
  });
  const report = await send(100, { url, rps: 400 });
  const expected = (report.statuses['500'] ?? 0) + (report.statuses['503'] ?? 0);
  assert.equal(report.failures['status-5xx'], expected);
  assert.equal(report.failed, expected);
  assert.ok(Math.abs(expected - report.sent / 2) <= 2);
});

test('a kept-alive connection that dies under a request is a reset, and is not sent again', async () => {
  let seen = 0;
  let killed = 0;
  const url = await serve((request, response) => {
    seen += 1;
    if (seen % 10 === 0) {
      killed += 1;
      request.socket.resetAndDestroy();
    } else response.end();
  });
  const report = await send(100, { url, rps: 400 });
  assert.equal(report.failures.reset, killed);
  assert.equal(report.failed, killed);
  assert.equal(report.sent, seen, 'no request was sent twice');
  assert.equal(report.answered, seen - killed);
});

test('a response cut in the middle is a reset', async () => {
  const url = await serveRaw((socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')),
  );
  const report = await send(5, { url, rps: 100 });
  assert.deepEqual(report.failures, { reset: report.sent });
  assert.match(report.problems.reset ?? '', /in the middle of the response/);
});

test('a server that closes idle connections loses nothing', async () => {
  const server = createServer({ keepAliveTimeout: 1 }, (_, response) => {
    response.setHeader('connection', 'close');
    response.end();
  });
  open.push(() => server.close());
  const report = await send(50, { url: await listen(server), rps: 200, connections: 2 });
  assert.equal(report.failed, 0);
});

test('nothing listening is refused, for each request', async () => {
  const server = createTcpServer();
  const url = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  const report = await send(20, { url, rps: 200 });
  assert.deepEqual(report.failures, { refused: report.sent });
});

test('an answer that does not come in time is a timeout, and its connection is not used again', async () => {
  let seen = 0;
  const url = await serve((_, response) => {
    seen += 1;
    if (seen !== 5) response.end();
  });
  const report = await send(100, { url, rps: 200, timeoutMs: 300 });
  assert.deepEqual(report.failures, { timeout: 1 });
  assert.equal(report.sent, seen);
});

test('what is not HTTP is a bad response', async () => {
  const url = await serveRaw((socket) => socket.on('data', () => socket.write('220 smtp ready\r\n')));
  const report = await send(5, { url, rps: 100 });
  assert.deepEqual(report.failures, { 'bad-response': report.sent });
});

test('requests that no connection was free for are counted as overloaded, never skipped', async () => {
  const held: (() => void)[] = [];
  const url = await serve((_, response) => held.push(() => response.end()));
  const load = runLoad({ url, rps: 100, connections: 2, timeoutMs: 400 });
  while (load.live.failed < 20) await sleep(10);
  const report = await load.stop();
  assert.equal(report.answered, 0);
  assert.equal(report.failed, report.sent);
  assert.equal((report.failures.timeout ?? 0) + (report.failures.overloaded ?? 0), report.sent);
  assert.ok((report.failures.overloaded ?? 0) > 0);
  assert.ok(held.length < report.sent);
});

test('a mix of shapes arrives as it was written', async () => {
  const bodies: Record<string, number> = {};
  const url = await serve(async (request, response) => {
    const body = await text(request);
    const framing = request.headers['transfer-encoding'] ?? request.headers['content-length'] ?? 'none';
    const key = `${request.method} ${request.url} ${framing} ${body}`;
    bodies[key] = (bodies[key] ?? 0) + 1;
    response.setHeader('content-type', 'application/json');
    response.end('{"version":"v7"}');
  });
  const report = await send(60, {
    url,
    rps: 200,
    shapes: [
      { weight: 3 },
      { path: '/form', body: 'a=b' },
      { path: '/chunks', method: 'PUT', body: 'abcdef', chunked: true, pieces: 3 },
      { path: '/slow', body: 'abcdef', pieces: 3, pieceEveryMs: 20 },
    ],
    versionOf: (_, body) => (JSON.parse(body) as { version: string }).version,
  });
  assert.equal(report.failed, 0);
  assert.deepEqual(report.versions, { v7: report.sent });
  const kinds = ['GET / none ', 'POST /form 3 a=b', 'PUT /chunks chunked abcdef', 'POST /slow 6 abcdef'];
  assert.deepEqual(Object.keys(bodies).toSorted(), kinds.toSorted());
  assert.ok((bodies['GET / none '] ?? 0) >= 2 * (bodies['POST /form 3 a=b'] ?? 0));
});

test('an answer that comes before the whole body was sent is an answer', async () => {
  const url = await serve((_, response) => {
    response.statusCode = 413;
    response.end();
  });
  const report = await send(10, { url, rps: 100, shapes: [{ body: 'abcdef', pieces: 6, pieceEveryMs: 30 }] });
  assert.deepEqual(report.statuses, { '413': report.sent });
  assert.equal(report.failed, 0);
});

test('marks cut the run into windows that add up', async () => {
  const url = await serve((_, response) => response.end());
  const load = runLoad({ url, rps: 200 });
  for (const name of ['before', 'during', 'after']) {
    load.mark(name);
    await sleep(100);
  }
  const report = await load.stop();
  assert.deepEqual(
    report.windows.map(({ name }) => name),
    ['before', 'during', 'after'],
  );
  const sum = report.windows.reduce((total, window) => total + window.sent, 0);
  const first = report.windows[0]?.from ?? Infinity;
  const dueBefore = Math.ceil(((first - report.startedAt) * 200) / 1000) + 1;
  assert.ok(report.sent - sum <= dueBefore, 'only what was due before the first mark is in no window');
  assert.equal(report.windows[0]?.to, report.windows[1]?.from);
});

test('a URL or a rate that makes no sense is refused before anything is sent', () => {
  for (const url of ['nonsense', 'ftp://x/', 'localhost:8080']) {
    assert.throws(() => runLoad({ url, rps: 1 }), { code: 'usage' });
  }
  assert.throws(() => runLoad({ url: 'http://127.0.0.1/', rps: 0 }), { code: 'usage' });
});

test('percentiles are by nearest rank', () => {
  const values = Float64Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(percentile(values, 50), 50);
  assert.equal(percentile(values, 99), 99);
  assert.equal(percentile(values, 100), 100);
  assert.equal(percentile(Float64Array.of(7), 99), 7);
});

test('shapes take turns by weight, spread over the round', () => {
  assert.deepEqual(turns([{ weight: 2 }, {}]), [0, 1, 0]);
  assert.deepEqual(turns([{}, {}]), [0, 1]);
});

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
