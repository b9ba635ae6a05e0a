import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessLine } from '../../src/router/access-line.ts';
import { signPreview } from '../../src/router/preview.ts';
import { Lines } from './access.ts';
import {
  answering,
  appTable,
  endpoint,
  exchange,
  get,
  lastGet,
  ok,
  previewKey,
  proxy,
  proxyTo,
  RawClient,
  rawOrigin,
  tableOf,
  upstream,
} from './rig.ts';

const upgrade = get(
  '/ws',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: x',
);
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\n';

function shows(line: AccessLine, expected: Partial<AccessLine>): void {
  for (const [key, value] of Object.entries(expected)) {
    assert.deepEqual(line[key as keyof AccessLine], value, `${key} of ${JSON.stringify(line)}`);
  }
}

test('one line tells where a request went, by which rule, what it carried and how long it took', async () => {
  await using origin = await answering(ok('hello'));
  const lines = new Lines();
  await using router = await proxyTo(origin, {}, { observe: lines });
  const before = Date.now();
  const post = 'POST /a?b=c HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc';
  const answer = await exchange(router.port, post);
  const line = await lines.at(0);
  shows(line, {
    app: 'shop',
    environment: 'blue',
    version: 'v1',
    role: 'web',
    endpoint: 'e1',
    rule: 'live',
    generation: 1,
    method: 'POST',
    host: 'shop.test',
    path: '/a?b=…',
    protocol: 'HTTP/1.1',
    status: 200,
    outcome: 'ok',
    code: null,
    tries: 1,
    bytesIn: 3,
    bytesOut: 5,
    client: '127.0.0.1',
    traceId: null,
    worker: process.pid,
  });
  assert.match(answer, /200 OK/);
  assert.ok(origin.received.includes(`X-Request-Id: ${line.requestId}`));
  assert.ok(Date.parse(line.time) >= before && Date.parse(line.time) <= Date.now());
  const { connectMs, firstByteMs, ms } = line;
  assert.ok(connectMs !== null && firstByteMs !== null && connectMs >= 0 && connectMs <= firstByteMs);
  assert.ok(firstByteMs <= ms);
});

test('pipelined requests are told in order, chunked bodies by their content', async () => {
  await using origin = await answering((text) => {
    const path = text.split(' ')[1] ?? '';
    return path === '/1'
      ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
      : ok('x');
  });
  const lines = new Lines();
  await using router = await proxyTo(origin, {}, { observe: lines });
  const chunked = 'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n';
  await exchange(router.port, get('/1') + chunked + lastGet('/3'));
  await lines.at(2);
  assert.deepEqual(
    lines.all.map(({ path, bytesIn, bytesOut }) => [path, bytesIn, bytesOut]),
    [
      ['/1', 0, 3],
      ['/2', 2, 1],
      ['/3', 0, 1],
    ],
  );
});

test('a request that was sent again tells its tries and who had it last', async () => {
  await using origin = await answering(ok('x'));
  await using gone = await answering(ok('x'));
  const port = gone.port;
  await gone[Symbol.asyncDispose]();
  const endpoints = [endpoint('dead', port), endpoint('well', origin.port)];
  const lines = new Lines();
  await using router = await proxy(
    tableOf(1, appTable({ environments: { blue: { version: 'v1', endpoints }, green: null } })),
    { observe: lines },
  );
  for (let index = 0; index < 30 && lines.all.every(({ tries }) => tries === 1); index++)
    await exchange(router.port, lastGet());
  shows(lines.all.find(({ tries }) => tries === 2) as AccessLine, {
    endpoint: 'well',
    outcome: 'ok',
    status: 200,
  });
});

test('a client that goes half way is told so, before and after the head', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.includes('/begun')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
  });
  const lines = new Lines();
  await using router = await proxyTo(origin, {}, { observe: lines });
  const begun = new RawClient(router.port);
  await begun.send(get('/begun')).has('abc');
  begun.socket.resetAndDestroy();
  shows(await lines.at(0), { outcome: 'client-gone', status: 200, bytesOut: 3, code: null });
  const silent = new RawClient(router.port).send(get('/silent'));
  while (!origin.received.includes('/silent')) await new Promise((resolve) => setTimeout(resolve, 5));
  silent.socket.resetAndDestroy();
  shows(await lines.at(1), { outcome: 'client-gone', status: null, firstByteMs: null, path: '/silent' });
});

test('a WebSocket is told when it ends, with its bytes and its length', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.endsWith('\r\n\r\n')) socket.write(switching);
    else if (text.endsWith('ping')) socket.write('pong!');
    else if (text.endsWith('bye')) socket.end();
  });
  const lines = new Lines();
  await using router = await proxyTo(origin, {}, { observe: lines });
  const client = new RawClient(router.port);
  await client.send(upgrade).has('101');
  await client.send('ping').has('pong!');
  assert.equal(lines.all.length, 0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await client.send('bye').end();
  client.close();
  const line = await lines.at(0);
  shows(line, { outcome: 'ok', status: 101, bytesIn: 7, bytesOut: 5 });
  assert.ok(line.ms >= 50);
});

