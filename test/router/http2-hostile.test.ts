import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Frame } from './http2-rig.ts';
import {
  endHeaders,
  endStream,
  frame,
  frameType,
  head,
  Http2Client,
  http2Front,
  literal,
  RawHttp2,
} from './http2-rig.ts';
import { answering, ok, proxyTo, rawOrigin, until, upstream } from './rig.ts';
import type { Origin, Proxy } from './rig.ts';

const enhanceYourCalm = 11;

type Fields = readonly (readonly [string, string])[];

interface Site extends AsyncDisposable {
  readonly origin: Origin;
  readonly router: Proxy;
  readonly port: number;
}

async function site(
  origin?: Origin,
  options: Parameters<typeof proxyTo>[2] = {},
  idleTimeoutMs = 5000,
): Promise<Site> {
  const app = origin ?? (await answering(ok('x')));
  const router = await proxyTo(app, { upstream: { ...upstream, idleTimeoutMs } }, options);
  const front = await http2Front(router);
  return {
    origin: app,
    router,
    port: front.port,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await router[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
    },
  };
}

function pseudo(more: Readonly<Record<string, string | null>>, fields: Fields = []): Fields {
  const all = { ':method': 'GET', ':scheme': 'http', ':path': '/', ':authority': 'shop.test', ...more };
  const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== null);
  return [...given, ...fields];
}

/** Requests that another parser could read in another way, once they are text. None may reach the app. */
const refused: readonly (readonly [string, Fields, string?])[] = [
  ['CR and LF in a value', head([['x-a', 'b\r\nx-evil: 1']])],
  ['LF in a value', head([['x-a', 'b\nx-evil: 1']])],
  ['NUL in a value', head([['x-a', 'b\0c']])],
  ['a blank before a value', head([['x-a', ' b']])],
  ['a TAB behind a value', head([['x-a', 'b\t']])],
  ['CR and LF in a name', head([['x-a: b\r\nx-evil', '1']])],
  ['a colon in a name', head([['x-a: b', '1']])],
  ['a blank in a name', head([['x a', '1']])],
  ['an empty name', head([['', '1']])],
  ['a name in upper case', head([['X-Evil', '1']])],
  ['transfer-encoding', head([['transfer-encoding', 'chunked']])],
  ['connection', head([['connection', 'close']])],
  ['keep-alive', head([['keep-alive', 'timeout=1']])],
  ['proxy-connection', head([['proxy-connection', 'close']])],
  ['upgrade', head([['upgrade', 'websocket']])],
  ['te other than trailers', head([['te', 'chunked']])],
  ['a length that is none', head([['content-length', '+1']], 'POST')],
  [
    'two lengths',
    head(
      [
        ['content-length', '1'],
        ['content-length', '2'],
      ],
      'POST',
    ),
  ],
  ['a list of lengths', head([['content-length', '1, 1']], 'POST')],
  ['a length without content', head([['content-length', '5']], 'POST')],
  ['a path with a blank', pseudo({ ':path': '/a b' })],
  ['a path with a request line', pseudo({ ':path': '/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /' })],
  ['a path with NUL', pseudo({ ':path': '/a\0b' })],
  ['a path with a fragment', pseudo({ ':path': '/a#b' })],
  ['a path with bytes above ASCII', pseudo({ ':path': '/\xe9' })],
  ['an empty path', pseudo({ ':path': '' })],
  ['a path without a slash', pseudo({ ':path': 'a' })],
  ['a whole URL for a path', pseudo({ ':path': 'http://evil.test/' })],
  ['* for a GET', pseudo({ ':path': '*' })],
  ['no path', pseudo({ ':path': null })],
  ['two paths', [...pseudo({}), [':path', '/b']]],
  ['no method', pseudo({ ':method': null })],
  ['a method with a blank', pseudo({ ':method': 'GET /admin HTTP/1.1\r\nx: ' })],
  ['a method in lower case', pseudo({ ':method': 'get' })],
  ['TRACE', pseudo({ ':method': 'TRACE' })],
  [
    'CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'shop.test:80'],
    ],
  ],
  [
    'extended CONNECT, which is not offered',
    [[':protocol', 'websocket'], ...pseudo({ ':method': 'CONNECT' })],
  ],
  ['no scheme', pseudo({ ':scheme': null })],
  ['another scheme', pseudo({ ':scheme': 'file' })],
  ['no host at all', pseudo({ ':authority': null })],
  ['an empty authority', pseudo({ ':authority': '' })],
  ['a user in the authority', pseudo({ ':authority': 'user@shop.test' })],
  ['a path in the authority', pseudo({ ':authority': 'shop.test/a' })],
  ['CR and LF in the authority', pseudo({ ':authority': 'shop.test\r\nx-evil: 1' })],
  [
    'two hosts in the authority',
    pseudo({ ':authority': 'shop.test,evil.test' }).map(([name, value]) => [name, value.replace(',', ' ')]),
  ],
  ['a host that is another', head([['host', 'evil.test']])],
  [
    'two hosts',
    pseudo({ ':authority': null }, [
      ['host', 'a.test'],
      ['host', 'a.test'],
    ]),
  ],
  ['a pseudo-field behind a field', [['x-a', '1'], ...pseudo({})]],
  ['an unknown pseudo-field', pseudo({ ':evil': '1' })],
  ['a field of answers', pseudo({ ':status': '200' })],
];

