import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Drained } from '../../src/router/embedded/drain.ts';
import { drainWorker } from '../../src/router/embedded/drain.ts';
import type { DrainRequest } from '../../src/router/router.ts';
import type { Origin, Proxy } from './rig.ts';
import { appTable, endpoint, get, ok, proxy, RawClient, rawOrigin, tableOf, until } from './rig.ts';

/** `/slow` and `/late-ws` wait for `finish()`; `/ws` switches; `/events` streams; anything else is answered at once. */
interface Site extends AsyncDisposable {
  readonly router: Proxy;
  readonly old: Origin;
  finish(): void;
  swap(): void;
  drain(more: Partial<DrainRequest>, signal?: AbortSignal): Promise<Drained>;
  readonly progress: number[];
}

const switching = 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi';

async function site(): Promise<Site> {
  const waiting: (() => void)[] = [];
  const progress: number[] = [];
  const old = await rawOrigin((socket, text) => {
    if (!text.endsWith('\r\n\r\n')) return;
    const path = text.slice(text.lastIndexOf('GET ')).split(' ')[1];
    if (path === '/slow') waiting.push(() => socket.write(ok('slow')));
    else if (path === '/ws') socket.write(switching, 'latin1');
    else if (path === '/late-ws') waiting.push(() => socket.write(switching, 'latin1'));
    else if (path === '/events')
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
    else socket.write(ok('old'));
  });
  const fresh = await rawOrigin(
    (socket, text) => void (text.endsWith('\r\n\r\n') && socket.write(ok('new'))),
  );
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('old', old.port)] },
    green: { version: 'v2', endpoints: [endpoint('new', fresh.port)] },
  };
  const router = await proxy(tableOf(1, appTable({ environments })));
  return {
    router,
    old,
    progress,
    finish: () => waiting.splice(0).forEach((answer) => answer()),
    swap: () => router.use(tableOf(2, appTable({ environments, live: 'green' }))),
    drain: (more, signal = new AbortController().signal) =>
      drainWorker(
        router.engine.registry,
        { app: 'shop', endpoints: ['old'], streams: 'drain', deadlineMs: 10_000, ...more },
        { signal, progress: (value) => progress.push(value) },
      ),
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]();
      await old[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

async function open(router: Proxy, path: string, shows: string, ...lines: string[]): Promise<RawClient> {
  const client = new RawClient(router.port);
  await client.send(get(path, ...lines)).has(shows);
  return client;
}

const socketLines = ['Connection: Upgrade', 'Upgrade: websocket'];

async function slow({ router, old }: Site, count: number): Promise<RawClient[]> {
  const clients = Array.from({ length: count }, () => new RawClient(router.port).send(get('/slow')));
  await until(() => old.received.split('GET /slow ').length > count, 'the requests to arrive');
  return clients;
}

test('a drain waits for what is in flight, and reports it finished', async () => {
  await using s = await site();
  const clients = await slow(s, 3);
  s.swap();
  const drained = s.drain({});
  const [first] = clients;
  assert.deepEqual(s.progress, [3]);
  s.finish();
  for (const client of clients) {
    await client.has('slow');
    // The same connection goes on, at the new side.
    await client.send(get('/')).has('\r\n\r\nnew');
  }
  assert.deepEqual(await drained, { finished: 3, cut: 0 });
  assert.ok(first !== undefined && !first.ended);
  await until(() => s.old.sockets.size === 0, 'kept connections to the drained side to be closed');
  for (const client of clients) client.close();
});

test('with nothing in flight a drain is done at once', async () => {
  await using s = await site();
  s.swap();
  assert.deepEqual(await s.drain({}), { finished: 0, cut: 0 });
  assert.deepEqual(await s.drain({ endpoints: ['unheard-of'] }), { finished: 0, cut: 0 });
});

test('what is left at the deadline is cut and counted, not before', async () => {
  await using s = await site();
  const clients = await slow(s, 2);
  const tunnel = await open(s.router, '/ws', 'hi', ...socketLines);
  s.swap();
  const begun = performance.now();
  const drained = await s.drain({ deadlineMs: 300 });
  assert.ok(performance.now() - begun >= 295);
  assert.deepEqual(drained, { finished: 0, cut: 3 });
  for (const client of [...clients, tunnel]) {
    await client.end();
    client.close();
  }
});

test('`close` ends streams at once and cleanly, and lets plain requests be', async () => {
  await using s = await site();
  const [plain] = await slow(s, 1);
  const tunnel = await open(s.router, '/ws', 'hi', ...socketLines);
  const events = await open(s.router, '/events', 'data: 1');
  s.swap();
  const drained = s.drain({ streams: 'close' });
  assert.match(await events.has('\r\n0\r\n\r\n'), /data: 1\n\n\r\n0\r\n\r\n$/);
  await events.send(get('/')).has('\r\n\r\nnew');
  // 1012, service restart: a browser's onclose sees a reason instead of 1006.
  assert.ok((await tunnel.end()).endsWith('hi\x88\x02\x03\xf4'));
  s.finish();
  await plain?.has('slow');
  assert.deepEqual(await drained, { finished: 3, cut: 0 });
  for (const client of [plain, tunnel, events]) client?.close();
});

test('`spread` closes streams one after the other until the deadline', async () => {
  await using s = await site();
  const tunnels: RawClient[] = [];
  for (let index = 0; index < 4; index++) tunnels.push(await open(s.router, '/ws', 'hi', ...socketLines));
  s.swap();
  const begun = performance.now();
  const times: number[] = [];
  for (const { socket } of tunnels) socket.on('end', () => times.push(performance.now() - begun));
  assert.deepEqual(await s.drain({ streams: 'spread', deadlineMs: 1000 }), { finished: 4, cut: 0 });
  await until(() => times.length === 4, 'all to be closed');
  for (const [index, time] of times.entries()) assert.ok(time >= 200 * (index + 1) - 20, times.join(' '));
  for (const tunnel of tunnels) tunnel.close();
});

test('`spread` closes what becomes a stream only after it has begun, instead of cutting it', async () => {
  await using s = await site();
  const early = await open(s.router, '/ws', 'hi', ...socketLines);
  const late = new RawClient(s.router.port).send(get('/late-ws', ...socketLines));
  await until(() => s.old.received.includes('GET /late-ws '), 'the handshake to arrive');
  s.swap();
  const drained = s.drain({ streams: 'spread', deadlineMs: 1000 });
  s.finish();
  await late.has('hi');
  assert.deepEqual(await drained, { finished: 2, cut: 0 });
  for (const tunnel of [early, late]) {
    assert.ok((await tunnel.end()).endsWith('hi\x88\x02\x03\xf4'));
    tunnel.close();
  }
});

test('`drain` leaves streams alone until the deadline', async () => {
  await using s = await site();
  const events = await open(s.router, '/events', 'data: 1');
  s.swap();
  const drained = s.drain({ deadlineMs: 500 });
  for (const socket of s.old.sockets) socket.write('data: 2\n\n');
  await events.has('data: 2');
  assert.deepEqual(await drained, { finished: 0, cut: 1 });
  await events.end();
  events.close();
});

test('a drain that is given up cuts nothing', async () => {
  await using s = await site();
  const [client] = await slow(s, 1);
  s.swap();
  const controller = new AbortController();
  const drained = s.drain({ deadlineMs: 200 }, controller.signal);
  controller.abort();
  await assert.rejects(drained);
  await new Promise((resolve) => setTimeout(resolve, 300));
  s.finish();
  await client?.has('slow');
  client?.close();
});
