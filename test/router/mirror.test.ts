import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { AudienceTable } from '../../src/audience/table.ts';
import { copyOutcomes, type CopyCounts, type CopyOutcome } from '../../src/router/tally.ts';
import type { AppTable, MirrorTable } from '../../src/router/table.ts';
import { Http2Client, http2Front, http2Origin } from './http2-rig.ts';
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
  type Origin,
  type Proxy,
} from './rig.ts';

const everything: MirrorTable = {
  candidate: 'green',
  of: [],
  percent: 100,
  methods: ['GET', 'HEAD'],
  timeoutMs: 10_000,
  maxBodyBytes: 65_536,
};

/** v1 is live at the first, v2 the candidate at the second. */
function mirrored(
  live: Pick<Origin, 'port'>,
  candidate: Pick<Origin, 'port'> | null,
  mirror: Partial<MirrorTable> | null = {},
  more: Partial<AppTable> = {},
): AppTable {
  return appTable({
    environments: {
      blue: { version: 'v1', endpoints: [endpoint('blue', live.port)] },
      green: { version: 'v2', endpoints: candidate === null ? [] : [endpoint('green', candidate.port)] },
    },
    mirror: mirror === null ? null : { ...everything, ...mirror },
    ...more,
  });
}

function copies({ engine }: Proxy): CopyCounts {
  return [...engine.registry.counts.values()].find(({ version }) => version === 'v2')?.copies ?? {};
}

/** Waits until so many have come to their end in this way. */
const counted = (router: Proxy, outcome: CopyOutcome, number = 1): Promise<void> =>
  until(
    () => copies(router)[outcome] === number,
    `${number} × ${outcome} of ${JSON.stringify(copies(router))}`,
  );

const all = (router: Proxy): number => copyOutcomes.reduce((sum, one) => sum + (copies(router)[one] ?? 0), 0);

const post = (body: string, ...lines: string[]): string =>
  ['POST /buy HTTP/1.1', 'Host: shop.test', `Content-Length: ${body.length}`, ...lines, '', body].join(
    '\r\n',
  );

const closing = 'Connection: close';

/** What came, in heads and bodies: everything an origin got is one text. */
const requestsOf = ({ received }: Origin): number => received.split(/^(?:GET|HEAD|POST|PUT) /m).length - 1;

test('a copy of each request goes to the candidate, marked, and the client gets what live says', async () => {
  await using live = await answering(ok('live', 'Set-Cookie: a=live'));
  await using candidate = await answering(ok('candidate', 'Set-Cookie: a=candidate'));
  await using router = await proxy(tableOf(1, mirrored(live, candidate)));
  const answer = await exchange(
    router.port,
    lastGet('/cart?id=7', 'Cookie: session=abc; teal-id=x', 'Authorization: Bearer t', 'X-Teal-Mirror: no'),
  );
  assert.match(answer, /^HTTP\/1\.1 200 [^]*Set-Cookie: a=live\r\n[^]*\r\n\r\nlive$/);
  assert.doesNotMatch(answer, /candidate|mirror/);
  await counted(router, 'answered');
  const copy = candidate.received;
  assert.match(copy, /^GET \/cart\?id=7 HTTP\/1\.1\r\nHost: shop\.test\r\n/);
  assert.match(copy, /^Cookie: session=abc\r$/m);
  assert.match(copy, /^Authorization: Bearer t\r$/m);
  assert.deepEqual(
    copy.match(/^x-teal-.*$/gim)?.map((line) => line.trim()),
    [
      'x-teal-app: shop',
      'x-teal-version: v2',
      'x-teal-environment: green',
      'x-teal-cohort: mirror',
      'x-teal-mirror: true',
    ],
  );
  const id = /^X-Request-Id: (.*)\r$/m;
  assert.equal(
    id.exec(copy)?.[1],
    id.exec(live.received)?.[1],
    'one id for both, so that logs can be compared',
  );
  assert.doesNotMatch(live.received, /x-teal-mirror/i);
});