test('what a drain closes or cuts is told as that', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.includes('/events'))
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
  });
  const lines = new Lines();
  await using router = await proxyTo(origin, {}, { observe: lines });
  const client = new RawClient(router.port);
  await client.send(get('/events')).has('data: 1');
  for (const request of router.engine.registry.endpoints.get('e1')?.active ?? []) request.closeStream();
  shows(await lines.at(0), { outcome: 'drained', status: 200 });
  const other = new RawClient(router.port).send(get('/never'));
  while (!origin.received.includes('/never')) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const request of router.engine.registry.endpoints.get('e1')?.active ?? []) request.cut();
  shows(await lines.at(1), { outcome: 'cut', status: null });
  client.close();
  other.close();
});

test('an app that breaks off, answers nonsense, too late or not at all', async () => {
  await using origin = await rawOrigin((socket, text) => {
    if (text.includes('/half')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
    else if (text.includes('/nonsense')) socket.write('oh no\r\n\r\n');
    else if (text.includes('/closes')) socket.end();
  });
  const lines = new Lines();
  const quick = { upstream: { ...upstream, responseTimeoutMs: 100 } };
  await using router = await proxyTo(origin, quick, { observe: lines });
  for (const path of ['/half', '/nonsense', '/closes', '/late']) await exchange(router.port, lastGet(path));
  await lines.at(3);
  assert.deepEqual(
    lines.all.map(({ outcome, status, code, bytesOut }) => [outcome, status, code, bytesOut > 3]),
    [
      ['broken', 200, 'upstream-closed', false],
      ['failed', 502, 'bad-response', true],
      ['failed', 502, 'upstream-closed', true],
      ['failed', 504, 'response-timeout', true],
    ],
  );
});

test('what Teal answers itself is told with its code and the rule, also a head that cannot be read', async () => {
  const lines = new Lines();
  const environments = { blue: { version: 'v1', endpoints: [] }, green: null };
  const table = (more: object) =>
    tableOf(
      1,
      appTable({ environments, routes: [{ role: 'web', hosts: ['shop.test'], paths: [] }], ...more }),
    );
  await using router = await proxy(null, { observe: lines, client: { headTimeoutMs: 100 } });
  await exchange(router.port, lastGet());
  router.use(table({}));
  await exchange(router.port, lastGet());
  await exchange(router.port, 'GET / HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n');
  router.use(table({ maintenance: { message: 'soon' } }));
  await exchange(router.port, lastGet('/p'));
  router.use(table({ live: null }));
  await exchange(router.port, lastGet());
  await exchange(router.port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  await exchange(router.port, 'GET /\r\n');
  await exchange(router.port, 'GET / HTTP/1.1\r\nHost: sl');
  await lines.at(7);
  assert.deepEqual(
    lines.all.map(({ status, outcome, code, rule, app, path }) => [status, outcome, code, rule, app, path]),
    [
      [503, 'failed', 'no-table', 'no-table', null, '/'],
      [503, 'failed', 'no-endpoint', 'live', 'shop', '/'],
      [404, 'refused', 'unknown-host', 'no-app', null, '/'],
      [503, 'refused', 'maintenance', 'maintenance', 'shop', '/p'],
      [503, 'refused', 'no-live-version', 'live', 'shop', '/'],
      [400, 'refused', 'several-hosts', 'unreadable', null, null],
      [400, 'refused', 'bad-request-line', 'unreadable', null, null],
      [408, 'refused', 'head-timeout', 'unreadable', null, null],
    ],
  );
});

test('limits of the body are told with their code and what had come', async () => {
  await using origin = await rawOrigin(() => {});
  const lines = new Lines();
  await using router = await proxyTo(
    origin,
    { upstream: { ...upstream, maxBodyBytes: 4 } },
    { observe: lines },
  );
  await exchange(router.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n');
  const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
  await exchange(router.port, `${chunked}6\r\nabcdef\r\n`);
  await exchange(router.port, `${chunked}zz\r\n`);
  await lines.at(2);
  assert.deepEqual(
    lines.all.map(({ status, outcome, code, bytesIn }) => [status, outcome, code, bytesIn]),
    [
      [413, 'refused', 'body-too-large', 0],
      [413, 'refused', 'body-too-large', 6],
      [400, 'refused', 'bad-body', 0],
    ],
  );
});

test('each way of a preview is a rule of its own, and no secret is ever in a line', async () => {
  await using v1 = await answering(ok('v1'));
  await using v2 = await answering(ok('v2'));
  const lines = new Lines();
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('b', v1.port)] },
    green: { version: 'v2', endpoints: [endpoint('g', v2.port)] },
  };
  await using router = await proxy(tableOf(1, appTable({ environments })), {
    observe: { log: lines.log, query: 'all' },
  });
  const token = signPreview({ app: 'shop', version: 'v2', expiresAt: Date.now() + 3_600_000 }, previewKey);
  const forged = `${token.slice(0, -4)}AAAA`;
  const requests: readonly (readonly [string, string])[] = [
    [lastGet('/h', `X-Teal-Preview: ${token}`), 'preview-header'],
    [lastGet(`/.teal/preview/${token}/p?q=1`), 'preview-path'],
    [lastGet('/c', `Cookie: a=secret-of-the-session; teal-preview=${token}`), 'preview-cookie'],
    [lastGet(`/.teal/preview/${token}/p`, 'Accept: text/html', 'Sec-Fetch-Mode: navigate'), 'preview-path'],
    [lastGet(`/.teal/preview/${forged}/p`), 'preview-path'],
    [lastGet('/x', `X-Teal-Preview: ${forged}`), 'preview-header'],
    [lastGet(`//.teal/preview/${token}/p`), 'live'],
    [lastGet(`/.teal%2Fpreview%2F${token}%2Fp`), 'live'],
    [lastGet(`/elsewhere?to=/.teal/preview/${token}/`), 'live'],
    [lastGet(`/elsewhere?${token}`), 'live'],
    [lastGet('/in', 'Authorization: Bearer secret-of-the-session'), 'live'],
    [lastGet('/in?access_token=secret-of-the-session&code=secret-of-the-session&page=2'), 'live'],
  ];
  for (const [request] of requests) await exchange(router.port, request);
  await lines.at(requests.length - 1);
  assert.deepEqual(
    lines.all.map(({ rule }) => rule),
    requests.map(([, rule]) => rule),
  );
  for (const secret of [token, forged, token.split('.')[1] as string, 'secret-of-the-session']) {
    assert.ok(!lines.raw.includes(secret), `${secret} in ${lines.raw}`);
  }
  assert.deepEqual(
    [1, 3, 4, 11].map((index) => [lines.all[index]?.path, lines.all[index]?.outcome, lines.all[index]?.code]),
    [
      ['/p?q=1', 'ok', null],
      ['/p', 'redirected', 'preview'],
      ['/p', 'refused', 'preview-refused'],
      ['/in?access_token=…&code=…&page=2', 'ok', null],
    ],
  );
});

