import assert from 'node:assert/strict';
import { test } from 'node:test';
import { habits, readLeniently } from '../../scripts/fuzz/lenient.ts';
import { answering, ok, proxyTo, RawClient } from './rig.ts';

/**
 * Requests that widely used proxies have passed on in a form that the next server can read otherwise (request
 * smuggling, host confusion, forged headers). Refused with a status, or passed on in exactly one reading.
 */
type Fate =
  | { readonly refused: number }
  | { readonly requests: number; readonly has?: RegExp; readonly hasNot?: RegExp };

const bad = { refused: 400 } as const;

/** Behind each probe comes this, on the same connection: it must never arrive as part of, or beside, a refused one. */
const second = 'GET /second HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n';

const probes: readonly (readonly [name: string, bytes: string, fate: Fate])[] = [
  // Where does the body end?
  [
    'Content-Length and Transfer-Encoding',
    post('Content-Length: 4', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    bad,
  ],
  [
    'Transfer-Encoding and Content-Length',
    post('Transfer-Encoding: chunked', 'Content-Length: 4') + '0\r\n\r\n',
    bad,
  ],
  ['two equal lengths', post('Content-Length: 3', 'Content-Length: 3') + 'abc', bad],
  ['two different lengths', post('Content-Length: 3', 'Content-Length: 0') + 'abc', bad],
  ['a list of equal lengths', post('Content-Length: 3, 3') + 'abc', bad],
  ['a length with a plus', post('Content-Length: +3') + 'abc', bad],
  ['a negative length', post('Content-Length: -1') + 'abc', bad],
  ['a length in hexadecimal', post('Content-Length: 0x3') + 'abc', bad],
  ['an empty length', post('Content-Length:') + 'abc', bad],
  ['space before the colon of a length', post('Content-Length : 3') + 'abc', bad],
  ['a folded coding', post('Transfer-Encoding:\r\n chunked') + '0\r\n\r\n', bad],
  ['a coding that is none', post('Transfer-Encoding: xchunked') + '0\r\n\r\n', bad],
  ['identity', post('Transfer-Encoding: identity', 'Content-Length: 3') + 'abc', bad],
  ['gzip, chunked', post('Transfer-Encoding: gzip, chunked') + '0\r\n\r\n', bad],
  ['two codings', post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + '0\r\n\r\n', bad],
  ['a vertical tab before the coding', post('Transfer-Encoding: \x0bchunked') + '0\r\n\r\n', bad],
  [
    'HTTP/1.0 with a coding',
    'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    bad,
  ],
  [
    'a coding with an underscore, and a length',
    post('Transfer_Encoding: chunked', 'Content-Length: 3') + 'abc',
    { requests: 2, hasNot: /transfer.encoding/i },
  ],
  // Chunks.
  ['bare LF behind a chunk size', chunked('3\nabc\r\n0\r\n\r\n'), bad],
  ['LF in a chunk extension', chunked('3;a\nb\r\nabc\r\n0\r\n\r\n'), bad],
  ['chunk data without CRLF', chunked('3\r\nabc0\r\n\r\n'), bad],
  ['a chunk size too large for any integer', chunked('ffffffffffffffff3\r\nabc\r\n0\r\n\r\n'), bad],
  ['a chunk size with 0x', chunked('0x3\r\nabc\r\n0\r\n\r\n'), bad],
  ['a length in the trailer', chunked('3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n'), bad],
  ['a chunk extension', chunked('3;a=b\r\nabc\r\n0\r\n\r\n'), { requests: 2, hasNot: /a=b/ }],
  // Lines.
  ['bare LF between header lines', 'GET / HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n', bad],
  ['bare CR in a value', get('X-A: b\rc'), bad],
  ['NUL in a value', get('X-A: b\0c'), bad],
  ['a folded value', get('X-A: b\r\n c'), bad],
  // Whom is it for?
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', bad],
  ['two Hosts', get('Host: other.test'), bad],
  ['absolute form for another host', 'GET http://other.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n', bad],
  [
    'absolute form for the same host',
    'GET http://shop.test/a HTTP/1.1\r\nHost: shop.test\r\n\r\n',
    { requests: 2, has: /^GET \/a HTTP\/1\.1\r\nHost: shop\.test\r\n/ },
  ],
  ['userinfo in Host', 'GET / HTTP/1.1\r\nHost: shop.test@other.test\r\n\r\n', bad],
  ['a fragment in the target', 'GET /a#b HTTP/1.1\r\nHost: shop.test\r\n\r\n', bad],
  ['HTTP/0.9', 'GET /\r\n', bad],
  // Who says so?
  [
    'Upgrade: h2c',
    get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
    { requests: 2, hasNot: /h2c|http2-settings|upgrade/i },
  ],
  [
    'X-Forwarded-For of the client',
    get('X-Forwarded-For: 6.6.6.6'),
    { requests: 2, has: /X-Forwarded-For: 127\.0\.0\.1\r\n/, hasNot: /6\.6\.6\.6/ },
  ],
  [
    'our own field, forged',
    get('X-Teal-Version: forged'),
    { requests: 2, has: /x-teal-version: v1\r\n/, hasNot: /forged/ },
  ],
  [
    'our own field, forged with underscores',
    get('x_teal_version: forged'),
    { requests: 2, hasNot: /forged/ },
  ],
  [
    'Connection names a field of ours',
    get('Connection: x-teal-version, x-forwarded-for, host'),
    { requests: 2, has: /Host: shop\.test\r\n[^]*X-Forwarded-For: 127[^]*x-teal-version: v1/ },
  ],
  ['CONNECT', 'CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n', { refused: 405 }],
];

test('there are 42 probes', () => {
  assert.equal(new Set(probes.map(([name]) => name)).size, 42);
});

for (const [name, bytes, fate] of probes) {
  test(`probe: ${name}`, async () => {
    await using origin = await answering(ok('x'));
    await using router = await proxyTo(origin);
    const client = new RawClient(router.port);
    const answers = await client.send(bytes + second).end();
    client.close();
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
    if ('refused' in fate) {
      assert.deepEqual(statuses, [fate.refused]);
      assert.match(answers, /\r\nConnection: close\r\n/);
      assert.ok(!origin.received.includes('/second'));
      // A head may have been passed on before its body turned out to be broken; never a complete request.
      assert.equal(complete(origin.received), 0);
      return;
    }
    assert.deepEqual(
      statuses,
      Array.from({ length: fate.requests }, () => 200),
    );
    for (const habit of habits) {
      const { messages } = readLeniently(origin.received, habit);
      assert.equal(messages.filter((message) => message.complete).length, fate.requests);
      assert.equal(messages.at(-1)?.target, '/second');
    }
    if (fate.has !== undefined) assert.match(origin.received, fate.has);
    if (fate.hasNot !== undefined) assert.doesNotMatch(origin.received, fate.hasNot);
  });
}

function complete(text: string): number {
  return Math.max(
    ...habits.map(
      (habit) => readLeniently(text, habit).messages.filter((message) => message.complete).length,
    ),
  );
}

function get(...lines: string[]): string {
  return ['GET /probe HTTP/1.1', 'Host: shop.test', ...lines, '', ''].join('\r\n');
}

function post(...lines: string[]): string {
  return ['POST /probe HTTP/1.1', 'Host: shop.test', ...lines, '', ''].join('\r\n');
}

function chunked(body: string): string {
  return post('Transfer-Encoding: chunked') + body;
}
