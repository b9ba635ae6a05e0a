import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { answerOf, head, Http2Client, http2Front, RawHttp2, frameType } from './http2-rig.ts';
import {
  answering,
  appTable,
  endpoint,
  ok,
  proxy,
  proxyTo,
  rawOrigin,
  tableOf,
  until,
  upstream,
} from './rig.ts';

/** What an HTTP/1 app answers, and what comes of it by HTTP/2. */
interface Case {
  readonly name: string;
  readonly app: string;
  readonly close?: boolean;
  readonly method?: string;
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly trailers?: Readonly<Record<string, string>>;
  readonly interim?: readonly number[];
  readonly bodiless?: boolean;
  readonly reset?: number;
}

const cases: readonly Case[] = [
  { name: 'a length', app: ok('hello'), body: 'hello', headers: { 'content-length': '5' } },
  {
    name: 'chunks, without their framing',
    app: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    body: 'abcde',
    headers: { 'transfer-encoding': undefined, 'content-length': undefined },
  },
  {
    name: 'chunks and a trailer',
    app: 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 42\r\nContent-Type: no\r\n\r\n',
    body: 'abc',
    trailers: { 'x-sum': '42' },
  },
  {
    name: 'a body that ends with its connection',
    app: 'HTTP/1.1 200 OK\r\n\r\nall',
    close: true,
    body: 'all',
  },
  {
    name: 'connection fields, removed with what they list',
    app: ok(
      'x',
      'Connection: keep-alive, X-Hop',
      'Keep-Alive: timeout=9',
      'X-Hop: 1',
      'Proxy-Connection: a',
      'X-Kept: 1',
    ),
    body: 'x',
    headers: {
      connection: undefined,
      'keep-alive': undefined,
      'x-hop': undefined,
      'proxy-connection': undefined,
      'x-kept': '1',
    },
  },
  {
    name: 'several cookies, and a field that should be there once',
    app: ok('x', 'Set-Cookie: a=1', 'Set-Cookie: b=2', 'ETag: "1"', 'ETag: "2"'),
    body: 'x',
    headers: { 'set-cookie': ['a=1', 'b=2'] },
  },
  { name: 'names in any case', app: ok('x', 'X-MiXeD: Yes'), body: 'x', headers: { 'x-mixed': 'Yes' } },
  {
    name: 'HEAD',
    app: 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n',
    method: 'HEAD',
    body: '',
    headers: { 'content-length': '7' },
    bodiless: true,
  },
  { name: '204', app: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204, body: '', bodiless: true },
  {
    name: '304',
    app: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: "1"\r\n\r\n',
    status: 304,
    headers: { etag: '"1"' },
    bodiless: true,
  },
  {
    name: '205 with content, which it may not have',
    app: 'HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok',
    status: 205,
    body: '',
    headers: { 'content-length': undefined },
    bodiless: true,
  },
  {
    name: '205 in chunks',
    app: 'HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    status: 205,
    body: '',
    bodiless: true,
  },
  {
    name: 'HEAD of a 205',
    app: 'HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\n',
    method: 'HEAD',
    status: 205,
    headers: { 'content-length': undefined },
    bodiless: true,
  },
  { name: 'an empty body', app: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', body: '', bodiless: true },
  {
    name: 'early hints, several times',
    app: `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nLink: </b.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${ok('x')}`,
    body: 'x',
    interim: [103, 103],
  },
  { name: 'latin1 in a value', app: ok('x', 'X-Name: caf\xe9'), body: 'x', headers: { 'x-name': 'caf\xe9' } },
  {
    name: 'an error of its own',
    app: 'HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno',
    status: 500,
    body: 'no',
  },
  { name: 'no HTTP', app: 'what?\r\n\r\n', status: 502, headers: { 'x-teal-error': 'bad-response' } },
  {
    name: 'two lengths',
    app: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    status: 502,
  },
  { name: 'a status that HTTP/2 has not', app: 'HTTP/1.1 999 Hm\r\nContent-Length: 0\r\n\r\n', status: 502 },
  {
    name: 'an upgrade that nobody asked for',
    app: 'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n',
    status: 502,
  },
  {
    name: 'an end before the promised length',
    app: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc',
    close: true,
    reset: 2,
  },
  {
    name: 'an end before the last chunk',
    app: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    close: true,
    reset: 2,
  },
  { name: 'an end before any answer', app: '', close: true, status: 502 },
];

for (const each of cases) {
  test(`an app answers by HTTP/1, its client gets HTTP/2: ${each.name}`, async () => {
    await using origin = await rawOrigin((socket, text) => {
      if (!text.includes('\r\n\r\n')) return;
      socket.write(each.app, 'latin1');
      if (each.close === true) socket.end();
    });
    await using router = await proxyTo(origin);
    await using front = await http2Front(router);
    await using client = new Http2Client(front.port);
    const answer = await client.ask({ ':method': each.method ?? 'GET' });
    assert.equal(answer.reset, each.reset ?? 0);
    assert.equal(answer.status, each.status ?? 200);
    if (each.body !== undefined) assert.equal(answer.body, each.body);
    if (each.bodiless !== undefined) assert.equal(answer.bodiless, each.bodiless);
    assert.deepEqual(Object.fromEntries(Object.entries(answer.trailers ?? {})), each.trailers ?? {});
    assert.deepEqual(answer.interim, each.interim ?? []);
    for (const [name, value] of Object.entries(each.headers ?? {})) {
      assert.deepEqual(answer.headers[name], value, name);
    }
    // The session is none the worse for it.
    assert.equal(client.session.closed, false);
  });
}

test('a request of HTTP/2 is told to the app in HTTP/1.1, with what only a proxy may say', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const answer = await client.ask({
    ':path': '/a?b=c',
    'user-agent': 'test',
    cookie: ['a=1', 'b=2'],
    te: 'trailers',
    'x-teal-version': 'forged',
    x_teal_version: 'forged',
    'x-forwarded-for': '1.2.3.4',
    transfer_encoding: 'chunked',
    'x-many': ['1', '2'],
  });
  assert.equal(answer.status, 200);
  const lines = origin.received.split('\r\n');
  assert.equal(lines[0], 'GET /a?b=c HTTP/1.1');
  assert.equal(lines[1], 'Host: shop.test');
  for (const line of [
    'user-agent: test',
    'cookie: a=1; b=2',
    'x-many: 1',
    'x-many: 2',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Host: shop.test',
    'Via: 2.0 teal',
    'x-teal-version: v1',
    'Connection: keep-alive',
  ]) {
    assert.equal(lines.filter((each) => each === line).length, 1, `${line} in ${origin.received}`);
  }
  assert.doesNotMatch(origin.received, /forged|1\.2\.3\.4|transfer|te:|content-length/i);
});

