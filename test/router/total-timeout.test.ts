import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lines } from './access.ts';
import { endpoint, exchange, get, lastGet, ok, proxyTo, RawClient, rawOrigin, upstream } from './rig.ts';

const total = { upstream: { ...upstream, totalTimeoutMs: 300 } };

/** Answers, and then a byte every 50 ms: no single phase is ever late. */
const dripping = (head: string) =>
  rawOrigin((socket, text) => {
    if (!text.endsWith('\r\n\r\n')) return;
    socket.write(head);
    const timer = setInterval(() => socket.write(head.includes('chunked') ? '1\r\nx\r\n' : 'x'), 50);
    socket.on('close', () => clearInterval(timer));
  });

test('an answer that has not begun is a 504, and an app that takes requests no longer a reason to wait', async () => {
  await using origin = await rawOrigin(() => {});
  const lines = new Lines();
  await using router = await proxyTo(origin, total, { observe: lines });
  const answer = await exchange(router.port, lastGet());
  assert.match(answer, /^HTTP\/1\.1 504 [^]*X-Teal-Error: total-timeout/);
  const { ms, code, outcome } = await lines.at(0);
  assert.deepEqual([code, outcome], ['total-timeout', 'failed']);
  assert.ok(ms >= 300 && ms < 4000, `${ms}`);
});

test('a body that comes slowly counts as well', async () => {
  await using origin = await rawOrigin(() => {});
  await using router = await proxyTo(origin, total);
  const client = new RawClient(router.port).send(
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n',
  );
  const timer = setInterval(() => client.send('x'), 50);
  await client.has('X-Teal-Error: total-timeout');
  clearInterval(timer);
  client.close();
});

test('connecting counts as well, all tries together', async () => {
  await using origin = await rawOrigin(() => {});
  const lines = new Lines();
  const environments = {
    blue: {
      version: 'v1',
      endpoints: [{ ...endpoint('far', 81), host: '192.0.2.1' }, endpoint('near', origin.port)],
    },
    green: null,
  };
  await using router = await proxyTo(
    origin,
    { environments, upstream: { ...upstream, connectTimeoutMs: 200, totalTimeoutMs: 400 } },
    { observe: lines },
  );
  for (let index = 0; index < 3; index++) await exchange(router.port, lastGet());
  await lines.at(2);
  for (const { code, ms } of lines.all) {
    // Where the network says at once that nobody is there, the second try is the one that takes too long.
    assert.equal(code, 'total-timeout');
    assert.ok(ms >= 400 && ms < 4000, `${ms}`);
  }
});

test('an answer under way is broken off so that half of it never looks whole', async () => {
  for (const [head, isWhole] of [
    ['HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', (text: string) => text.length > 1000],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', (text: string) => text.endsWith('0\r\n\r\n')],
  ] as const) {
    await using origin = await dripping(head);
    const lines = new Lines();
    await using router = await proxyTo(origin, total, { observe: lines });
    const client = new RawClient(router.port);
    await client.send(get()).end();
    assert.ok(client.text.includes('200 OK') && !isWhole(client.text), client.text);
    const { code, outcome, status } = await lines.at(0);
    assert.deepEqual([code, outcome, status], ['total-timeout', 'broken', 200]);
    client.close();
  }
});

test('where only the end of the connection ends the body, it is reset', async () => {
  await using origin = await dripping('HTTP/1.1 200 OK\r\n\r\n');
  await using router = await proxyTo(origin, total);
  const client = new RawClient(router.port);
  await client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n').until(({ closed: gone }) => gone);
  assert.equal((client.error as NodeJS.ErrnoException | null)?.code, 'ECONNRESET');
});

test('an event stream and a WebSocket may stay open', async () => {
  for (const [head, request] of [
    ['HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n', get()],
    [
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      get('/', 'Connection: Upgrade', 'Upgrade: websocket'),
    ],
  ] as const) {
    await using origin = await dripping(head);
    await using router = await proxyTo(origin, total);
    const client = new RawClient(router.port).send(request);
    // 600 ms and more.
    await client.until(({ text }) => text.split('x').length > 13 + head.split('x').length);
    assert.equal(client.ended, false);
    client.close();
  }
});

test('an answer in time is not touched, and the next request of the connection has a total of its own', async () => {
  await using origin = await rawOrigin((socket) => {
    setTimeout(() => socket.write(ok('fine')), 200);
  });
  await using router = await proxyTo(origin, total);
  const client = new RawClient(router.port);
  for (let index = 0; index < 3; index++) {
    client.text = '';
    await client.send(get()).has('fine');
  }
  client.close();
});
