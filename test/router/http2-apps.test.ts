import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import http2 from 'node:http2';
import { test } from 'node:test';
import type { AppTable } from '../../src/router/table.ts';
import { answerOf, Http2Client, http2Front, http2Origin } from './http2-rig.ts';
import {
  answering,
  appTable,
  endpoint,
  exchange,
  get,
  lastGet,
  ok,
  proxy,
  RawClient,
  rawOrigin,
  tableOf,
  until,
  upstream,
} from './rig.ts';
import type { Proxy } from './rig.ts';

const h2c = { ...upstream, protocol: 'h2c' } as const;

function proxyToHttp2(ports: readonly number[], more: Partial<AppTable> = {}): Promise<Proxy> {
  const endpoints = ports.map((port, index) => endpoint(`e${index}`, port));
  const environments = { blue: { version: 'v1', endpoints }, green: null };
  return proxy(tableOf(1, appTable({ environments, upstream: h2c, ...more })));
}

function hello(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'x-app': 'yes' });
  stream.end('hello');
}

/** What an app says by HTTP/2, and what a client of HTTP/1.1 reads. */
const cases: readonly {
  readonly name: string;
  readonly app: (stream: ServerHttp2Stream) => void;
  readonly request?: string;
  readonly expected: RegExp;
  readonly broken?: boolean;
}[] = [
  {
    name: 'no length',
    app: hello,
    expected:
      /^HTTP\/1\.1 200 \r\nx-app: yes\r\n(.|\r\n)*Transfer-Encoding: chunked\r\n(.|\r\n)*\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/,
  },
  {
    name: 'a length',
    app: (stream) => {
      stream.respond({ ':status': 200, 'content-length': '5' });
      stream.end('hello');
    },
    expected: /\r\nContent-Length: 5\r\n(.|\r\n)*\r\n\r\nhello$/,
  },
  {
    name: 'nothing behind the head',
    app: (stream) => stream.respond({ ':status': 200 }, { endStream: true }),
    expected: /\r\nContent-Length: 0\r\n(.|\r\n)*\r\n\r\n$/,
  },
  {
    name: '204',
    app: (stream) => stream.respond({ ':status': 204 }, { endStream: true }),
    expected: /^HTTP\/1\.1 204 \r\n(?!(.|\r\n)*Content-Length)(.|\r\n)*\r\n\r\n$/,
  },
  {
    name: 'HEAD',
    request: 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    app: (stream) => stream.respond({ ':status': 200, 'content-length': '9' }, { endStream: true }),
    expected: /\r\nContent-Length: 9\r\n(.|\r\n)*\r\n\r\n$/,
  },
  {
    name: 'a trailer',
    app: (stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42', 'content-type': 'no' }));
      stream.end('abc');
    },
    expected: /\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 42\r\n\r\n$/,
  },
  {
    name: 'early hints',
    app: (stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
      hello(stream);
    },
    expected: /^HTTP\/1\.1 103 \r\nlink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 /,
  },
  {
    name: 'a reset before its head',
    app: (stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
    expected: /^HTTP\/1\.1 502 (.|\r\n)*X-Teal-Error: upstream-closed/,
  },
  {
    name: 'a reset within its body',
    app: (stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.write('half', () => stream.destroy(new Error('broke')));
    },
    expected: /4\r\nhalf\r\n$/,
    broken: true,
  },
];

for (const each of cases) {
  test(`an app answers by HTTP/2, its client gets HTTP/1.1: ${each.name}`, async () => {
    await using origin = await http2Origin(each.app);
    await using router = await proxyToHttp2([origin.port]);
    const text = await exchange(router.port, each.request ?? lastGet());
    assert.match(text.replace(/date: [^\r]*\r\n/g, ''), each.expected);
    const [counts] = router.engine.registry.counts.values();
    assert.equal(counts?.inFlight, 0);
  });
}

test('an app of HTTP/2 is asked as one of HTTP/1.1 is', async () => {
  await using origin = await http2Origin(hello);
  await using router = await proxyToHttp2([origin.port]);
  await exchange(
    router.port,
    lastGet(
      '/a?b',
      'TE: trailers',
      'Cookie: a=1',
      'X-Teal-Version: forged',
      'X-Hop: 1',
      'Connection: X-Hop, TE',
    ),
  );
  const headers = { ...origin.requests[0]?.headers };
  delete headers['x-request-id'];
  assert.deepEqual(Object.fromEntries(Object.entries(headers)), {
    ':method': 'GET',
    ':scheme': 'http',
    ':path': '/a?b',
    ':authority': 'shop.test',
    te: 'trailers',
    cookie: 'a=1',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'shop.test',
    via: '1.1 teal',
    'x-teal-app': 'shop',
    'x-teal-version': 'v1',
    'x-teal-environment': 'blue',
  });
});

for (const [name, framing] of [
  ['a length', 'Content-Length: 5\r\n\r\nhello'],
  ['chunks', 'Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n'],
] as const) {
  test(`a body goes to an app of HTTP/2: ${name}`, async () => {
    await using origin = await http2Origin((stream) => {
      let body = '';
      let sum: IncomingHttpHeaders = {};
      stream.on('trailers', (trailers) => (sum = trailers));
      stream.on('data', (data: Buffer) => (body += data.toString()));
      stream.on('end', () => stream.end(`${body} ${String(sum['x-sum'] ?? '')}`));
    });
    await using router = await proxyToHttp2([origin.port]);
    const text = await exchange(router.port, `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${framing}`);
    assert.match(text, name === 'chunks' ? /hello 1\r\n/ : /hello \r\n/);
    assert.equal(origin.requests[0]?.headers['content-length'], name === 'chunks' ? undefined : '5');
  });
}

test('requests share a session, and get a second one when the app takes no more in the first', async () => {
  const waiting: ServerHttp2Stream[] = [];
  await using origin = await http2Origin((stream) => waiting.push(stream), {
    settings: { maxConcurrentStreams: 4 },
  });
  await using router = await proxyToHttp2([origin.port]);
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const first = client.ask();
  await until(() => waiting.length === 1, 'the first request');
  const more = Array.from({ length: 9 }, () => client.ask());
  await until(() => waiting.length === 10, 'the others');
  assert.equal(origin.sessions, 3);
  for (const stream of waiting) hello(stream);
  for (const answer of [await first, ...(await Promise.all(more))]) assert.equal(answer.body, 'hello');
  await client.ask({ ':path': '/again' }, 'x').catch(() => {});
});

test('a session that the app ends is replaced, and what it has not begun is asked again, whatever it is', async () => {
  let refuse = true;
  await using origin = await http2Origin((stream) => {
    if (refuse) {
      refuse = false;
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    let body = '';
    stream.on('data', (data: Buffer) => (body += data.toString()));
    stream.on('end', () => stream.end(body));
  });
  await using router = await proxyToHttp2([origin.port]);
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const answer = await client.ask({ ':method': 'POST' }, 'once');
  assert.equal(answer.body, 'once');
  assert.equal(origin.requests.length, 2);
  for (const session of origin.open) session.close();
  await until(() => origin.open.size === 0, 'the session to end');
  assert.equal((await client.ask({ ':method': 'POST' }, 'twice')).body, 'twice');
  assert.equal(origin.sessions, 2);
  const [counts] = router.engine.registry.counts.values();
  assert.deepEqual([counts?.requests, counts?.failed], [2, 0]);
});

test('who is refused again and again is told so', async () => {
  await using origin = await http2Origin((stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM));
  await using router = await proxyToHttp2([origin.port]);
  assert.match(await exchange(router.port, lastGet()), /^HTTP\/1\.1 502 /);
  assert.equal(origin.requests.length, 3);
});

test('a request that an app may have begun is not sent twice, unless it may be', async () => {
  for (const [method, times] of [
    ['POST', 1],
    ['GET', 2],
  ] as const) {
    await using origin = await http2Origin((stream) => stream.session?.destroy());
    await using router = await proxyToHttp2([origin.port]);
    await using front = await http2Front(router);
    await using client = new Http2Client(front.port);
    // A session that answered before may be ended by a healthy app.
    const answer = await client.ask({ ':method': method });
    assert.equal(answer.status, 502);
    assert.ok(origin.requests.length <= times, `${method}: ${origin.requests.length}`);
  }
});

test('an instance that does not answer the phone is passed over', async () => {
  await using origin = await http2Origin(hello);
  await using gone = await http2Origin(hello);
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  await using router = await proxyToHttp2([port, origin.port]);
  for (let index = 0; index < 8; index++) {
    assert.match(await exchange(router.port, lastGet()), /\r\nhello\r\n/);
  }
  await using alone = await proxyToHttp2([port]);
  assert.match(await exchange(alone.port, lastGet()), /X-Teal-Error: connect-refused/);
});

test('an app that speaks no HTTP/2 after all fails its requests, and nothing else', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyToHttp2([origin.port]);
  assert.match(await exchange(router.port, lastGet()), /^HTTP\/1\.1 502 /);
  const [counts] = router.engine.registry.counts.values();
  assert.deepEqual([counts?.failed, counts?.inFlight], [1, 0]);
});

test('a WebSocket goes by HTTP/1.1 to an app of HTTP/2', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.endsWith('\r\n\r\n'))
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi');
  });
  await using router = await proxyToHttp2([origin.port]);
  const client = new RawClient(router.port);
  await client.send(get('/ws', 'Connection: Upgrade', 'Upgrade: websocket')).has('hi');
  client.close();
});