for (const [name, headers, body, expected] of [
  ['a length', { 'content-length': '5' }, 'hello', /\r\nContent-Length: 5\r\n(.|\r\n)*\r\n\r\nhello$/],
  ['no length', {}, 'hello', /\r\nTransfer-Encoding: chunked\r\n(.|\r\n)*\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/],
  ['one without bytes', {}, '', /\r\nTransfer-Encoding: chunked\r\n(.|\r\n)*\r\n\r\n0\r\n\r\n$/],
  ['none', {}, null, /\r\nContent-Length: 0\r\n(.|\r\n)*\r\n\r\n$/],
] as const) {
  test(`the body of a request by HTTP/2 is framed by HTTP/1: ${name}`, async () => {
    await using origin = await answering(ok('x'));
    await using router = await proxyTo(origin);
    await using front = await http2Front(router);
    await using client = new Http2Client(front.port);
    const answer = await client.ask({ ':method': 'POST', ...headers }, body);
    assert.equal(answer.status, 200);
    assert.match(origin.received, expected);
  });
}

test('a trailer of a request reaches an app of HTTP/1, without what may not come behind content', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.includes('\r\n0\r\n') && text.endsWith('\r\n\r\n')) socket.write(ok('x'));
  });
  await using router = await proxyTo(origin);
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const stream = client.open({ ':method': 'POST' }, { waitForTrailers: true });
  stream.on('wantTrailers', () =>
    stream.sendTrailers({ 'x-sum': '42', authorization: 'no', 'x-teal-version': 'no' }),
  );
  const answer = answerOf(stream);
  stream.end('hello');
  assert.equal((await answer).status, 200);
  assert.ok(origin.received.endsWith('\r\n5\r\nhello\r\n0\r\nx-sum: 42\r\n\r\n'), origin.received);
});