for (const [name, fields] of refused) {
  test(`refused, and nothing of it reaches the app: ${name}`, async () => {
    await using s = await site();
    const client = new RawHttp2(s.port);
    client.request(1, fields);
    await client.until(
      ({ closed }) => closed || client.of(frameType.reset, 1).length > 0 || isAnswered(client, 1),
      'an answer',
    );
    const [answer] = client.of(frameType.headers, 1);
    // A malformed field may also be dropped for itself; the request without it is no danger.
    if (answer !== undefined && isOk(answer)) assert.doesNotMatch(s.origin.received, /evil|admin|\0/);
    else assert.equal(s.origin.received, '');
    client.close();
    await until(() => s.router.engine.clients.size === 0, 'the session to end');
  });
}

function isAnswered(client: RawHttp2, stream: number): boolean {
  return client.frames.some(
    (each) => each.stream === stream && each.type <= frameType.headers && (each.flags & endStream) !== 0,
  );
}

/** `:status: 200` is one byte in HPACK's static table. */
function isOk({ payload }: Frame): boolean {
  return payload[0] === 0x88;
}

test('more content than its length says, or less, never reaches the app as a whole request', async () => {
  for (const [length, sent] of [
    ['3', 'abcdef'],
    ['9', 'abc'],
  ] as const) {
    await using s = await site(await rawOrigin(() => {}));
    const client = new RawHttp2(s.port);
    client.request(1, head([['content-length', length]], 'POST'), 0);
    client.send(frameType.data, endStream, 1, Buffer.from(sent));
    await client.until(({ closed }) => closed || client.of(frameType.reset, 1).length > 0, 'a reset');
    const [, body = ''] = s.origin.received.split('\r\n\r\n');
    assert.ok(body.length < Number(length), body);
    client.close();
  }
});

test('whatever a request of HTTP/2 holds, an app of HTTP/1.1 reads one request with the same body', async () => {
  await using s = await site(await answering((text) => ok(String(text.length))));
  await using client = new Http2Client(s.port);
  const token = fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,20}$/);
  const value = fc.stringMatching(
    /^[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff\t]{0,30}[\x21-\x7e\x80-\xff])?$/,
  );
  const odd = fc.constantFrom(
    'transfer_encoding',
    'content_length',
    'x-teal-app',
    'x_teal_app',
    'x-forwarded-for',
    'trailer',
    'via',
    'expect-ct',
    'http2_settings',
    'proxy_connection',
  );
  const own = new Set([
    'te',
    'connection',
    'keep-alive',
    'upgrade',
    'host',
    'transfer-encoding',
    'proxy-connection',
    'http2-settings',
    'content-length',
    'cookie',
    'expect',
    'x-teal-preview',
  ]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.oneof(token, odd), value), { maxLength: 12 }),
      fc.option(fc.uint8Array({ maxLength: 3000 })),
      fc.boolean(),
      async (fields, body, says) => {
        const headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
        for (const [name, text] of fields) if (!own.has(name)) (headers[name] ??= []).push(text);
        const before = s.origin.received.length;
        const length = body !== null && says ? { 'content-length': `${body.length}` } : {};
        const answer = await client.ask(
          { ':method': 'POST', ...headers, ...length },
          body === null ? null : Buffer.from(body),
        );
        if (answer.status !== 200) {
          // Too many fields for one, at most: nothing of it may have got through.
          assert.equal(s.origin.received.length, before, String(answer.status));
          return;
        }
        const text = s.origin.received.slice(before);
        assert.equal(text.length, Number(answer.body), 'one request, and no more');
        assert.equal(bodyOf(text), body === null ? '' : Buffer.from(body).toString('latin1'));
      },
    ),
    { numRuns: 150 },
  );
});

/** As RFC 9112 reads it. */
function bodyOf(text: string): string {
  const end = text.indexOf('\r\n\r\n') + 4;
  const fields = text.slice(0, end);
  const length = [...fields.matchAll(/^content-length: (\d+)\r$/gim)];
  const chunked = [...fields.matchAll(/^transfer-encoding: chunked\r$/gim)];
  assert.equal(length.length + chunked.length <= 1, true, fields);
  if (length.length === 1) return text.slice(end, end + Number(length[0]?.[1]));
  let body = '';
  let at = end;
  while (chunked.length === 1) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (size === 0) break;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
  return body;
}

