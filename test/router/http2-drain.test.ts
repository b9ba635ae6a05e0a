import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { test } from 'node:test';
import type { Drained } from '../../src/router/embedded/drain.ts';
import { drainWorker } from '../../src/router/embedded/drain.ts';
import type { DrainRequest } from '../../src/router/router.ts';
import { answerOf, frameType, head, Http2Client, http2Front, RawHttp2 } from './http2-rig.ts';
import type { Answer } from './http2-rig.ts';
import { appTable, endpoint, ok, proxy, rawOrigin, tableOf, until } from './rig.ts';
import type { Origin, Proxy } from './rig.ts';

/** `/slow` waits for `finish()`; `/events` streams; `/sized` promises more than it sends; anything else is answered. */
interface Site extends AsyncDisposable {
  readonly router: Proxy;
  readonly port: number;
  readonly client: Http2Client;
  readonly old: Origin;
  finish(): void;
  swap(): void;
  drain(more: Partial<DrainRequest>): Promise<Drained>;
}

async function site(): Promise<Site> {
  const waiting: (() => void)[] = [];
  const old = await rawOrigin((socket, text) => {
    if (!text.endsWith('\r\n\r\n')) return;
    const path = text.slice(text.lastIndexOf('GET ')).split(' ')[1];
    if (path === '/slow') waiting.push(() => socket.write(ok('slow')));
    else if (path === '/events')
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
    else if (path === '/sized')
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Length: 99\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n',
      );
    else socket.write(ok('old'));
  });
  const fresh = await rawOrigin(
    (socket, text) => void (text.endsWith('\r\n\r\n') && socket.write(ok('new'))),
  );
  const environments = {
    blue: { version: 'v1', endpoints: [endpoint('old', old.port)] },
    green: { version: 'v2', endpoints: [endpoint('new', fresh.port)] },
  };
  const router = await proxy(tableOf(1, appTable({ environments })));
  const front = await http2Front(router);
  const client = new Http2Client(front.port);
  return {
    router,
    port: front.port,
    client,
    old,
    finish: () => waiting.splice(0).forEach((answer) => answer()),
    swap: () => router.use(tableOf(2, appTable({ environments, live: 'green' }))),
    drain: (more) =>
      drainWorker(
        router.engine.registry,
        { app: 'shop', endpoints: ['old'], streams: 'drain', deadlineMs: 10_000, ...more },
        { signal: new AbortController().signal, progress: () => {} },
      ),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await front[Symbol.asyncDispose]();
      await router[Symbol.asyncDispose]();
      await old[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when the first byte is there, with the answer to come. */
async function stream(s: Site, path: string): Promise<{ readonly answer: Promise<Answer> }> {
  const opened = s.client.open({ ':path': path }, { endStream: true });
  const answer = answerOf(opened);
  await once(opened, 'data');
  return { answer };
}

test('a drain waits for the streams of a session one by one; the session stays, and goes on at the new side', async () => {
  await using s = await site();
  const slow = [1, 2, 3].map(() => s.client.ask({ ':path': '/slow' }));
  await until(() => s.old.received.split('/slow').length === 4, 'the requests');
  s.swap();
  const drained = s.drain({});
  assert.equal((await s.client.ask()).body, 'new');
  s.finish();
  assert.deepEqual(
    (await Promise.all(slow)).map(({ body }) => body),
    ['slow', 'slow', 'slow'],
  );
  assert.deepEqual(await drained, { finished: 3, cut: 0 });
  assert.deepEqual([s.client.session.closed, s.client.goaways], [false, []]);
});

test('`close` ends event streams cleanly, where nobody was promised more, and lets other requests be', async () => {
  await using s = await site();
  const events = await stream(s, '/events');
  const sized = await stream(s, '/sized');
  const slow = s.client.ask({ ':path': '/slow' });
  await until(() => s.old.received.includes('/slow'), 'the request');
  s.swap();
  const drained = s.drain({ streams: 'close' });
  const [clean, broken] = [await events.answer, await sized.answer];
  assert.deepEqual([clean.reset, clean.body], [0, 'data: 1\n\n']);
  assert.equal(broken.reset, http2.constants.NGHTTP2_INTERNAL_ERROR);
  s.finish();
  assert.equal((await slow).body, 'slow');
  assert.deepEqual(await drained, { finished: 3, cut: 0 });
  assert.equal((await s.client.ask()).body, 'new');
});

test('`spread` closes them one after the other', async () => {
  await using s = await site();
  const streams = await Promise.all([1, 2, 3, 4].map(() => stream(s, '/events')));
  s.swap();
  const begun = performance.now();
  const times = streams.map(async ({ answer }) => {
    await answer;
    return performance.now() - begun;
  });
  assert.deepEqual(await s.drain({ streams: 'spread', deadlineMs: 1000 }), { finished: 4, cut: 0 });
  for (const [index, time] of (await Promise.all(times)).toSorted((a, b) => a - b).entries()) {
    assert.ok(time >= 200 * (index + 1) - 20, `${index}: ${time}`);
  }
});

test('what is left at the deadline is reset and counted, and the session goes on', async () => {
  await using s = await site();
  const events = await stream(s, '/events');
  const slow = s.client.ask({ ':path': '/slow' });
  await until(() => s.old.received.includes('/slow'), 'the request');
  s.swap();
  assert.deepEqual(await s.drain({ deadlineMs: 300 }), { finished: 0, cut: 2 });
  assert.notEqual((await events.answer).reset, 0);
  assert.notEqual((await slow).reset, 0);
  assert.equal((await s.client.ask()).body, 'new');
  await until(() => s.old.sockets.size === 0, 'the old side to be let go');
});

test('a router that leaves says where it stopped, ends what it has begun, and closes when all is done', async () => {
  await using s = await site();
  const client = new RawHttp2(s.port);
  client.request(1, head([], 'GET', '/slow'));
  await until(() => s.old.received.includes('/slow'), 'the request');
  s.router.engine.startClosing();
  // Crosses the GOAWAY, which says that it was not begun: a client sends it again elsewhere.
  client.request(3, head([], 'GET', '/crossing'));
  await client.until(() => client.of(frameType.goaway).length >= 1, 'the word');
  assert.equal(client.of(frameType.goaway)[0]?.payload.readUInt32BE(0), 1);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(client.closed, false, 'the slow one is still waited for');
  s.finish();
  await client.until(() => client.of(frameType.data, 1).length > 0, 'the slow answer');
  await client.until(({ closed }) => closed, 'the end of the session');
  assert.ok(client.of(frameType.goaway).every(({ payload }) => payload.readUInt32BE(0) === 1));
  assert.doesNotMatch(s.old.received, /crossing/);
});

test('an idle session is let go at once when the router leaves', async () => {
  await using s = await site();
  assert.equal((await s.client.ask()).body, 'old');
  const gone = once(s.client.session, 'close');
  s.router.engine.startClosing();
  await gone;
  assert.ok(s.client.goaways.length >= 1);
  assert.equal(s.client.goaways.at(-1)?.code, 0);
  await until(() => s.router.engine.clients.size === 0, 'the session to be forgotten');
});
