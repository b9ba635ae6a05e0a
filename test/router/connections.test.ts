import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { InFlightList, type InFlight } from '../../src/router/embedded/in-flight.ts';
import {
  answering,
  appTable,
  closed,
  endpoint,
  exchange,
  get,
  lastGet,
  listen,
  ok,
  portOf,
  proxy,
  proxyTo,
  RawClient,
  rawOrigin,
  tableOf,
  until,
  upstream,
} from './rig.ts';

test('connections are kept on both sides, and the idle time-out is announced', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  for (let index = 1; index <= 5; index++) {
    await client.send(get()).until(({ text }) => text.split('200 OK').length === index + 1);
  }
  assert.match(client.text, /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=10\r\n/);
  assert.equal(origin.connections, 1);
  client.close();
});

test('HTTP/1.0 is kept only when asked', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  assert.match(await exchange(router.port, 'GET / HTTP/1.0\r\n\r\n'), /\r\nConnection: close\r\n/);
  const client = new RawClient(router.port);
  await client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').has('\r\n\r\nx');
  assert.match(client.text, /\r\nConnection: keep-alive\r\n/);
  await client.send('GET / HTTP/1.0\r\n\r\n').end();
  client.close();
});

test('what is kept of a read is not overwritten by the reads of other connections', async () => {
  await using origin = await rawOrigin((socket, text) => {
    const posted = text.lastIndexOf('POST ') > text.lastIndexOf('GET ');
    if (text.endsWith(posted ? 'end' : '\r\n\r\n')) socket.write(ok(text));
  });
  await using router = await proxyTo(origin);
  const other = new RawClient(router.port);
  let asked = 0;
  // As long as what it has to overwrite.
  const overwrite = async (): Promise<void> => {
    asked++;
    await other
      .send(get(`/other?${'x'.repeat(300)}`))
      .until(({ text }) => text.split('200 OK').length > asked);
  };
  const half = new RawClient(router.port).send('GET /whole HTTP/1.1\r\nHos');
  await until(() => router.engine.clients.size === 2, 'both to be there');
  await overwrite();
  await half.send('t: shop.test\r\n\r\n').has('GET /whole');
  const body = new RawClient(router.port);
  body.send('POST /body HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 9\r\n\r\nbegin,');
  await until(() => origin.received.includes('begin,'), 'the beginning of the body to arrive');
  await overwrite();
  await body.send('end').has('begin,end');
  const two = new RawClient(router.port).send(`${get('/first')}GET /second HTTP/1.1\r\nHost: sh`);
  await two.has('GET /first');
  await overwrite();
  await two.send('op.test\r\n\r\n').has('GET /second');
  for (const client of [other, half, body, two]) client.close();
});

test('an idle connection is closed no sooner than announced', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin, {}, { client: { idleTimeoutMs: 1000 } });
  const client = new RawClient(router.port);
  await client.send(get()).has('\r\n\r\nx');
  const since = performance.now();
  await client.end();
  assert.ok(performance.now() - since >= 1000, `closed after ${performance.now() - since} ms`);
  client.close();
});

test('a head that never ends is answered with 408', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin, {}, { client: { headTimeoutMs: 200 } });
  const answer = await exchange(router.port, 'GET / HTTP/1.1\r\nHost: a\r\nX-');
  assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n[^]*X-Teal-Error: head-timeout\r\n/);
  assert.equal(await exchange(router.port, ''), '', 'who said nothing is told nothing');
});

test('a client that still sends after it was refused reads the answer before any reset', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nContent-Length: 9\r\n\r\n`);
  for (let index = 0; index < 50; index++) client.send('x'.repeat(10_000));
  const answer = await client.end();
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.equal(client.error, null);
  client.send('more');
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(client.error, null, 'reset before the linger was over');
  client.socket.end();
  await client.until((state) => state.closed);
});

test('each phase has its own time-out', async () => {
  const short = { ...upstream, connectTimeoutMs: 200, responseTimeoutMs: 200, idleTimeoutMs: 400 };
  await using silent = await rawOrigin(() => {});
  await using router = await proxyTo(silent, { upstream: short });
  const late = await exchange(router.port, lastGet());
  assert.match(late, /^HTTP\/1\.1 504 Gateway Timeout\r\n[^]*X-Teal-Error: response-timeout\r\n/);

  const body = await exchange(router.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab');
  assert.match(body, /^HTTP\/1\.1 408 Request Timeout\r\n[^]*X-Teal-Error: body-timeout\r\n/);

  await using half = await rawOrigin((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
  );
  await using second = await proxyTo(half, { upstream: short });
  const client = new RawClient(second.port);
  assert.ok((await client.send(get()).end()).endsWith('half'));
  client.close();
  const [counts] = router.engine.registry.counts.values();
  assert.equal(counts?.inFlight, 0);
});

test('an endpoint that refuses is passed over, for any method, since nothing was sent', async () => {
  const server = net.createServer();
  await listen(server);
  const port = portOf(server);
  await closed(server);
  await using origin = await answering(ok('x'));
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('dead', port), endpoint('e1', origin.port)] },
    green: null,
  };
  await using router = await proxy(tableOf(1, appTable({ environments })));
  for (let index = 0; index < 20; index++) {
    const answer = await exchange(
      router.port,
      `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 /);
  }
  assert.ok(origin.received.endsWith('abc'));
});