async function calmed(client: RawHttp2, ms = 20_000): Promise<void> {
  await client.until(({ closed }) => closed, 'the session to be ended', ms);
}

test('rapid reset: a client that begins requests only to take them back is sent away', async () => {
  await using s = await site(await rawOrigin(() => {}));
  const client = new RawHttp2(s.port);
  let stream = 1;
  for (; stream < 4000 && !client.closed; stream += 2) {
    client.request(stream, head());
    client.send(frameType.reset, 0, stream, [0, 0, 0, 8]);
    if (stream % 100 === 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await calmed(client);
  assert.equal(client.code(frameType.goaway), enhanceYourCalm);
  await until(() => s.origin.sockets.size === 0, 'the connections to the app to be closed');
  const [counts] = s.router.engine.registry.counts.values();
  assert.equal(counts?.inFlight, 0);
  assert.ok((counts?.requests ?? 0) < 600, String(counts?.requests));
});

test('who takes back a page full of requests is not', async () => {
  await using s = await site(await rawOrigin(() => {}));
  await using client = new Http2Client(s.port);
  for (let round = 0; round < 2; round++) {
    const streams = Array.from({ length: 100 }, () => client.open({}, { endStream: true }));
    await until(() => s.origin.sockets.size === 100, 'the requests');
    for (const stream of streams) stream.close(8);
    await until(() => s.origin.sockets.size === 0, 'their end');
  }
  assert.equal(client.session.closed, false);
});

test('a client that makes its own streams fail is sent away as well', async () => {
  await using s = await site(await rawOrigin(() => {}));
  const client = new RawHttp2(s.port);
  for (let stream = 1; stream < 4000 && !client.closed; stream += 2) {
    client.request(stream, head());
    // A window that grows by nothing is an error of the stream (RFC 9113 §6.9).
    client.send(frameType.windowUpdate, 0, stream, [0, 0, 0, 0]);
    if (stream % 100 === 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await calmed(client);
  await until(() => s.origin.sockets.size === 0, 'the connections to the app to be closed');
});

test('more requests at a time than are allowed are refused, and may be sent again', async () => {
  await using s = await site(await rawOrigin(() => {}));
  const client = new RawHttp2(s.port);
  for (let index = 0; index < 140; index++) client.request(1 + index * 2, head());
  await client.until(() => client.of(frameType.reset).length === 12, 'the refusals');
  for (const { payload } of client.of(frameType.reset)) assert.equal(payload.readUInt32BE(0), 7);
  await until(() => s.origin.sockets.size === 128, 'the others');
  client.close();
});

test('a head in endless pieces is not collected', async () => {
  await using s = await site();
  const client = new RawHttp2(s.port);
  client.send(frameType.headers, endStream, 1, literal(head()));
  for (let index = 0; index < 5000 && !client.closed; index++) {
    client.send(frameType.continuation, 0, 1, literal([['x-a', 'y'.repeat(1000)]]));
    if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await calmed(client);
  assert.equal(s.origin.received, '');
});

test('empty pieces of a head are no way round that', async () => {
  await using s = await site();
  const client = new RawHttp2(s.port);
  client.send(frameType.headers, endStream, 1, literal(head()));
  for (let index = 0; index < 5000 && !client.closed; index++) {
    client.send(frameType.continuation, 0, 1);
    if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await calmed(client);
});

test('a head that is never ended is given up', async () => {
  await using s = await site(undefined, { client: { headTimeoutMs: 300 } });
  const client = new RawHttp2(s.port);
  client.send(frameType.headers, endStream, 1, literal(head()));
  await calmed(client, 5000);
  const silent = new RawHttp2(s.port);
  await calmed(silent, 5000);
});

test('an idle session is told to leave, and closed', async () => {
  await using s = await site(undefined, { client: { idleTimeoutMs: 1000 } });
  const client = new RawHttp2(s.port);
  client.request(1, head());
  await client.until(() => isAnswered(client, 1), 'an answer');
  const begun = performance.now();
  await calmed(client);
  assert.ok(performance.now() - begun >= 990);
  const last = client.of(frameType.goaway).map(({ payload }) => payload.readUInt32BE(0));
  assert.deepEqual([last[0], last.at(-1)], [1, 1]);
});

test('too many fields, or too long ones, are answered with 431, and the session goes on', async () => {
  await using s = await site();
  await using client = new Http2Client(s.port);
  const many = Object.fromEntries(Array.from({ length: 105 }, (_, index) => [`x-${index}`, '1']));
  assert.equal((await client.ask(many)).status, 431);
  assert.equal((await client.ask({ 'x-long': 'y'.repeat(17_000) })).status, 431);
  // What is far beyond is not read to its end.
  const far = await client.ask({ 'x-long': 'y'.repeat(60_000) });
  assert.notEqual(far.status, 200);
  assert.equal(s.origin.received, '');
  assert.equal((await client.ask()).status, 200);
});

test('a header bomb (one table entry, named thousands of times) is not unpacked', async () => {
  await using s = await site();
  const client = new RawHttp2(s.port);
  // Literal with incremental indexing: 4000 bytes go into the dynamic table as entry 62; then it is named in one byte each.
  const bomb = Buffer.concat([
    literal(head()),
    Buffer.from([0x40]),
    literal([['x-bomb', 'y'.repeat(3900)]]).subarray(1),
    Buffer.alloc(16_000 - 4200, 0xbe),
  ]);
  const before = process.memoryUsage().rss;
  for (let stream = 1; stream < 40 && !client.closed; stream += 2) {
    client.send(
      frameType.headers,
      endStream | endHeaders,
      stream,
      stream === 1 ? bomb : Buffer.concat([literal(head()), Buffer.alloc(11_000, 0xbe)]),
    );
  }
  await client.until(
    ({ closed }) => closed || client.of(frameType.reset).length + client.of(frameType.goaway).length > 0,
    'a refusal',
  );
  assert.equal(s.origin.received, '');
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
  client.close();
});

const floods: readonly (readonly [string, Buffer])[] = [
  ['PING', frame({ type: frameType.ping, flags: 0, stream: 0, payload: Buffer.alloc(8) })],
  ['SETTINGS', frame({ type: frameType.settings, flags: 0, stream: 0, payload: Buffer.alloc(0) })],
  [
    'SETTINGS with entries',
    frame({ type: frameType.settings, flags: 0, stream: 0, payload: Buffer.from([0, 4, 0, 0, 0xff, 0xff]) }),
  ],
  [
    'WINDOW_UPDATE',
    frame({ type: frameType.windowUpdate, flags: 0, stream: 0, payload: Buffer.from([0, 0, 0, 1]) }),
  ],
  [
    'PRIORITY',
    frame({ type: frameType.priority, flags: 0, stream: 3, payload: Buffer.from([0, 0, 0, 0, 1]) }),
  ],
  ['frames of no known type', frame({ type: 0x42, flags: 0, stream: 0, payload: Buffer.alloc(8) })],
  ['empty DATA', frame({ type: frameType.data, flags: 0, stream: 1, payload: Buffer.alloc(0) })],
  ['padding', frame({ type: frameType.data, flags: 8, stream: 1, payload: Buffer.from([4, 0, 0, 0, 0]) })],
];

for (const [name, one] of floods) {
  test(`a flood is ended: ${name}`, async () => {
    await using s = await site(await rawOrigin(() => {}));
    const client = new RawHttp2(s.port);
    client.request(1, head([], 'POST'), 0);
    await until(() => s.origin.received !== '', 'the request');
    const many = Buffer.concat(Array.from({ length: 500 }, () => one));
    for (let round = 0; round < 400 && !client.closed; round++) {
      if (!client.socket.write(many)) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await calmed(client);
    await until(() => s.router.engine.clients.size === 0, 'the session to be forgotten');
    const [counts] = s.router.engine.registry.counts.values();
    assert.equal(counts?.inFlight, 0);
  });
}

test('garbage instead of a preface, or within a session, ends that session and no other', async () => {
  await using s = await site();
  await using good = new Http2Client(s.port);
  assert.equal((await good.ask()).status, 200);
  for (const bytes of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\0\0\0\0\0\0\0\0\0']) {
    const client = new RawHttp2(s.port);
    client.socket.write(bytes);
    await calmed(client);
  }
  assert.equal((await good.ask()).status, 200);
});

test('a client that reads nothing costs its window, and is given up in time', async () => {
  const block = Buffer.alloc(256 * 1024, 'y');
  const app = await rawOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const more = (): void => {
      while (socket.write(block));
      socket.once('drain', more);
    };
    more();
  });
  await using s = await site(app, { client: { idleTimeoutMs: 1000 } }, 1000);
  const client = new RawHttp2(s.port);
  for (let stream = 1; stream < 41; stream += 2) {
    client.request(stream, head());
  }
  client.send(frameType.windowUpdate, 0, 0, [0x3f, 0xff, 0xff, 0xff]);
  client.socket.pause();
  const before = process.memoryUsage().rss;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024);
  await until(() => s.origin.sockets.size === 0, 'the streams to be given up');
  client.close();
});