test('copies count as mirror at the candidate, and as nothing else', async () => {
  await using live = await answering(ok('live'));
  await using candidate = await answering(ok('candidate').replace('200 OK', '500 No'));
  await using router = await proxy(tableOf(1, mirrored(live, candidate)));
  await exchange(router.port, lastGet());
  await counted(router, 'answered');
  const [blue, green] = ['v1', 'v2'].map((version) =>
    [...router.engine.registry.counts.values()].find((counts) => counts.version === version),
  );
  assert.deepEqual(Object.keys(blue?.tallies ?? {}), ['live']);
  assert.deepEqual(Object.keys(green?.tallies ?? {}), ['mirror']);
  assert.deepEqual(green?.tallies.mirror?.classes, [0, 0, 0, 0, 1]);
  assert.deepEqual([green?.requests, green?.errors, green?.failed, green?.inFlight], [0, 0, 0, 0]);
});

test('the client has its whole answer while the candidate has not said a word', async () => {
  await using live = await answering(ok('live'));
  const silent: Socket[] = [];
  await using candidate = await rawOrigin((socket) => void silent.push(socket));
  await using router = await proxy(tableOf(1, mirrored(live, candidate)));
  for (let turn = 0; turn < 3; turn++) assert.match(await exchange(router.port, lastGet()), /\r\n\r\nlive$/);
  await until(() => requestsOf(candidate) === 3, 'three copies at the candidate');
  assert.equal(all(router), 0, 'and none of them is over');
  for (const socket of silent) socket.write(ok('at last'));
  await counted(router, 'answered', 3);
});

