import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, get, ok, proxyTo, RawClient } from './rig.ts';

/** Each is one connection; what another parser might read differently never reaches the app. */
const refused: readonly (readonly [name: string, status: number, code: string, request: string])[] = [
  ['both lengths', 400, 'both-lengths', post('Content-Length: 3', 'Transfer-Encoding: chunked')],
  [
    'both lengths, the other order',
    400,
    'both-lengths',
    post('Transfer-Encoding: chunked', 'Content-Length: 3'),
  ],
  ['two equal lengths', 400, 'several-lengths', post('Content-Length: 3', 'Content-Length: 3')],
  ['two different lengths', 400, 'several-lengths', post('Content-Length: 3', 'Content-Length: 4')],
  ['a list of lengths', 400, 'several-lengths', post('Content-Length: 3, 3')],
  ['a signed length', 400, 'bad-length', post('Content-Length: +3')],
  ['a negative length', 400, 'bad-length', post('Content-Length: -3')],
  ['a hexadecimal length', 400, 'bad-length', post('Content-Length: 0x3')],
  ['an empty length', 400, 'bad-length', post('Content-Length:')],
  ['an endless length', 400, 'bad-length', post('Content-Length: 99999999999999999999')],
  ['an unknown transfer coding', 400, 'unknown-transfer-coding', post('Transfer-Encoding: gzip, chunked')],
  ['identity as transfer coding', 400, 'unknown-transfer-coding', post('Transfer-Encoding: identity')],
  [
    'chunked twice',
    400,
    'unknown-transfer-coding',
    post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  ],
  ['xchunked', 400, 'unknown-transfer-coding', post('Transfer-Encoding: xchunked')],
  ['a tab behind chunked', 400, 'unknown-transfer-coding', post('Transfer-Encoding: chunked\t')],
  ['a length in the trailer', 400, 'bad-body', chunked('0\r\nContent-Length: 5\r\n\r\n')],
  ['a coding in the trailer', 400, 'bad-body', chunked('0\r\nTransfer_Encoding: chunked\r\n\r\n')],
  ['a vertical tab before chunked', 400, 'bad-field-value', post('Transfer-Encoding: \x0bchunked')],
  [
    'HTTP/1.0 with a transfer coding',
    400,
    'transfer-coding-in-http-1.0',
    'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['obs-fold', 400, 'bad-field-name', get('/', 'X-A: b\r\n c')],
  ['obs-fold at the first line', 400, 'bad-field-name', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
  ['space before the colon', 400, 'bad-field-name', get('/', 'X-A : b')],
  ['an empty name', 400, 'bad-field-name', get('/', ': b')],
  ['a line without colon', 400, 'bad-field-name', get('/', 'X-A')],
  ['NUL in a value', 400, 'bad-field-value', get('/', 'X-A: b\0c')],
  ['bare CR in a value', 400, 'bad-field-value', get('/', 'X-A: b\rc')],
  ['bare LF between lines', 400, 'bad-request-line', 'GET / HTTP/1.1\nHost: a\n\n'],
  ['bare LF in the fields', 400, 'bad-field-value', 'GET / HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n'],
  ['DEL in a name', 400, 'bad-field-name', get('/', 'X\x7fA: b')],
  ['no Host', 400, 'host-missing', 'GET / HTTP/1.1\r\n\r\n'],
  ['an empty Host', 400, 'bad-host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  ['two Hosts', 400, 'several-hosts', get('/', 'Host: other.test')],
  ['two equal Hosts', 400, 'several-hosts', get('/', 'Host: shop.test')],
  ['userinfo in Host', 400, 'bad-host', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n'],
  ['a path in Host', 400, 'bad-host', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  ['a space in Host', 400, 'bad-host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['a list in Host', 400, 'bad-host', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n'],
  ['absolute form that is not Host', 400, 'host-mismatch', get('http://other.test/')],
  ['absolute form with userinfo', 400, 'bad-host', get('http://u@shop.test/')],
  ['another scheme', 400, 'bad-target', get('ftp://shop.test/')],
  ['a target without slash', 400, 'bad-target', get('index.html')],
  ['asterisk for GET', 400, 'bad-target', get('*')],
  ['a fragment', 400, 'bad-request-line', get('/a#b')],
  ['a raw byte above ASCII in the target', 400, 'bad-request-line', get('/\xe4')],
  ['two spaces', 400, 'bad-request-line', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a tab for a space', 400, 'bad-request-line', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['something behind the version', 400, 'bad-request-line', 'GET / HTTP/1.1 x\r\nHost: a\r\n\r\n'],
  ['lower-case http', 400, 'bad-request-line', 'GET / http/1.1\r\nHost: a\r\n\r\n'],
  ['HTTP/0.9', 400, 'bad-request-line', 'GET /\r\n'],
  ['HTTP/2 preface', 505, 'version-not-supported', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/1.2', 505, 'version-not-supported', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
  ['CONNECT', 405, 'method-not-allowed', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
  ['TRACE', 405, 'method-not-allowed', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a lower-case method', 405, 'method-not-allowed', 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['TLS on a plain port', 400, 'bad-request-line', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['an unknown expectation', 417, 'expectation-failed', get('/', 'Expect: 200-maybe')],
  ['a chunk size that is none', 400, 'bad-body', chunked('g\r\n')],
  ['a chunk size with a sign', 400, 'bad-body', chunked('+3\r\nabc\r\n0\r\n\r\n')],
  ['a chunk size with 0x', 400, 'bad-body', chunked('0x3\r\nabc\r\n0\r\n\r\n')],
  ['an empty chunk size', 400, 'bad-body', chunked('\r\n')],
  ['a space before the chunk size', 400, 'bad-body', chunked(' 3\r\nabc\r\n0\r\n\r\n')],
  ['a space behind the chunk size', 400, 'bad-body', chunked('3 \r\nabc\r\n0\r\n\r\n')],
  ['a chunk size of 14 digits', 400, 'bad-body', chunked('00000000000003\r\nabc\r\n0\r\n\r\n')],
  ['bare LF behind the chunk size', 400, 'bad-body', chunked('3\nabc\r\n0\r\n\r\n')],
  ['chunk data without CRLF', 400, 'bad-body', chunked('3\r\nabcd\r\n0\r\n\r\n')],
  ['bare LF behind chunk data', 400, 'bad-body', chunked('3\r\nabc\n0\r\n\r\n')],
  ['bare LF in a chunk extension', 400, 'bad-body', chunked('3;a\nb\r\nabc\r\n0\r\n\r\n')],
  ['a chunk extension without name', 400, 'bad-body', chunked('3;=b\r\nabc\r\n0\r\n\r\n')],
  ['a chunk extension with a space', 400, 'bad-body', chunked('3; a\r\nabc\r\n0\r\n\r\n')],
  ['an open quote in a chunk extension', 400, 'bad-body', chunked('3;a="b\r\nabc\r\n0\r\n\r\n')],
  ['an endless chunk extension', 400, 'bad-body', chunked(`3;${'a'.repeat(300)}\r\nabc\r\n0\r\n\r\n`)],
  ['bare LF in the trailer', 400, 'bad-body', chunked('0\r\nX-A: b\n\r\n')],
  ['a folded trailer', 400, 'bad-body', chunked('0\r\nX-A: b\r\n c\r\n\r\n')],
];

for (const [name, status, code, request] of refused) {
  test(`refused, and the connection closed: ${name}`, async () => {
    await using origin = await answering(ok('from the app'));
    await using router = await proxyTo(origin);
    const client = new RawClient(router.port);
    // A second request behind the first: it must not be answered, whatever the first was taken for.
    const answer = await client.send(request + get('/smuggled')).end();
    client.close();
    assert.equal(answer.slice(9, 12), String(status), answer);
    assert.match(answer, new RegExp(`^X-Teal-Error: ${code}\r$`, 'm'));
    assert.match(answer, /^Connection: close\r$/m);
    assert.match(answer, /^Server: teal\r$/m);
    assert.equal(answer.match(/^HTTP\/1\.1 /gm)?.length, 1);
    assert.ok(!origin.received.includes('/smuggled'));
    assert.ok(!origin.received.includes('\r\n0\r\n\r\n'), 'a broken body was passed on as complete');
  });
}

const accepted: readonly (readonly [name: string, request: string, arrives: RegExp])[] = [
  ['absolute form that is Host', get('http://SHOP.test/a?b'), /^GET \/a\?b HTTP\/1\.1\r\n/],
  ['absolute form without path', get('http://shop.test'), /^GET \/ HTTP\/1\.1\r\n/],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', /^OPTIONS \* HTTP\/1\.1\r\n/],
  ['an empty line before the request', `\r\n${get('/')}`, /^GET \/ HTTP\/1\.1\r\n/],
  ['obs-text in a value', get('/', 'X-A: \xe4\xff'), /\r\nX-A: \xe4\xff\r\n/],
  ['no space behind the colon', get('/', 'X-A:b'), /\r\nX-A:b\r\n/],
  ['an empty value', get('/', 'X-A:'), /\r\nX-A:\r\n/],
  ['a host with port', 'GET / HTTP/1.1\r\nHost: a:81\r\n\r\n', /\r\nHost: a:81\r\n/],
  ['an IPv6 host', 'GET / HTTP/1.1\r\nHost: [::1]:81\r\n\r\n', /\r\nHost: \[::1\]:81\r\n/],
  ['a method of WebDAV', 'PROPFIND /a HTTP/1.1\r\nHost: a\r\n\r\n', /^PROPFIND \/a /],
  ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n', /\r\nHost: 127\.0\.0\.1:\d+\r\n/],
  ['a length of zero', post('Content-Length: 0'), /\r\nContent-Length: 0\r\n/],
  ['a chunk extension, dropped', chunked('3;a=b\r\nabc\r\n0\r\n\r\n'), /\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/],
  [
    'upper-case CHUNKED',
    post('transfer-encoding: CHUNKED') + '0\r\n\r\n',
    /\r\nTransfer-Encoding: chunked\r\n/,
  ],
];

for (const [name, request, arrives] of accepted) {
  test(`passed on: ${name}`, async () => {
    await using origin = await answering(ok('from the app'));
    await using router = await proxyTo(origin);
    const client = new RawClient(router.port);
    await client.send(request).has('from the app');
    client.close();
    assert.match(origin.received, arrives);
  });
}

test('a head that comes byte by byte is read like any other', async () => {
  await using origin = await answering(ok('from the app'));
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  for (const byte of get('/slow', 'X-A: b')) {
    client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.has('from the app');
  client.close();
  assert.match(origin.received, /^GET \/slow HTTP\/1\.1\r\n/);
});

test('heads over the limits are refused with 431', async () => {
  await using origin = await answering(ok(''));
  await using router = await proxyTo(origin, {}, { client: { headBytes: 1000, headers: 5 } });
  for (const [code, request] of [
    ['head-too-long', get('/', `X-A: ${'a'.repeat(1000)}`)],
    ['head-too-long', `GET /${'a'.repeat(1100)}`],
    ['too-many-fields', get('/', ...Array.from({ length: 6 }, (_, index) => `X-${index}: a`))],
  ] as const) {
    const client = new RawClient(router.port);
    const answer = await client.send(request).end();
    client.close();
    assert.match(answer, /^HTTP\/1\.1 431 /);
    assert.match(answer, new RegExp(`^X-Teal-Error: ${code}\r$`, 'm'));
  }
  assert.equal(origin.received, '');
});

function post(...lines: string[]): string {
  return ['POST /p HTTP/1.1', 'Host: shop.test', ...lines, '', ''].join('\r\n');
}

function chunked(body: string): string {
  return post('Transfer-Encoding: chunked') + body;
}
