import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signPreview } from '../../src/router/preview.ts';
import { answering, exchange, get, lastGet, ok, previewKey, proxy, proxyTo, RawClient } from './rig.ts';

const location = (answer: string): string | undefined =>
  /^HTTP\/1\.1 308 .*?\r\nLocation: (\S+)\r\n/s.exec(answer)?.[1];

test('a plain request is sent to https, with its host, path, query and method, and never reaches the app', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin, {}, { httpsPort: 443 });
  await using elsewhere = await proxyTo(origin, {}, { httpsPort: 8443 });
  for (const [request, target] of [
    [lastGet('/a/b?c=d&e=%20'), 'https://shop.test/a/b?c=d&e=%20'],
    ['GET /x HTTP/1.1\r\nHost: shop.test:8080\r\nConnection: close\r\n\r\n', 'https://shop.test/x'],
    ['GET /x HTTP/1.1\r\nHost: [2001:db8::1]:80\r\nConnection: close\r\n\r\n', 'https://[2001:db8::1]/x'],
    [
      'GET http://shop.test/y HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n',
      'https://shop.test/y',
    ],
    ['OPTIONS * HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n', 'https://shop.test/'],
    ['GET /z HTTP/1.0\r\n\r\n', 'https://127.0.0.1/z'],
    [
      'GET //evil.test/ HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n',
      'https://shop.test//evil.test/',
    ],
    ['POST /p HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n\r\nabc', 'https://shop.test/p'],
  ] as const) {
    assert.equal(location(await exchange(router.port, request)), target);
    const there = target.replace(/^(https:\/\/(?:\[.*?\]|[^/]+))/, '$1:8443');
    assert.equal(location(await exchange(elsewhere.port, request)), there);
  }
  assert.equal(origin.received, '');
});

test('the connection is kept after it, so that a client may ask for something else', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin, {}, { httpsPort: 443 });
  const client = new RawClient(router.port);
  const answer = await client.send(get('/a') + lastGet('/b')).end();
  assert.match(answer, /Location: https:\/\/shop\.test\/a\r\n[\s\S]*Location: https:\/\/shop\.test\/b\r\n/);
  client.close();
});

test('what a trusted proxy says came by https is answered, and what anybody else says is not heard', async () => {
  await using origin = await answering(ok('x'));
  const told = lastGet('/', 'X-Forwarded-Proto: https');
  await using trusting = await proxyTo(origin, {}, { httpsPort: 443, trusted: ['127.0.0.1/32'] });
  assert.match(await exchange(trusting.port, told), /200 OK/);
  assert.ok(location(await exchange(trusting.port, lastGet())));
  await using other = await proxyTo(origin, {}, { httpsPort: 443 });
  assert.ok(location(await exchange(other.port, told)));
});

test('a preview asked for on this machine is answered, by path, header and cookie', async () => {
  await using origin = await answering(ok('preview'));
  await using router = await proxyTo(origin, {}, { httpsPort: 443 });
  const grant = { app: 'shop', version: 'v1', expiresAt: Date.now() + 60_000 };
  const token = signPreview(grant, previewKey);
  assert.match(await exchange(router.port, lastGet(`/.teal/preview/${token}/`)), /preview$/);
  assert.match(await exchange(router.port, lastGet('/', `X-Teal-Preview: ${token}`)), /preview$/);
  assert.match(await exchange(router.port, lastGet('/', `Cookie: teal-preview=${token}`)), /preview$/);
});

test('an ACME challenge goes to the app as it came', async () => {
  await using origin = await answering((text) => ok(text));
  await using router = await proxyTo(origin, {}, { httpsPort: 443 });
  assert.match(
    await exchange(router.port, lastGet('/.well-known/acme-challenge/abc')),
    /200 OK[\s\S]*GET \/\.well-known\/acme-challenge\/abc /,
  );
  assert.ok(location(await exchange(router.port, lastGet('/.well-known/acme-challenges'))));
});

test('or to the ACME client that is named, for every host, also without a table', async () => {
  await using client = await answering((text) => ok(`proof ${text}`));
  await using origin = await answering(ok('app'));
  const acme = { host: '127.0.0.1', port: client.port };
  const challenge =
    'GET /.well-known/acme-challenge/abc HTTP/1.1\r\nHost: unknown.test\r\nConnection: close\r\n\r\n';
  await using empty = await proxy(null, { acme, httpsPort: 443 });
  assert.match(await exchange(empty.port, challenge), /200 OK[\s\S]*proof GET [\s\S]*Host: unknown\.test/);
  await using router = await proxyTo(origin, { maintenance: { message: 'later' } }, { acme });
  assert.match(await exchange(router.port, challenge), /proof/);
  assert.match(await exchange(router.port, lastGet()), /503[\s\S]*later/);
  assert.equal(origin.received, '');
  assert.deepEqual(
    [...router.engine.registry.counts.values()].map(({ requests }) => requests),
    [0],
  );
  // A client that is not there: an error of a proxy, and nothing worse.
  await using gone = await proxy(null, { acme: { host: '127.0.0.1', port: 1 } });
  assert.match(await exchange(gone.port, challenge), /^HTTP\/1\.1 502/);
});