test('a copy that is not answered in time is given up', async () => {
  await using live = await answering(ok('live'));
  await using candidate = await rawOrigin((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Le'));
  await using router = await proxy(tableOf(1, mirrored(live, candidate, { timeoutMs: 50 })));
  assert.match(await exchange(router.port, lastGet()), /\r\n\r\nlive$/);
  await counted(router, 'timeout');
  await until(() => candidate.sockets.size === 0, 'its connection closed');
});

test('a candidate that is dead, resets, or talks nonsense costs a copy and nothing else', async () => {
  await using live = await answering(ok('live'));
  const gone = await answering(ok(''));
  await gone[Symbol.asyncDispose]();
  await using resets = await rawOrigin((socket) => socket.resetAndDestroy());
  await using nonsense = await rawOrigin((socket) => void socket.write('220 mail ready\r\n\r\n'));
  await using half = await rawOrigin(
    (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
  );
  await using router = await proxy(null);
  let generation = 0;
  for (const candidate of [gone, resets, nonsense, half]) {
    router.use(tableOf(++generation, mirrored(live, candidate)));
    assert.match(await exchange(router.port, lastGet()), /^HTTP\/1\.1 200 [^]*\r\n\r\nlive$/);
    await counted(router, 'failed', generation);
  }
  assert.equal(requestsOf(resets), 1, 'it is not sent again');
  router.use(tableOf(++generation, mirrored(live, null)));
  assert.match(await exchange(router.port, lastGet()), /\r\n\r\nlive$/);
  await counted(router, 'no-instance');
});

test('what the client gets is the same, byte for byte, with a candidate that fails as without one', async () => {
  const body = Buffer.alloc(300_000, 'abc').toString();
  await using live = await answering(ok(body, 'Set-Cookie: a=b'));
  await using candidate = await rawOrigin((socket) => socket.resetAndDestroy());
  await using router = await proxy(tableOf(1, mirrored(live, candidate, null)));
  const ask = async (): Promise<string> =>
    (await exchange(router.port, lastGet())).replace(/^Date: .*\r\n/m, '');
  const plain = await ask();
  assert.ok(plain.endsWith(body));
  router.use(tableOf(2, mirrored(live, candidate)));
  assert.ok((await ask()) === plain);
  await counted(router, 'failed');
});

test('writes are left out unless teal.yaml names their methods', async () => {
  await using live = await answering(ok('live'));
  await using candidate = await answering(ok('candidate'));
  await using router = await proxy(tableOf(1, mirrored(live, candidate)));
  assert.match(await exchange(router.port, post('one', closing)), /\r\n\r\nlive$/);
  await exchange(router.port, lastGet());
  await counted(router, 'answered');
  assert.doesNotMatch(candidate.received, /POST/);
  router.use(tableOf(2, mirrored(live, candidate, { methods: ['POST'] })));
  assert.match(await exchange(router.port, post('two', closing)), /\r\n\r\nlive$/);
  await exchange(router.port, lastGet());
  await counted(router, 'answered', 2);
  assert.match(candidate.received, /POST \/buy HTTP\/1\.1\r\n[^]*Content-Length: 3\r\n[^]*\r\n\r\ntwo$/);
});

test('a body is copied as a whole, however it came, and only when it is small', async () => {
  await using live = await answering(ok('live'));
  await using candidate = await answering(ok('candidate'));
  await using router = await proxy(
    tableOf(1, mirrored(live, candidate, { methods: ['POST'], maxBodyBytes: 10 })),
  );
  const head = 'POST /buy HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n';
  const client = new RawClient(router.port);
  client.send(`${head}Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n`);
  await until(() => live.received.includes('abcd'), 'the first half at live');
  assert.equal(candidate.connections, 0, 'nothing is sent before all has come');
  client.send('6\r\nefghij\r\n0\r\nX-End: 1\r\n\r\n');
  assert.match(await client.end(), /\r\n\r\nlive$/);
  await counted(router, 'answered');
  assert.match(
    candidate.received,
    /\r\nTransfer-Encoding: chunked\r\n[^]*\r\n\r\na\r\nabcdefghij\r\n0\r\nx-end: 1\r\n\r\n$/i,
  );
  const said = candidate.received;

  assert.match(await exchange(router.port, post('eleven char', closing)), /\r\n\r\nlive$/);
  await counted(router, 'too-large');
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nghijkl\r\n0\r\n\r\n`;
  assert.match(await exchange(router.port, chunked), /\r\n\r\nlive$/);
  await counted(router, 'too-large', 2);
  assert.equal(candidate.received, said);
});

test('a large upload goes through untouched, and is not kept', async () => {
  await using live = await answering(ok('live'));
  await using candidate = await answering(ok('candidate'));
  await using router = await proxy(tableOf(1, mirrored(live, candidate, { methods: ['POST'] })));
  const body = Buffer.alloc(5_000_000, 'teal').toString();
  assert.match(await exchange(router.port, post(body, closing)), /\r\n\r\nlive$/);
  assert.ok(live.received.endsWith(body));
  await counted(router, 'too-large');
  assert.equal(candidate.connections, 0);
});

test('what a client did not send to its end is not copied, and its place is free again', async () => {
  await using live = await answering(ok('live'));
  await using candidate = await answering(ok('candidate'));
  await using router = await proxy(tableOf(1, mirrored(live, candidate, { methods: ['POST', 'GET'] })));
  for (let turn = 1; turn <= 70; turn++) {
    const client = new RawClient(router.port);
    client.send('POST /buy HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nhalf');
    await until(() => live.received.split('half').length === turn + 1, 'it at live');
    client.reset();
  }
  await until(() => live.sockets.size === 0, 'all of them gone');
  await exchange(router.port, lastGet());
  await counted(router, 'answered');
  assert.equal(all(router), 1);
  assert.equal(requestsOf(candidate), 1);
});

test('a candidate that hangs gets so many at a time, the rest are counted, and live is not slowed', async () => {
  await using live = await answering(ok('live'));
  const waiting: Socket[] = [];
  await using candidate = await rawOrigin((socket) => void waiting.push(socket));
  await using router = await proxy(tableOf(1, mirrored(live, candidate)));
  const client = new RawClient(router.port);
  for (let turn = 1; turn <= 100; turn++) {
    client.send(get());
    await client.until(({ text }) => text.split('\r\n\r\nlive').length === turn + 1);
  }
  client.close();
  await counted(router, 'busy', 36);
  await until(() => waiting.length === 64, '64 at the candidate');
  for (const socket of waiting) socket.write(ok(''));
  await counted(router, 'answered', 64);
  await exchange(router.port, lastGet());
  await until(() => requestsOf(candidate) === 65, 'and one more, when there is room again');
});

test('a share of the requests is chosen one by one', async (context) => {
  await using live = await answering(ok('live'));
  await using candidate = await answering(ok('candidate'));
  const chances = [0.1, 0.249, 0.25, 0.9, 0];
  await using router = await proxy(tableOf(1, mirrored(live, candidate, { percent: 25 })));
  context.mock.method(Math, 'random', () => chances.shift() ?? 0.99);
  for (const path of ['/a', '/b', '/c', '/d', '/e']) await exchange(router.port, lastGet(path));
  context.mock.restoreAll();
  await counted(router, 'answered', 3);
  assert.deepEqual(
    [...candidate.received.matchAll(/^GET (\S+)/gm)]
      .map(([, path = '']) => path)
      .toSorted((a, b) => a.localeCompare(b)),
    ['/a', '/b', '/e'],
  );
});

const audience = (release: AudienceTable['release']): AudienceTable => ({
  app: 'shop',
  live: 'blue',
  release,
  identity: { sources: [], anonymous: 'off', cookieDomain: null, jwt: null },
  audiences: { testers: { kind: 'header', name: 'x-tester', match: { kind: 'present' }, from: 'anyone' } },
  paths: ['/'],
  offset: 0,
});

test('only requests of the audience are copied, and those of people at the candidate never', async () => {
  await using live = await answering(ok('live'));
  await using candidate = await answering(ok('candidate'));
  const table = mirrored(live, candidate, { of: ['testers'] }, { audience: audience(null) });
  await using router = await proxy(tableOf(1, table));
  await exchange(router.port, lastGet('/nobody'));
  assert.match(await exchange(router.port, lastGet('/tester', 'X-Tester: 1')), /\r\n\r\nlive$/);
  await counted(router, 'answered');
  assert.match(candidate.received, /^GET \/tester /);
  const exposed = {
    id: 'shop-2',
    candidate: 'green',
    cohort: 'same',
    exposed: [{ to: ['testers'], width: 100_000 }],
  } as const;
  router.use(tableOf(2, mirrored(live, candidate, {}, { audience: audience(exposed) })));
  assert.match(await exchange(router.port, lastGet('/there', 'X-Tester: 1')), /\r\n\r\ncandidate$/);
  await exchange(router.port, lastGet('/here'));
  await counted(router, 'answered', 2);
  assert.deepEqual(
    [...candidate.received.matchAll(/^GET (\S+)/gm)].map(([, path]) => path),
    ['/tester', '/there', '/here'],
  );
});

test('upgrades, previews and refusals are not copied', async () => {
  await using live = await answering(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  await using candidate = await answering(ok('candidate'));
  await using router = await proxy(tableOf(1, mirrored(live, candidate)));
  const client = new RawClient(router.port);
  client.send(
    get(
      '/ws',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ),
  );
  await client.has('101 Switching Protocols');
  client.close();
  router.use(tableOf(2, mirrored(live, candidate, {}, { maintenance: { message: 'soon' } })));
  assert.match(await exchange(router.port, lastGet()), /^HTTP\/1\.1 503 /);
  assert.equal(candidate.connections, 0);
  assert.equal(all(router), 0);
});

test('copies have connections of their own, kept, and closed when nothing is copied any more', async () => {
  await using live = await answering(ok('live'));
  await using candidate = await answering(ok('candidate'));
  await using router = await proxy(tableOf(1, mirrored(live, candidate)));
  const client = new RawClient(router.port);
  for (let turn = 1; turn <= 4; turn++) {
    client.send(get());
    await client.until(({ text }) => text.split('\r\n\r\nlive').length === turn + 1);
    await counted(router, 'answered', turn);
  }
  assert.deepEqual([live.connections, candidate.connections], [1, 1]);
  assert.equal(
    router.engine.registry.endpoints.get('green')?.idle.length,
    0,
    "people's pool has none of them",
  );
  router.use(tableOf(2, mirrored(live, candidate, null)));
  await until(() => candidate.sockets.size === 0, 'the kept connection closed');
  client.send(get());
  await client.until(({ text }) => text.split('\r\n\r\nlive').length === 6);
  client.close();
  assert.equal(requestsOf(candidate), 4);
});

test('an endless answer is not read to its end', async () => {
  await using live = await answering(ok('live'));
  await using events = await answering(
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n',
  );
  await using router = await proxy(tableOf(1, mirrored(live, events)));
  await exchange(router.port, lastGet());
  await counted(router, 'answered');
  await until(() => events.sockets.size === 0, 'the stream closed');
  const block = Buffer.alloc(1_000_000);
  await using endless = await rawOrigin((socket) => {
    const more = (): void => void (socket.writable && socket.write(block, more));
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n');
    more();
  });
  router.use(tableOf(2, mirrored(live, endless)));
  assert.match(await exchange(router.port, lastGet()), /\r\n\r\nlive$/);
  await counted(router, 'answered', 2);
  await until(() => endless.sockets.size === 0, 'the connection closed');
});

test('a request that is sent again has one copy', async () => {
  let first = true;
  await using live = await rawOrigin((socket) => {
    if (first) socket.destroy();
    else socket.write(ok('live'));
    first = false;
  });
  await using candidate = await answering(ok('candidate'));
  const table = mirrored(live, candidate);
  const twice = { version: 'v1', endpoints: [endpoint('a', live.port), endpoint('b', live.port)] };
  const environments = { ...table.environments, blue: twice };
  await using router = await proxy(tableOf(1, { ...table, environments }));
  assert.match(await exchange(router.port, lastGet()), /\r\n\r\nlive$/);
  await counted(router, 'answered');
  assert.equal(requestsOf(live), 2);
  assert.equal(requestsOf(candidate), 1);
});

test('streams of HTTP/2 are copied, to an app that speaks HTTP/1.1', async () => {
  await using live = await answering(ok('live'));
  await using candidate = await answering(ok('candidate'));
  await using router = await proxy(tableOf(1, mirrored(live, candidate, { methods: ['GET', 'POST'] })));
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const got = await Promise.all([
    client.ask({ ':path': '/get' }),
    client.ask({ ':method': 'POST', ':path': '/post' }, 'the body'),
  ]);
  assert.deepEqual(
    got.map(({ status, body }) => [status, body]),
    [
      [200, 'live'],
      [200, 'live'],
    ],
  );
  await counted(router, 'answered', 2);
  assert.match(candidate.received, /^GET \/get HTTP\/1\.1\r$/m);
  assert.match(candidate.received, /\r\n8\r\nthe body\r\n0\r\n\r\n/);
  assert.match(candidate.received, /^Via: 2\.0 teal\r$/m);
});

test('streams of HTTP/2 are copied, to an app that speaks nothing else', async () => {
  await using live = await http2Origin((stream) => {
    stream.respond({ ':status': 200 });
    stream.end('live');
  });
  const bodies: string[] = [];
  await using candidate = await http2Origin((stream) => {
    let body = '';
    stream.on('data', (data: Buffer) => (body += data.toString()));
    stream.on('end', () => {
      bodies.push(body);
      stream.respond({ ':status': 500 });
      stream.end('candidate');
    });
  });
  const h2c = { upstream: { ...upstream, protocol: 'h2c' } } as const;
  await using router = await proxy(tableOf(1, mirrored(live, candidate, { methods: ['GET', 'POST'] }, h2c)));
  await using front = await http2Front(router);
  await using client = new Http2Client(front.port);
  const got = await Promise.all([client.ask(), client.ask({ ':method': 'POST' }, 'the body')]);
  assert.deepEqual(
    got.map(({ status, body }) => [status, body]),
    [
      [200, 'live'],
      [200, 'live'],
    ],
  );
  await counted(router, 'answered', 2);
  assert.deepEqual(bodies.sort(), ['', 'the body']);
  assert.equal(candidate.requests[0]?.headers['x-teal-mirror'], 'true');
});
