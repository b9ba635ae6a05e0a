import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTable } from '../../src/router/embedded/compile.ts';
import { Registry } from '../../src/router/embedded/registry.ts';
import {
  answering,
  appTable,
  endpoint,
  exchange,
  get,
  lastGet,
  ok,
  proxy,
  proxyTo,
  RawClient,
  rawOrigin,
  tableOf,
  until,
} from './rig.ts';

const tiny = 'GET / HTTP/1.1\r\nHost:a\r\n\r\n';

test('twenty thousand pipelined requests that the router answers itself are all answered, and nothing overflows', async () => {
  await using router = await proxy(tableOf(1, appTable()));
  const client = new RawClient(router.port);
  const text = await client.send(tiny.repeat(20_000) + lastGet()).end(30_000);
  client.close();
  assert.equal(text.split('X-Teal-Error: no-live-version').length - 1, 20_001);
});

test('who sends requests and never reads the answers is not read either', async () => {
  await using router = await proxy(tableOf(1, appTable()), { client: { idleTimeoutMs: 60_000 } });
  const client = new RawClient(router.port);
  await client.send(tiny).has('no-live-version');
  client.socket.pause();
  const many = Buffer.from(tiny.repeat(4000), 'latin1');
  let moved = performance.now();
  let stuck = false;
  // Until the router takes no more for a second: what it took is in buffers of the kernel, and bounded.
  while (!stuck && client.socket.bytesWritten < 200e6) {
    if (client.socket.write(many)) moved = performance.now();
    else {
      const drained = await Promise.race([
        new Promise((resolve) => client.socket.once('drain', () => resolve(true))),
        new Promise((resolve) => setTimeout(() => resolve(false), 1000)),
      ]);
      if (drained === true) moved = performance.now();
      stuck = performance.now() - moved > 900;
    }
  }
  assert.ok(stuck, `it took ${client.socket.bytesWritten} bytes, and had no end`);
  const [held] = router.engine.clients;
  assert.ok((held?.socket.writableLength ?? 0) < 16e6, 'answers pile up');
  client.close();
  await until(() => router.engine.clients.size === 0, 'the client to be forgotten');
});

test('a body that ends with a broken connection is not taken for complete', async () => {
  await using origin = await rawOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf', () => {
      setTimeout(() => socket.resetAndDestroy(), 50);
    });
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  const text = await client.send(get()).end();
  client.close();
  assert.match(text, /Transfer-Encoding: chunked/);
  assert.ok(!text.endsWith('0\r\n\r\n'), text);
  await using old = await proxyTo(origin);
  const second = new RawClient(old.port);
  await second.send('GET / HTTP/1.0\r\n\r\n').until(({ closed }) => closed);
  assert.equal((second.error as NodeJS.ErrnoException | null)?.code, 'ECONNRESET');
});

test('a 204 that announces a body is passed on without it, and its connection carries no other request', async () => {
  await using origin = await answering('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n');
  await using router = await proxyTo(origin);
  assert.match(await exchange(router.port, lastGet()), /^HTTP\/1\.1 204 /);
  assert.match(await exchange(router.port, lastGet()), /^HTTP\/1\.1 204 /);
  assert.equal(origin.connections, 2);
});

test('an interim response with a body is malformed', async () => {
  await using origin = await answering(
    'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello' + ok('x'),
  );
  await using router = await proxyTo(origin);
  assert.match(await exchange(router.port, lastGet()), /^HTTP\/1\.1 502 [^]*X-Teal-Error: bad-response/);
});

test('an upload whose client ended its side too early is given up at once, also while the app is being reached', async () => {
  await using origin = await rawOrigin(() => {});
  await using router = await proxyTo(origin);
  for (const body of ['', 'ab']) {
    const client = new RawClient(router.port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n${body}`);
    client.socket.end();
    // Far below the time-outs of 5 s.
    await client.until((state) => state.closed || state.ended, 3000);
    client.close();
  }
  const [counts] = router.engine.registry.counts.values();
  await until(() => counts?.inFlight === 0, 'nothing in flight', 3000);
});

test('a kept connection whose answer is out when the router closes is ended, not left idle', async () => {
  await using origin = await rawOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
    setTimeout(() => socket.write('cd'), 200);
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  await client.send(get()).has('ab');
  router.engine.startClosing();
  // Far below the idle time-out of 10 s.
  const text = await client.end(5000);
  client.close();
  assert.ok(text.endsWith('abcd'));
});

test('a body that the client sends in one piece with its head leaves in one piece, also on a kept connection', async () => {
  const pieces: string[] = [];
  let before = 0;
  await using origin = await rawOrigin((socket, text) => {
    pieces.push(text.slice(before));
    before = text.length;
    if (text.endsWith('whole')) socket.write(ok('x'));
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nwhole';
  for (let index = 1; index <= 3; index++) {
    await client.send(post).until(({ text }) => text.split('200 OK').length === index + 1);
  }
  client.close();
  assert.equal(pieces.length, 3);
});

test('a table with a port that is none is refused, instead of ending the worker at the first request', () => {
  for (const port of [0, -1, 65_536, 80.5, Number.NaN]) {
    const environments = { blue: { version: 'v1', endpoints: [endpoint('e1', port)] }, green: null };
    assert.throws(() => compileTable(tableOf(1, appTable({ environments })), new Registry()), /for a port/);
  }
});

test('Proxy-Connection: close closes, as parsers behind us take it', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  assert.match(await exchange(router.port, get('/', 'Proxy-Connection: Close')), /\r\nConnection: close\r\n/);
});
