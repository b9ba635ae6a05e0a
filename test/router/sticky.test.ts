import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainBalance } from '../../src/config/config.ts';
import type { AppTable } from '../../src/router/table.ts';
import type { Origin, Proxy } from './rig.ts';
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
  tableOf,
  upstream,
} from './rig.ts';

const balance = { ...plainBalance, sticky: true };

interface Site extends AsyncDisposable {
  readonly router: Proxy;
  readonly app: AppTable;
  readonly origins: readonly Origin[];
}

async function site(trusted: readonly string[] = []): Promise<Site> {
  const origins = await Promise.all(
    ['b0', 'b1', 'b2', 'g0', 'g1'].map((name) => answering(ok(`=${name}`, 'Set-Cookie: own=1'))),
  );
  const at = (index: number, id: string) => endpoint(id, origins[index]?.port ?? 0);
  const environments = {
    blue: { version: 'v1', endpoints: [at(0, 'b0'), at(1, 'b1'), at(2, 'b2')] },
    green: { version: 'v2', endpoints: [at(3, 'g0'), at(4, 'g1')] },
  };
  const app = appTable({ environments, upstream: { ...upstream, balance } });
  const router = await proxy(tableOf(1, app), { trusted });
  return {
    router,
    app,
    origins,
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]();
      for (const origin of origins) await origin[Symbol.asyncDispose]();
    },
  };
}

function cookieOf(answer: string): string {
  return /^set-cookie: (teal-sticky\.shop\.web=[A-Za-z0-9_-]{22});/im.exec(answer)?.[1] ?? '';
}

const servedBy = (answer: string): string => answer.slice(answer.lastIndexOf('=') + 1);

test('a client comes back to the instance it had, is told so once, and the app does not see the cookie', async () => {
  await using s = await site();
  for (let round = 0; round < 5; round++) {
    const first = await exchange(s.router.port, lastGet());
    const cookie = cookieOf(first);
    assert.match(
      first,
      /set-cookie: teal-sticky\.shop\.web=[A-Za-z0-9_-]{22}; Path=\/; HttpOnly; SameSite=Lax\r\n/i,
    );
    assert.match(first, /\r\nSet-Cookie: own=1\r\n/);
    for (let again = 0; again < 6; again++) {
      const answer = await exchange(s.router.port, lastGet('/', `Cookie: a=1; ${cookie}; b=2`));
      assert.equal(servedBy(answer), servedBy(first));
      assert.equal(cookieOf(answer), '');
    }
  }
  const seen = s.origins.map(({ received }) => received).join('');
  assert.ok(!seen.includes('teal-sticky'));
  assert.match(seen, /Cookie: a=1; +b=2\r\n/);
});

test('a switch moves the client, since a cookie never leads into another environment', async () => {
  await using s = await site();
  const cookie = cookieOf(await exchange(s.router.port, lastGet()));
  s.router.use(tableOf(2, { ...s.app, live: 'green' }));
  const moved = await exchange(s.router.port, lastGet('/', `Cookie: ${cookie}`));
  assert.match(servedBy(moved), /^g/);
  const next = cookieOf(moved);
  assert.notEqual(next, '');
  assert.equal(servedBy(await exchange(s.router.port, lastGet('/', `Cookie: ${next}`))), servedBy(moved));
});

test('what we did not make is ignored, and the client gets one that we made', async () => {
  await using s = await site();
  for (const value of ['', 'b0', 'x'.repeat(22), '__proto__', '%00']) {
    const answer = await exchange(s.router.port, lastGet('/', `Cookie: teal-sticky.shop.web=${value}`));
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.notEqual(cookieOf(answer), '');
  }
});

test('the same instance has another value under another key', async () => {
  await using s = await site();
  const cookie = cookieOf(await exchange(s.router.port, lastGet()));
  s.router.use(tableOf(2, { ...s.app, previewKey: Buffer.from('another').toString('base64url') }));
  assert.notEqual(cookieOf(await exchange(s.router.port, lastGet('/', `Cookie: ${cookie}`))), '');
});

test('an ejected instance is left out for its time, and its clients come back to it', async () => {
  await using s = await site();
  const first = await exchange(s.router.port, lastGet());
  const cookie = cookieOf(first);
  const home = s.router.engine.registry.endpoints.get(servedBy(first));
  assert.ok(home !== undefined);
  const sound = home.standing;
  home.standing = { ...sound, ejections: 1, until: Infinity, anyAfter: Infinity };
  for (let round = 0; round < 5; round++) {
    const away = await exchange(s.router.port, lastGet('/', `Cookie: ${cookie}`));
    assert.notEqual(servedBy(away), servedBy(first));
    assert.equal(cookieOf(away), '');
  }
  home.standing = sound;
  assert.equal(servedBy(await exchange(s.router.port, lastGet('/', `Cookie: ${cookie}`))), servedBy(first));
});

test('a WebSocket is told as well', async () => {
  const origin = await answering(
    'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  const environments = { blue: { version: 'v1', endpoints: [endpoint('e', origin.port)] }, green: null };
  const router = await proxy(tableOf(1, appTable({ environments, upstream: { ...upstream, balance } })));
  const client = new RawClient(router.port).send(get('/', 'Connection: Upgrade', 'Upgrade: websocket'));
  assert.notEqual(cookieOf(await client.has('\r\n\r\n')), '');
  client.close();
  await router[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

test('the cookie is Secure where the client speaks TLS, also to a trusted proxy in front', async () => {
  await using s = await site(['127.0.0.0/8']);
  const answer = await exchange(s.router.port, lastGet('/', 'X-Forwarded-Proto: https'));
  assert.match(answer, /teal-sticky[^\r]*; SameSite=Lax; Secure\r\n/);
  await using untrusting = await site();
  const plain = await exchange(untrusting.router.port, lastGet('/', 'X-Forwarded-Proto: https'));
  assert.doesNotMatch(plain, /Secure/);
});

test('without sticky no cookie is set, and one that is left over still does not reach the app', async () => {
  await using s = await site();
  s.router.use(tableOf(2, { ...s.app, upstream: { ...upstream } }));
  const answer = await exchange(
    s.router.port,
    lastGet('/', `Cookie: teal-sticky.shop.web=${'x'.repeat(22)}`),
  );
  assert.equal(cookieOf(answer), '');
  assert.ok(!s.origins.some(({ received }) => received.includes('teal-sticky')));
});