test('a connection that never comes up is a 504 of its own', async () => {
  // A listener that accepts nothing, with a full queue: the kernel drops what comes next without a word.
  const script = `require('net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', script]);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  const port = Number(line.toString());
  const fillers = Array.from({ length: 4 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
  try {
    const environments = { blue: { version: 'v1', endpoints: [endpoint('full', port)] }, green: null };
    const policy = { ...upstream, connectTimeoutMs: 300 };
    await using router = await proxy(tableOf(1, appTable({ environments, upstream: policy })));
    await until(() => fillers.filter(({ connecting }) => !connecting).length >= 2, 'the queue to fill');
    const answer = await exchange(router.port, lastGet());
    assert.match(answer, /^HTTP\/1\.1 504 [^]*X-Teal-Error: connect-timeout\r\n/);
    await using origin = await answering(ok('x'));
    const both = { version: 'v1', endpoints: [endpoint('full', port), endpoint('e1', origin.port)] };
    router.use(tableOf(2, appTable({ environments: { blue: both, green: null }, upstream: policy })));
    for (let index = 0; index < 4; index++) {
      assert.match(await exchange(router.port, lastGet()), /^HTTP\/1\.1 200 /);
    }
  } finally {
    for (const filler of fillers) filler.destroy();
    child.kill('SIGKILL');
  }
});

test('refused everywhere is a 502 that says so', async () => {
  const server = net.createServer();
  await listen(server);
  const port = portOf(server);
  await closed(server);
  const environments = { blue: { version: 'v1', endpoints: [endpoint('dead', port)] }, green: null };
  await using router = await proxy(tableOf(1, appTable({ environments })));
  const answer = await exchange(router.port, lastGet());
  assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n[^]*X-Teal-Error: connect-refused\r\n/);
  const [counts] = router.engine.registry.counts.values();
  assert.deepEqual([counts?.requests, counts?.failed, counts?.inFlight], [1, 1, 0]);
});

test('a request that is sent to another instance is counted there, and nowhere when it is answered', async () => {
  await using origin = await answering(ok('here'));
  const server = net.createServer();
  await listen(server);
  const dead = endpoint('dead', portOf(server));
  await closed(server);
  const environments = {
    blue: { version: 'v1', endpoints: [dead, endpoint('e1', origin.port)] },
    green: null,
  };
  await using router = await proxy(tableOf(1, appTable({ environments })));
  // By chance half of them meet the dead one first.
  for (let index = 0; index < 20; index++) assert.match(await exchange(router.port, lastGet()), /here$/);
  const states = [...router.engine.registry.endpoints.values()];
  assert.deepEqual(
    states.map(({ active }) => active.size),
    [0, 0],
  );
});

/** Answers the first request of a connection, and closes as the second comes, without a byte. */
function closesOnSecond(announce: string[] = []): ReturnType<typeof rawOrigin> {
  return rawOrigin((socket, text) => {
    const requests = text.split(' HTTP/1.1\r\n').length - 1;
    if (requests === 1 && /\r\n\r\n/.test(text)) socket.write(ok('x', ...announce));
    else if (requests > 1) socket.destroy();
  });
}

test('a GET that meets the close of a kept connection is sent again, once', async () => {
  await using origin = await closesOnSecond();
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  await client.send(get('/1')).has('\r\n\r\nx');
  await client.send(get('/2')).until(({ text }) => text.split('200 OK').length === 3);
  assert.equal(origin.received.split('GET /2 ').length - 1, 2);
  assert.equal(origin.connections, 2);
  client.close();
});

test('a POST is never sent twice', async () => {
  await using origin = await closesOnSecond();
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  await client.send(get('/1')).has('\r\n\r\nx');
  await client.send('POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc').has('upstream-closed');
  assert.match(client.text, /HTTP\/1\.1 502 /);
  assert.equal(origin.received.split('POST /2 ').length - 1, 1);
  client.close();
});

test('a GET on a fresh connection is not sent again', async () => {
  await using origin = await rawOrigin((socket) => socket.destroy());
  await using router = await proxyTo(origin);
  const answer = await exchange(router.port, lastGet());
  assert.match(answer, /^HTTP\/1\.1 502 [^]*X-Teal-Error: upstream-closed\r\n/);
  assert.equal(origin.connections, 1);
});

test('a GET whose instance ends under it is answered by another one', async () => {
  await using dying = await rawOrigin((socket) => socket.destroy());
  await using healthy = await answering(ok('alive'));
  const endpoints = [endpoint('dying', dying.port), endpoint('healthy', healthy.port)];
  const environments = { blue: { version: 'v1', endpoints }, green: null };
  await using router = await proxy(tableOf(1, appTable({ environments })));
  const answers = await Promise.all(Array.from({ length: 40 }, () => exchange(router.port, lastGet())));
  assert.equal(answers.filter((answer) => /^HTTP\/1\.1 200 [^]*alive$/.test(answer)).length, 40);
  assert.ok(dying.connections > 0, 'some had been sent to the one that ends');
});

for (const [name, keepAliveMs, announce] of [
  ['configured', 600, []],
  ['announced', 60_000, ['Keep-Alive: timeout=1']],
] as const) {
  test(`a POST avoids a connection idle past half of the ${name} keep-alive time`, async () => {
    await using origin = await answering(ok('x', ...announce));
    await using router = await proxyTo(origin, { upstream: { ...upstream, keepAliveMs } });
    const client = new RawClient(router.port);
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';
    await client.send(post).has('\r\n\r\nx');
    await client.send(post).until(({ text }) => text.split('200 OK').length === 3);
    assert.equal(origin.connections, 1, 'a young connection is used again');
    await new Promise((resolve) => setTimeout(resolve, name === 'announced' ? 600 : 400));
    await client.send(get()).until(({ text }) => text.split('200 OK').length === 4);
    assert.equal(origin.connections, 1, 'a GET may use it: it can be sent again');
    await new Promise((resolve) => setTimeout(resolve, name === 'announced' ? 600 : 400));
    await client.send(post).until(({ text }) => text.split('200 OK').length === 5);
    assert.equal(origin.connections, 2);
    client.close();
  });
}

test('kept connections are closed before the app would, and when their endpoint leaves the table', async () => {
  await using origin = await answering(ok('x'));
  await using router = await proxyTo(origin);
  await exchange(router.port, lastGet());
  assert.equal(origin.sockets.size, 1);
  router.use(tableOf(2, appTable()));
  await until(() => origin.sockets.size === 0, 'the kept connection to be closed');
  assert.match(
    await exchange(router.port, lastGet()),
    /^HTTP\/1\.1 503 [^]*X-Teal-Error: no-live-version\r\n/,
  );

  await using second = await proxyTo(origin, { upstream: { ...upstream, keepAliveMs: 300 } });
  await exchange(second.port, lastGet());
  await until(() => origin.sockets.size === 0, 'the stale connection to be closed');
});

test('a client that goes away takes its request to the app with it', async () => {
  await using origin = await rawOrigin(() => {});
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  client.send(get());
  await until(() => origin.received !== '', 'the request to arrive');
  client.reset();
  await until(() => origin.sockets.size === 0, 'the connection to the app to be closed');
  const [counts] = router.engine.registry.counts.values();
  assert.deepEqual([counts?.failed, counts?.inFlight], [0, 0]);
});

test('a client that ends its side after the request still gets the answer', async () => {
  await using origin = await rawOrigin((socket) => setTimeout(() => socket.write(ok('late')), 100));
  await using router = await proxyTo(origin);
  const client = new RawClient(router.port);
  client.send(get());
  client.socket.end();
  assert.match(await client.end(), /late$/);
  client.close();
});

test('what is in flight is a set: added once, removed once, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 100 }), (turns) => {
      const requests = Array.from({ length: 10 }, () => ({ slot: -1 }) as InFlight);
      const list = new InFlightList();
      const model = new Set<InFlight>();
      for (const [index, add] of turns) {
        const request = requests[index] as InFlight;
        if (add && !model.has(request)) {
          list.add(request);
          model.add(request);
        } else if (!add) {
          assert.equal(list.delete(request), model.delete(request));
        }
        assert.equal(list.size, model.size);
        assert.deepEqual(new Set(list), model);
      }
    }),
  );
});
