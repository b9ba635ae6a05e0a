import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, exchange, get, lastGet, ok, proxyTo, RawClient, rawOrigin, until } from './rig.ts';

const request11 = lastGet();
const request10 = 'GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n';

/** What an app sends, and what its clients get. `close`: the app closes behind it. */
interface Case {
  readonly name: string;
  readonly app: string;
  readonly close?: boolean;
  readonly request?: string;
  readonly expected: RegExp;
  readonly not?: RegExp;
}

const cases: readonly Case[] = [
  {
    name: 'a length',
    app: ok('hello', 'X-A: b'),
    expected: /^HTTP\/1\.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello$/,
  },
  {
    name: 'chunks, framed anew',
    app: chunked('2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n'),
    expected: /\r\nTransfer-Encoding: chunked\r\n[^]*\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/,
  },
  {
    name: 'trailers',
    app: chunked('2\r\nhe\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a\r\n\r\n'),
    expected: /\r\n\r\n2\r\nhe\r\n0\r\nX-Sum: 1\r\n\r\n$/,
  },
  {
    name: 'chunks to HTTP/1.0',
    app: chunked('2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n'),
    request: request10,
    expected: /\r\nConnection: close\r\n\r\nhello$/,
    not: /transfer-encoding|x-sum/i,
  },
  {
    name: 'until the app closes',
    app: 'HTTP/1.1 200 OK\r\n\r\nhello',
    close: true,
    expected: /\r\nTransfer-Encoding: chunked\r\n[^]*\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/,
  },
  {
    name: 'until the app closes, to HTTP/1.0',
    app: 'HTTP/1.1 200 OK\r\n\r\nhello',
    close: true,
    request: request10,
    expected: /\r\nConnection: close\r\n\r\nhello$/,
  },
  {
    name: 'an HTTP/1.0 app',
    app: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhe',
    expected: /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhe$/,
  },
  {
    name: '204 with a length that it may not have',
    app: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    expected: /^HTTP\/1\.1 204 No Content\r\nConnection: close\r\n\r\n$/,
  },
  {
    name: '304 keeps the length it would have had',
    app: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: "a"\r\n\r\n',
    expected: /^HTTP\/1\.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 99\r\nConnection: close\r\n\r\n$/,
  },
  {
    name: 'HEAD with a length',
    app: 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n',
    request: request11.replace('GET', 'HEAD'),
    expected: /\r\nContent-Length: 99\r\n[^]*\r\n\r\n$/,
  },
  {
    name: 'HEAD with chunked',
    app: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    request: request11.replace('GET', 'HEAD'),
    expected: /\r\nTransfer-Encoding: chunked\r\n[^]*\r\n\r\n$/,
  },
  {
    name: 'an empty reason',
    app: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
    expected: /^HTTP\/1\.1 200 \r\n/,
  },
  {
    name: 'no reason at all',
    app: 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
    expected: /^HTTP\/1\.1 200 \r\n/,
  },
  {
    name: '103 before the answer',
    app: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('x')}`,
    expected: /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
  },
  {
    name: '103 to HTTP/1.0',
    app: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('x')}`,
    request: request10,
    expected: /^HTTP\/1\.1 200 OK\r\n/,
    not: /103/,
  },
  {
    name: 'hop-by-hop fields',
    app: ok(
      'x',
      'Connection: X-Private',
      'X-Private: a',
      'Keep-Alive: timeout=9',
      'Proxy-Authenticate: a',
      'Upgrade: h2c',
      'X-Teal-Error: lie',
      'X-Public: b',
    ),
    expected: /X-Public: b/,
    not: /x-private|timeout=9|proxy-auth|upgrade|lie/i,
  },
  {
    name: "the app's own error, untouched",
    app: 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy',
    expected: /^HTTP\/1\.1 503 Busy\r\n[^]*busy$/,
    not: /teal/i,
  },
  {
    name: 'several Set-Cookie',
    app: ok('x', 'Set-Cookie: a=1', 'Set-Cookie: b=2'),
    expected: /Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n/,
  },
];

