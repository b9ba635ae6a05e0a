import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BadResponse, ResponseReader } from '../../src/load/response.ts';

interface Read {
  readonly status: number;
  readonly body: string;
  readonly done: boolean;
  readonly keepAlive: boolean;
}

function read(parts: readonly (string | Buffer)[], method = 'GET', close = false): Read {
  let status = 0;
  let body = '';
  const reader = new ResponseReader(method, {
    head: (head) => (status = head.status),
    body: (chunk) => (body += chunk.toString('latin1')),
  });
  for (const part of parts) reader.feed(Buffer.from(part));
  if (close) reader.end();
  return { status, body, done: reader.done, keepAlive: reader.keepAlive };
}

const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n, world!!!\r\n0\r\nTrailer: x\r\n\r\n';

test('every framing is read to its end', () => {
  assert.deepEqual(read([whole]), { status: 200, body: 'hello', done: true, keepAlive: true });
  assert.deepEqual(read([chunked]), { status: 200, body: 'hello, world!!!', done: true, keepAlive: true });
  assert.equal(read(['HTTP/1.1 204 No Content\r\n\r\n']).done, true);
  assert.equal(read(['HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n']).done, true);
  assert.equal(read(['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'], 'HEAD').done, true);
  assert.equal(read(['HTTP/1.1 100 Continue\r\n\r\n', whole]).body, 'hello');
});

test('a body without length ends with the connection, and only then', () => {
  const head = 'HTTP/1.1 200 OK\r\n\r\n';
  assert.equal(read([head, 'abc']).done, false);
  assert.deepEqual(read([head, 'abc'], 'GET', true), {
    status: 200,
    body: 'abc',
    done: true,
    keepAlive: false,
  });
  assert.equal(read(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel'], 'GET', true).done, false);
});

test('a connection is kept only when the response allows it', () => {
  assert.equal(read(['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n']).keepAlive, false);
  assert.equal(read(['HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n']).keepAlive, false);
  assert.equal(
    read(['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n']).keepAlive,
    true,
  );
});

test('what is not a well-formed response is refused', () => {
  const bad = [
    'SSH-2.0-OpenSSH\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 abc\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n',
    `${whole}extra`,
  ];
  for (const text of bad) assert.throws(() => read([text]), BadResponse, text);
});

test('where the bytes are cut makes no difference', () => {
  fc.assert(
    fc.property(fc.constantFrom(whole, chunked), fc.array(fc.nat(120), { maxLength: 12 }), (text, cuts) => {
      const edges = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
      const parts = edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
      assert.deepEqual(read(parts), read([text]));
    }),
  );
});