test('many requests of one session are answered at once, in any order', async () => {
  await using origin = await rawOrigin((socket, text) => {
    const path = /GET \/(\d+) /.exec(text.slice(text.lastIndexOf('GET ')))?.[1] ?? '';
    if (text.endsWith('\r\n\r\n')) setTimeout(() => socket.write(ok(path)), 100 - Number(path));
  });
  await using router = await proxyTo(origin);
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => client.ask({ ':path': `/${index}` })),
  );
  assert.deepEqual(
    answers.map(({ body }) => body),
    answers.map((_, index) => String(index)),
  );
  assert.equal(router.engine.clients.size, 1, 'a session is one connection');
  const [counts] = router.engine.registry.counts.values();
  assert.deepEqual([counts?.requests, counts?.inFlight], [100, 0]);
});

test('what we answer ourselves is a page in HTTP/2 as well', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin, { routes: [{ role: 'web', hosts: ['a.test'], paths: [] }] });
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const page = await client.ask({ accept: 'application/json' });
  assert.equal(page.status, 404);
  assert.equal(page.headers['x-teal-error'], 'unknown-host');
  assert.equal(page.headers.server, 'teal');
  assert.equal((JSON.parse(page.body) as { error: string }).error, 'unknown-host');
  const head = await client.ask({ ':method': 'HEAD' });
  assert.deepEqual([head.status, head.body, head.bodiless], [404, '', true]);
  const post = await client.ask({ ':method': 'POST' }, 'a body that nobody reads');
  assert.equal(post.status, 404);
  assert.equal((await client.ask({ ':authority': 'a.test' })).status, 200);
});

