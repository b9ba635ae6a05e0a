import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Origin } from './rig.ts';
import { answering, exchange, get, lastGet, ok, proxyTo, RawClient, rawOrigin, transport } from './rig.ts';

/** The fields that arrived, in lower case. */
function arrived(origin: Origin): Map<string, string> {
  const head = origin.received.split('\r\n\r\n')[0] ?? '';
  const lines = head.split('\r\n').slice(1);
  const fields = lines.map(
    (line) =>
      [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
  );
  assert.equal(new Set(fields.map(([name]) => name)).size, fields.length, 'a field came twice');
  return new Map(fields);
}

async function send(lines: readonly string[], trusted: readonly string[] = []): Promise<Map<string, string>> {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin, {}, { trusted });
  const answer = await exchange(router.port, lastGet('/', ...lines));
  assert.match(answer, /^HTTP\/1\.1 200 /);
  return arrived(origin);
}

test('the app is told who asked, by which host, and which version it is', async () => {
  const fields = await send([]);
  assert.equal(fields.get('host'), 'shop.test');
  assert.equal(fields.get('x-forwarded-for'), '127.0.0.1');
  assert.equal(fields.get('x-forwarded-proto'), transport === 'tls' ? 'https' : 'http');
  assert.equal(fields.get('x-forwarded-host'), 'shop.test');
  assert.equal(fields.get('via'), '1.1 teal');
  assert.equal(fields.get('x-teal-app'), 'shop');
  assert.equal(fields.get('x-teal-version'), 'v1');
  assert.equal(fields.get('x-teal-environment'), 'blue');
  assert.match(fields.get('x-request-id') ?? '', /^[0-9a-f]{12}-[0-9a-z]+$/);
});

test("a client's own claims about itself are dropped, in any spelling", async () => {
  const fields = await send([
    'X-Forwarded-For: 6.6.6.6',
    'X-FORWARDED-PROTO: https',
    'X-Forwarded-Host: evil.test',
    'X-Forwarded-Port: 1',
    'X-Forwarded-Prefix: /evil',
    'X_Forwarded_For: 6.6.6.6',
    'Forwarded: for=6.6.6.6',
    'X-Request-Id: evil',
    'X-Teal-App: evil',
    'x-teal-user: evil',
    'X_Teal_User: evil',
    'x-teal_bucket: evil',
    'Content_Length: 5',
    'Transfer_Encoding: chunked',
  ]);
  assert.ok(![...fields.values()].some((value) => /evil|6\.6\.6\.6/.test(value)));
  for (const name of fields.keys()) assert.ok(!name.includes('_'), name);
  assert.ok(!fields.has('x-forwarded-port'));
});

test("a trusted proxy's claims are believed, and ours appended", async () => {
  const fields = await send(
    [
      'X-Forwarded-For: 6.6.6.6',
      'X-Forwarded-For: 7.7.7.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: www.test',
      'X-Forwarded-Port: 443',
      'X-Request-Id: abc-1',
      'Via: 1.0 front',
      'X-Teal-App: evil',
    ],
    ['127.0.0.0/8'],
  );
  assert.equal(fields.get('x-forwarded-for'), '6.6.6.6, 7.7.7.7, 127.0.0.1');
  assert.equal(fields.get('x-forwarded-proto'), 'https');
  assert.equal(fields.get('x-forwarded-host'), 'www.test');
  assert.equal(fields.get('x-forwarded-port'), '443');
  assert.equal(fields.get('x-request-id'), 'abc-1');
  assert.equal(fields.get('via'), '1.0 front, 1.1 teal');
  assert.equal(fields.get('x-teal-app'), 'shop');
});

test('hop-by-hop fields and those named in Connection end here', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  await exchange(
    router.port,
    get(
      '/',
      'Connection: close, X-Private',
      'X-Private: a',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'Proxy-Authorization: a',
      'X-Public: b',
    ),
  );
  const fields = arrived(origin);
  for (const name of ['x-private', 'keep-alive', 'proxy-connection', 'te', 'proxy-authorization'])
    assert.ok(!fields.has(name), name);
  assert.equal(fields.get('x-public'), 'b');
  assert.equal(fields.get('connection'), 'keep-alive');
});

