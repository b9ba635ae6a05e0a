import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BalancePolicy, EjectionPolicy } from '../../src/config/config.ts';
import { plainBalance } from '../../src/config/config.ts';
import type { FailureContext, Standing } from '../../src/router/embedded/ejection.ts';
import { afterFailure, afterSuccess, isOut, sound } from '../../src/router/embedded/ejection.ts';
import { freePort } from '../free-port.ts';
import type { Origin, Proxy } from './rig.ts';
import {
  answering,
  appTable,
  closed,
  endpoint,
  exchange,
  lastGet,
  ok,
  proxy,
  rawOrigin,
  tableOf,
  until,
  upstream,
} from './rig.ts';
import net from 'node:net';

const policy: EjectionPolicy = { failures: 3, timeMs: 1000, longestMs: 30_000, appErrors: false };

function failing(more: Partial<FailureContext> = {}): FailureContext {
  return { policy, failure: 'unreachable', out: 0, of: 3, probe: false, now: 0, random: () => 0.5, ...more };
}

function after(count: number, context: FailureContext, from: Standing = sound): Standing {
  let standing = from;
  for (let index = 0; index < count; index++) standing = afterFailure(standing, context);
  return standing;
}

test('three failures in a row eject, with a success in between they do not', () => {
  assert.equal(after(2, failing()).until, 0);
  assert.equal(after(3, failing()).until, 1000);
  assert.equal(after(2, failing(), afterSuccess(after(2, failing()), false, 0)).until, 0);
});

test('each further time is twice as long up to the longest, and jitter keeps workers apart', () => {
  let standing = after(3, failing());
  const times: number[] = [];
  for (let round = 0; round < 7; round++) {
    const now = standing.until;
    standing = afterFailure(standing, failing({ probe: true, now }));
    times.push(standing.until - now);
  }
  assert.deepEqual(times, [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(after(3, failing({ random: () => 0 })).until, 800);
  assert.ok(after(3, failing({ random: () => 0.999 })).until < 1200);
});

test('one that comes back and fails again soon is out for longer, after a long time it is forgotten', () => {
  const back = afterSuccess(after(3, failing()), true, 1000);
  assert.equal(back.until, 0);
  assert.equal(after(3, failing({ now: 5000 }), back).until, 5000 + 2000);
  assert.equal(after(3, failing({ now: 40_000 }), back).until, 40_000 + 1000);
});

test('what began before an ejection neither ends nor prolongs it', () => {
  const out = after(3, failing());
  assert.equal(afterFailure(out, failing({ now: 500 })), out);
  assert.equal(afterSuccess(out, false, 500), out);
  assert.ok(isOut(out, false, { now: 999, repeatable: true }));
  assert.ok(!isOut(out, false, { now: 1000, repeatable: true }));
  assert.ok(isOut(out, true, { now: 1000, repeatable: true }));
});

test('the last one is never ejected; for being slow, never more than half', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.constantFrom('unreachable', 'broken'), (of, failure) => {
      let out = 0;
      for (let index = 0; index < of; index++) {
        if (after(10, failing({ failure, of, out })).until > 0) out++;
      }
      assert.equal(out, failure === 'unreachable' ? of - 1 : Math.floor(of / 2));
    }),
  );
});

interface Site extends AsyncDisposable {
  readonly router: Proxy;
  readonly origins: readonly Origin[];
  statusOf(id: string): number;
}

/** Three instances, of which the first is what `bad` makes it. */
async function site(bad: Origin | null, port: number, balance: Partial<BalancePolicy> = {}): Promise<Site> {
  const origins = [await answering(ok('1')), await answering(ok('2'))];
  const endpoints = [
    endpoint('bad', bad?.port ?? port),
    ...origins.map(({ port: at }, index) => endpoint(`good${index}`, at)),
  ];
  const policies = {
    ...upstream,
    responseTimeoutMs: 200,
    connectTimeoutMs: 200,
    balance: { ...plainBalance, ...balance },
  };
  const environments = { blue: { version: 'v1', endpoints }, green: null };
  const router = await proxy(tableOf(1, appTable({ environments, upstream: policies })));
  return {
    router,
    origins,
    statusOf: (id) => router.engine.registry.endpoints.get(id)?.standing.until ?? -1,
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]();
      for (const origin of origins) await origin[Symbol.asyncDispose]();
      await bad?.[Symbol.asyncDispose]();
    },
  };
}

test('an instance that hangs up costs nobody an answer, and after three times gets nothing', async () => {
  const bad = await rawOrigin((socket) => socket.destroy());
  await using s = await site(bad, 0, { ejection: { ...policy, timeMs: 60_000, longestMs: 60_000 } });
  for (let count = 0; count < 60; count++)
    assert.match(await exchange(s.router.port, lastGet()), /^HTTP\/1\.1 200 /);
  assert.equal(bad.connections, 3);
  assert.ok(s.statusOf('bad') > 0);
});