test('as much of the query is told as was asked for', async () => {
  await using origin = await answering(ok('x'));
  for (const [query, path] of [
    ['none', '/a'],
    ['names', '/a?b=…&c'],
    ['all', '/a?b=1&c'],
  ] as const) {
    const lines = new Lines();
    await using router = await proxyTo(origin, {}, { observe: { log: lines.log, query } });
    await exchange(router.port, lastGet('/a?b=1&c'));
    shows(await lines.at(0), { path });
  }
});

test('a line stays one line of JSON, whatever was asked', async () => {
  await using origin = await answering(ok('x'));
  const lines = new Lines();
  await using router = await proxyTo(origin, {}, { observe: { log: lines.log, query: 'all' } });
  await exchange(router.port, lastGet(`/"quoted"\\path?a={"b":1}`));
  const line = await lines.at(0);
  assert.equal(lines.raw.split('\n').length, 2);
  if (line.status === 200) assert.equal(line.path, `/"quoted"\\path?a={"b":1}`);
});

test('behind trusted proxies the client is the nearest that is none of them', async () => {
  await using origin = await answering(ok('x'));
  const lines = new Lines();
  await using router = await proxyTo(
    origin,
    {},
    { observe: { log: lines.log }, trusted: ['127.0.0.0/8', '10.0.0.0/8'] },
  );
  const chains = ['1.2.3.4, 10.0.0.9', '6.6.6.6, 1.2.3.4, 10.1.1.1', 'forged, 10.0.0.7', '2001:db8::1', ''];
  for (const chain of chains) await exchange(router.port, lastGet('/', `X-Forwarded-For: ${chain}`));
  await lines.at(chains.length - 1);
  assert.deepEqual(
    lines.all.map(({ client }) => client),
    // What a trusted proxy wrote and is no address says nothing: the proxy is then all that is known.
    ['1.2.3.4', '1.2.3.4', '127.0.0.1', '2001:db8::1', '127.0.0.1'],
  );
});

test('off, nothing is made for it: no observer, and so no visit', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  assert.equal(router.engine.observer, null);
  assert.equal(router.engine.trace, false);
  const answer = await exchange(router.port, lastGet('/', 'traceparent: nonsense'));
  assert.ok(!/server-timing/i.test(answer));
  assert.match(origin.received, /\r\ntraceparent: nonsense\r\n/);
});