test('Connection cannot take away what the router sets', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  const listed =
    'Connection: close, Host, Content-Length, X-Forwarded-For, X-Teal-Version, X-Request-Id, Via';
  await exchange(
    router.port,
    `POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n${listed}\r\n\r\nabc`,
  );
  const fields = arrived(origin);
  assert.equal(fields.get('host'), 'shop.test');
  assert.equal(fields.get('content-length'), '3');
  assert.equal(fields.get('x-forwarded-for'), '127.0.0.1');
  assert.equal(fields.get('x-teal-version'), 'v1');
  assert.ok(fields.has('via') && fields.has('x-request-id'));
});

test('only WebSocket upgrades are passed on: h2c is not', async () => {
  const fields = await send([
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
  ]);
  assert.ok(!fields.has('upgrade') && !fields.has('http2-settings'));
  assert.equal(fields.get('connection'), 'keep-alive');
});

test('Upgrade: websocket without Connection: upgrade is no upgrade', async () => {
  const fields = await send(['Upgrade: websocket']);
  assert.ok(!fields.has('upgrade'));
});

test('a chunked body with trailers is framed anew, without the trailers that may not be there', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  const trailers =
    'X-Sum: 1\r\nContent-Type: evil\r\nX-Teal-App: evil\r\nX-Forwarded-For: evil\r\nX_Teal_A: evil\r\nHost: evil\r\n';
  const answer = await exchange(
    router.port,
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n${trailers}\r\n`,
  );
  assert.match(answer, /^HTTP\/1\.1 200 /);
  const body = origin.received.slice(origin.received.indexOf('\r\n\r\n') + 4);
  assert.equal(body, '7\r\nabcdefg\r\n0\r\nX-Sum: 1\r\n\r\n');
});

test('100-continue is the app’s to say', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    if (text.endsWith('body')) socket.write(ok('thanks'));
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  const first = await client.has('\r\n\r\n');
  assert.equal(first, 'HTTP/1.1 100 Continue\r\n\r\n');
  assert.match(origin.received, /\r\nExpect: 100-continue\r\n/);
  await client.send('body').has('thanks');
  client.close();
});

test('an app that refuses before the body is heard at once, and the connection ends', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  const answer = await client
    .send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n')
    .end();
  client.close();
  assert.match(answer, /^HTTP\/1\.1 413 Too Large\r\n/);
  assert.match(answer, /\r\nConnection: close\r\n\r\nno$/);
  assert.ok(!answer.includes('X-Teal-Error'), 'the app’s own answer passes untouched');
});

test('bodies over the app’s limit are refused with 413: announced, and while they stream', async () => {
  await using origin = await answering(ok('x'));
  const { upstream } = await import('./rig.ts');
  await using router = await proxyTo(origin, { upstream: { ...upstream, maxBodyBytes: 10 } });
  const announced = await exchange(router.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n');
  assert.match(announced, /^HTTP\/1\.1 413 [^]*X-Teal-Error: body-too-large\r\n[^]*Connection: close\r\n/);
  assert.equal(origin.received, '');
  const streamed = await exchange(
    router.port,
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n',
  );
  assert.match(streamed, /^HTTP\/1\.1 413 /);
});

test('pipelined requests are answered in order, bodies between them included', async () => {
  await using origin = await answering((text) => ok(/ (\S+) /.exec(text)?.[1] ?? ''));
  await using router = await proxyTo(origin);
  const many = Array.from({ length: 20 }, (_, index) =>
    index % 3 === 0
      ? `POST /${index} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /`
      : index % 3 === 1
        ? `POST /${index} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`
        : get(`/${index}`),
  );
  const answer = await exchange(router.port, many.join('') + lastGet('/20'));
  const order = [...answer.matchAll(/\r\n\r\n\/(\d+)/g)].map(([, index]) => Number(index));
  assert.deepEqual(
    order,
    Array.from({ length: 21 }, (_, index) => index),
  );
});