test('a megabyte goes both ways as it was sent', async () => {
  const sent = randomBytes(1_000_000);
  await using origin = await rawOrigin((socket, text) => {
    const at = text.indexOf('\r\n\r\n') + 4;
    if (text.length - at < sent.length) return;
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${sent.length}\r\n\r\n`);
    socket.write(Buffer.from(text.slice(at), 'latin1'));
  });
  await using router = await proxyTo(origin);
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const answer = await client.ask({ ':method': 'PUT', 'content-length': `${sent.length}` }, sent);
  assert.ok(answer.body === sent.toString('latin1'));
});

test('a body that its client takes back never becomes a whole one', async () => {
  for (const code of [0, 8]) {
    await using origin = await rawOrigin(() => {});
    await using router = await proxyTo(origin);
    await using front = await http2Front(router);
    const client = new RawHttp2(front.port);
    client.request(1, head([], 'POST'), 0);
    client.send(frameType.data, 0, 1, Buffer.from('half'));
    await until(() => origin.received.includes('half'), 'the half');
    client.send(frameType.reset, 0, 1, [0, 0, 0, code]);
    await until(() => origin.sockets.size === 0, 'the connection to the app to be closed');
    assert.ok(origin.received.endsWith('4\r\nhalf\r\n'), origin.received.slice(-40));
    const [counts] = router.engine.registry.counts.values();
    assert.equal(counts?.inFlight, 0);
    client.close();
  }
});

test('a client that goes away takes its requests along', async () => {
  await using origin = await rawOrigin(() => {});
  await using router = await proxyTo(origin);
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  for (let index = 0; index < 5; index++) client.open({}, { endStream: true });
  await until(() => origin.connections === 5, 'the requests');
  client.session.destroy();
  await until(() => origin.sockets.size === 0, 'the connections to be closed');
  await until(() => router.engine.clients.size === 0, 'the session to be forgotten');
  const [counts] = router.engine.registry.counts.values();
  assert.equal(counts?.inFlight, 0);
});

test('an upload to a slow app waits in the client', async () => {
  let size = 0;
  await using origin = await rawOrigin((socket) => socket.pause());
  await using router = await proxyTo(origin);
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const stream = client.open({ ':method': 'POST' });
  const block = Buffer.alloc(64 * 1024, 'x');
  const most = 64 * 1024 * 1024;
  const more = (): void => {
    while (size < most) {
      size += block.length;
      if (!stream.write(block)) {
        stream.once('drain', more);
        return;
      }
    }
  };
  more();
  let last = -1;
  await until(async () => {
    const before = last;
    last = size;
    await new Promise((resolve) => setTimeout(resolve, 250));
    return size === before && origin.received !== '';
  }, 'the upload to stall');
  // What the kernels between router and app hold.
  assert.ok(size < most / 4, `${size} bytes were taken`);
  const other = await client.ask({ ':path': '/other', ':authority': 'nobody', 'x-teal-preview': 'no' });
  assert.equal(other.status, 403, 'the session goes on beside it');
});

test('a slow client stalls its app, loses nothing, and the other streams of its session go on', async () => {
  const size = 32 * 1024 * 1024;
  const block = Buffer.alloc(64 * 1024, 'y');
  let sent = 0;
  await using origin = await rawOrigin((socket, text) => {
    if (text.includes('GET /small')) {
      socket.write(ok('small'));
      return;
    }
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    const more = (): void => {
      while (sent < size) {
        sent += block.length;
        if (!socket.write(block)) {
          socket.once('drain', more);
          return;
        }
      }
    };
    more();
  });
  await using router = await proxyTo(origin, { upstream: { ...upstream, idleTimeoutMs: 60_000 } });
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const slow = client.open({ ':path': '/big' }, { endStream: true });
  await once(slow, 'response');
  let last = -1;
  await until(async () => {
    const before = last;
    last = sent;
    await new Promise((resolve) => setTimeout(resolve, 250));
    return sent === before;
  }, 'the app to stall');
  assert.ok(sent < size / 2, `${sent} bytes were taken`);
  assert.equal((await client.ask({ ':path': '/small' })).body, 'small');
  let received = 0;
  slow.on('data', (data: Buffer) => (received += data.length));
  await once(slow, 'end');
  assert.equal(received, size);
});

test('a switch is followed by the next stream of the same session; what runs stays where it is', async () => {
  let late = (): void => {};
  await using old = await rawOrigin((socket, text) => {
    if (text.endsWith('\r\n\r\n') && text.lastIndexOf('GET /slow') === text.lastIndexOf('GET '))
      late = () => void socket.write(ok('old and slow'));
    else if (text.endsWith('\r\n\r\n')) socket.write(ok('old'));
  });
  await using fresh = await answering(ok('new'));
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('old', old.port)] },
    green: { version: 'v2', endpoints: [endpoint('new', fresh.port)] },
  };
  await using router = await proxy(tableOf(1, appTable({ environments })));
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  assert.equal((await client.ask()).body, 'old');
  const slow = client.ask({ ':path': '/slow' });
  await until(() => old.received.includes('/slow'), 'the slow request');
  for (let generation = 2; generation < 42; generation++) {
    const live = generation % 2 === 0 ? 'green' : 'blue';
    router.use(tableOf(generation, appTable({ environments, live })));
    assert.equal((await client.ask()).body, live === 'green' ? 'new' : 'old');
  }
  late();
  assert.equal((await slow).body, 'old and slow');
});