test('an instance that is not there is tried three times; when it is, it gets requests again', async () => {
  const port = await freePort();
  await using s = await site(null, port, { ejection: { ...policy, timeMs: 300, longestMs: 300 } });
  const { standing } = s.router.engine.registry.endpoints.get('bad') ?? {};
  assert.equal(standing, sound);
  for (let count = 0; count < 30; count++)
    assert.match(await exchange(s.router.port, lastGet()), /^HTTP\/1\.1 200 /);
  assert.ok(s.statusOf('bad') > 0);
  let answered = 0;
  const back = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {
      answered++;
      socket.end(ok('back', 'Connection: close'));
    });
  });
  back.listen(port, '127.0.0.1');
  try {
    await until(async () => {
      assert.match(await exchange(s.router.port, lastGet()), /^HTTP\/1\.1 200 /);
      return s.statusOf('bad') === 0;
    }, 'the instance to be taken back');
    const before = answered;
    for (let count = 0; count < 30; count++) await exchange(s.router.port, lastGet());
    assert.ok(answered - before > 2, `${answered - before} of 30`);
  } finally {
    await closed(back);
  }
});

test('an instance that never answers is left out after three requests; those get 504', async () => {
  const bad = await rawOrigin(() => {});
  await using s = await site(bad, 0, { ejection: { ...policy, timeMs: 60_000, longestMs: 60_000 } });
  let late = 0;
  // One after the other: the hung one is as idle as the rest each time.
  for (let count = 0; count < 40; count++)
    if ((await exchange(s.router.port, lastGet())).includes('response-timeout')) late++;
  assert.equal(late, 3);
});

test('with all of them failing, requests still go to all of them', async () => {
  const ports = [await freePort(), await freePort(), await freePort()];
  const endpoints = ports.map((port, index) => endpoint(`e${index}`, port));
  const balance = { ...plainBalance, ejection: { ...policy, timeMs: 60_000, longestMs: 60_000 } };
  const environments = { blue: { version: 'v1', endpoints }, green: null };
  await using router = await proxy(
    tableOf(1, appTable({ environments, upstream: { ...upstream, balance } })),
  );
  for (let count = 0; count < 10; count++)
    assert.match(await exchange(router.port, lastGet()), /connect-refused/);
  const standings = [...router.engine.registry.endpoints.values()].map(({ standing }) => standing.until > 0);
  assert.equal(standings.filter(Boolean).length, 2);
  // The first of them to come back serves everybody at once.
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.end(ok('back', 'Connection: close')));
  });
  const ejected = standings.indexOf(true);
  server.listen(ports[ejected], '127.0.0.1');
  try {
    assert.match(await exchange(router.port, lastGet()), /^HTTP\/1\.1 200 [^]*back$/);
    assert.equal(router.engine.registry.endpoints.get(`e${ejected}`)?.standing.until, 0);
  } finally {
    await closed(server);
  }
});

for (const appErrors of [false, true]) {
  test(`answers of 500 ${appErrors ? 'eject when they are counted' : "are the app's own business"}`, async () => {
    const bad = await answering(ok('no').replace('200 OK', '500 No'));
    const ejection = { ...policy, timeMs: 60_000, longestMs: 60_000, appErrors };
    await using s = await site(bad, 0, { ejection });
    let errors = 0;
    for (let count = 0; count < 45; count++)
      if ((await exchange(s.router.port, lastGet())).startsWith('HTTP/1.1 500')) errors++;
    if (appErrors) assert.equal(errors, 3);
    else assert.ok(errors > 3 && s.statusOf('bad') === 0, String(errors));
  });
}

test('retries end when their budget does, so an outage is not multiplied', async () => {
  const bad = await rawOrigin((socket) => socket.destroy());
  const endpoints = Array.from({ length: 4 }, (_, index) => endpoint(`e${index}`, bad.port));
  const balance = { ...plainBalance, ejection: null };
  const environments = { blue: { version: 'v1', endpoints }, green: null };
  const router = await proxy(tableOf(1, appTable({ environments, upstream: { ...upstream, balance } })));
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(Array.from({ length: 20 }, () => exchange(router.port, lastGet())));
  }
  // 400 requests, each with one retry: 800 without a budget; a fifth of 400, 100, and what a second or two give.
  assert.ok(bad.connections <= 400 + 80 + 100 + 60, String(bad.connections));
  assert.ok(bad.connections >= 400 + 100, String(bad.connections));
  await router[Symbol.asyncDispose]();
  await bad[Symbol.asyncDispose]();
});