for (const { name, app, close, request, expected, not } of cases) {
  test(`passed to the client: ${name}`, async () => {
    await using origin = await rawOrigin((socket, text) => {
      if (!text.endsWith('\r\n\r\n')) return;
      socket.write(app, 'latin1');
      if (close === true) socket.end();
    });
    await using router = await proxyTo(origin);
    const answer = undated(await exchange(router.port, request ?? request11));
    assert.match(answer, expected);
    if (not !== undefined) assert.doesNotMatch(answer, not);
  });
  test(`passed to the client when it comes byte by byte: ${name}`, async () => {
    await using origin = await rawOrigin((socket, text) => {
      if (!text.endsWith('\r\n\r\n')) return;
      void dribble(socket, app).then(() => close === true && socket.end());
    });
    await using router = await proxyTo(origin);
    const answer = undated(await exchange(router.port, request ?? request11));
    const joined =
      answer.includes('Transfer-Encoding: chunked') && request?.startsWith('HEAD') !== true
        ? unchunk(answer)
        : answer;
    assert.ok(joined.startsWith('HTTP/1.1 '));
    if (not !== undefined) assert.doesNotMatch(answer, not);
    if (!answer.includes('Transfer-Encoding: chunked')) assert.match(answer, expected);
    else
      assert.match(
        answer,
        /0\r\n(X-Sum: 1\r\n)?\r\n$|^HTTP\/1\.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n$/,
      );
  });
}

const bad: readonly (readonly [name: string, app: string])[] = [
  ['both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
  ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc'],
  ['an unknown transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'],
  ['HTTP/1.0 with chunked', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['obs-fold', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
  ['space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
  ['NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: b\0\r\nContent-Length: 0\r\n\r\n'],
  ['bare LF', 'HTTP/1.1 200 OK\r\nX-A: b\nContent-Length: 0\r\n\r\n'],
  ['no status', 'HTTP/1.1 OK\r\n\r\n'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.0\r\n\r\n'],
  ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
  [
    '101 that nobody asked for',
    'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
  ['an endless head', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`],
  ['an endless row of 103', 'HTTP/1.1 103 Early\r\n\r\n'.repeat(40)],
];

for (const [name, app] of bad) {
  test(`answered with 502, and the app's connection dropped: ${name}`, async () => {
    await using origin = await answering(app);
    await using router = await proxyTo(origin);
    const client = new RawClient(router.port);
    const answer = await client.send(get()).has('X-Teal-Error');
    assert.match(
      answer,
      /HTTP\/1\.1 502 Bad Gateway\r\nServer: teal\r\nX-Teal-Error: bad-response\r\nX-Request-Id: /,
    );
    await until(() => origin.sockets.size === 0, 'the connection to the app to be dropped');
    client.close();
  });
}

test('bytes behind a response never reach the next request', async () => {
  await using origin = await answering(`${ok('one')}${ok('poison')}`);
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  await client.send(get('/1')).has('one');
  await client.send(get('/2')).until(({ text }) => text.split('\r\n\r\none').length === 3);
  assert.ok(!client.text.includes('poison'));
  assert.equal(origin.connections, 2);
  client.close();
});

test('an app that closes in the middle of a body breaks the connection: nobody takes it for complete', async () => {
  await using origin = await rawOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    socket.end();
  });
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  await client.send(get()).end();
  assert.ok(client.text.endsWith('half'));
  const [counts] = router.engine.registry.counts.values();
  assert.deepEqual([counts?.requests, counts?.failed, counts?.inFlight], [1, 1, 0]);
});

test('errors are JSON for who asks for JSON', async () => {
  await using origin = await answering('nonsense\r\n\r\n');
  await using router = await proxyTo(origin);
  const answer = await exchange(router.port, lastGet('/', 'Accept: application/json'));
  assert.match(answer, /\r\nContent-Type: application\/json\r\n/);
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as {
    error: string;
    requestId: string;
  };
  assert.equal(body.error, 'bad-response');
  assert.match(answer, new RegExp(`X-Request-Id: ${body.requestId}\r\n`));
});

/** Without the date, which the router adds where the app says none. */
function undated(answer: string): string {
  return answer.replace(/^Date: .*\r\n/m, '');
}

function chunked(body: string): string {
  return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
}

async function dribble(
  socket: { write(text: string, encoding: 'latin1'): boolean },
  text: string,
): Promise<void> {
  for (const byte of text) {
    socket.write(byte, 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function unchunk(answer: string): string {
  return answer.replaceAll(/\r\n[0-9a-f]+\r\n/g, '');
}