for (const front of ['http1', 'http2'] as const) {
  test(`a slow client of ${front} stalls an app of HTTP/2, and nobody else`, async () => {
    const size = 16 * 1024 * 1024;
    const block = Buffer.alloc(64 * 1024, 'y');
    let sent = 0;
    await using origin = await http2Origin((stream, headers) => {
      stream.respond({ ':status': 200 });
      if (headers[':path'] === '/small') {
        stream.end('small');
        return;
      }
      const more = (): void => {
        while (sent < size) {
          sent += block.length;
          if (!stream.write(block)) {
            stream.once('drain', more);
            return;
          }
        }
        stream.end();
      };
      more();
    });
    await using router = await proxyToHttp2([origin.port], { upstream: { ...h2c, idleTimeoutMs: 60_000 } });
    await using http2 = await http2Front(router);
    await using client = new Http2Client(http2.port);
    const slow = client.open({ ':path': '/big' }, { endStream: true });
    const raw = new RawClient(router.port);
    if (front === 'http1') {
      slow.close();
      raw.socket.once('data', () => raw.socket.pause());
      raw.send(lastGet('/big'));
    }
    let last = -1;
    await until(async () => {
      const before = last;
      last = sent;
      await new Promise((resolve) => setTimeout(resolve, 250));
      return sent === before && sent > 0;
    }, 'the app to stall');
    assert.ok(sent < size, `${sent} bytes were taken`);
    assert.equal((await client.ask({ ':path': '/small' })).body, 'small');
    assert.equal(origin.sessions, 1);
    let received = 0;
    if (front === 'http2') {
      slow.on('data', (data: Buffer) => (received += data.length));
      await once(slow, 'end');
      assert.equal(received, size);
    } else {
      raw.socket.resume();
      assert.ok((await raw.end(20_000)).endsWith('\r\n0\r\n\r\n'));
    }
    raw.close();
  });
}

test('sessions that carry nothing are closed when their side is drained, the others when they are done', async () => {
  const waiting: ServerHttp2Stream[] = [];
  const app = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    if (headers[':path'] === '/slow') waiting.push(stream);
    else hello(stream);
  };
  await using old = await http2Origin(app);
  await using fresh = await http2Origin(app);
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('old', old.port)] },
    green: { version: 'v2', endpoints: [endpoint('new', fresh.port)] },
  };
  await using router = await proxy(tableOf(1, appTable({ environments, upstream: h2c })));
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const slow = client.open({ ':path': '/slow' }, { endStream: true });
  const answer = answerOf(slow);
  await until(() => waiting.length === 1, 'the slow request');
  router.use(
    tableOf(2, appTable({ environments: { ...environments, blue: null }, live: 'green', upstream: h2c })),
  );
  await client.ask();
  assert.deepEqual([old.requests.length, fresh.requests.length, old.open.size], [1, 1, 1]);
  for (const stream of waiting) hello(stream);
  assert.equal((await answer).body, 'hello');
  await until(() => old.open.size === 0, 'the session to the old side to be closed');
  assert.equal(client.session.closed, false);
});
