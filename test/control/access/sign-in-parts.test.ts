/** Signing in without a control plane around it: what strangers begin, secrets that change, and what is logged. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import type { OidcConfig } from '../../../src/config/control.ts';
import { AuditLog } from '../../../src/control/access/audit-log.ts';
import { Begun } from '../../../src/control/access/begun.ts';
import { causesOf } from '../../../src/control/access/causes.ts';
import { GrantBook } from '../../../src/control/access/grant-book.ts';
import { stateOf } from '../../../src/control/access/grant.ts';
import { makeSecret } from '../../../src/control/access/secret-text.ts';
import { SignIn } from '../../../src/control/access/sign-in.ts';
import { neighbourhood } from '../../../src/control/access/throttle.ts';
import { freePort } from '../../free-port.ts';
import { quiet } from '../fakes.ts';
import { openStore, until } from '../help.ts';
import { client, Provider } from './provider.ts';

const hour = 3600_000;
const from = { address: '192.0.2.1', agent: null };

async function signing(t: TestContext, issuer: string) {
  const clock = { ahead: 0 };
  const now = (): number => Date.now() + clock.ahead;
  const store = await openStore(t);
  const book = await GrantBook.open(store, now);
  const audit = await AuditLog.open(store, quiet);
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void lines.push(line) });
  process.env['TEAL_TEST_PARTS'] = client.secret;
  t.after(() => delete process.env['TEAL_TEST_PARTS']);
  const oidc: OidcConfig = {
    issuer,
    clientId: client.id,
    clientSecret: { kind: 'secret', source: 'env', name: 'TEAL_TEST_PARTS' },
    scopes: ['openid'],
    name: 'preferred_username',
    groups: 'groups',
    roles: { viewer: ['*'], deployer: [], approver: [], admin: [] },
    sessionMs: 12 * hour,
  };
  const signIn = new SignIn({ oidc, origin: 'http://127.0.0.1:1', book, audit, log, now });
  t.after(() => signIn.close());
  const back = async (): Promise<{ readonly search: string; readonly browser: string }> => {
    const { url, browser } = await signIn.begin('/', from);
    const { headers } = await fetch(url, { redirect: 'manual' });
    return { search: new URL(headers.get('location') ?? '').search, browser };
  };
  return { clock, now, book, signIn, lines, back };
}

async function provided(t: TestContext) {
  const provider = await Provider.start();
  t.after(() => provider.close());
  return { provider, ...(await signing(t, provider.issuer)) };
}

test('a session that is asked for twice at once has one new secret, which ends with it', async (t) => {
  const { clock, now, book, signIn, back } = await provided(t);
  const { search, browser } = await back();
  const { secret, grant } = await signIn.finish(search, { browser, from });
  assert.equal(await signIn.rotated(grant.id), null, 'too early');
  clock.ahead += hour + 1000;
  const [one, two] = await Promise.all([signIn.rotated(grant.id), signIn.rotated(grant.id)]);
  assert.ok(one !== null && one.secret !== secret);
  assert.equal(two?.secret, one.secret);
  assert.equal((await signIn.rotated(grant.id))?.secret, one.secret, 'and a little later');
  const sessions = book.list().filter(({ kind }) => kind === 'session');
  assert.deepEqual(
    sessions.map(({ id, expiresAt }) => [id, expiresAt]),
    [[grant.id, grant.expiresAt]],
  );
  assert.equal((await book.find(secret))?.id, grant.id);
  await book.revoke(({ id }) => id === grant.id, 'user:admin');
  for (const each of [secret, one.secret]) {
    const found = await book.find(each);
    assert.ok(found !== null);
    assert.equal(stateOf(found, now()), 'revoked');
  }
  clock.ahead += 31_000;
  assert.equal(await signIn.rotated(grant.id), null, 'it has had its own for too short');
});

describe('what fails at the issuer is in the log', () => {
  test('when nobody answers there', async (t) => {
    const { signIn, lines } = await signing(t, `http://127.0.0.1:${await freePort()}`);
    await assert.rejects(signIn.begin('/', from), { code: 'login-failed' });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /ECONNREFUSED/);
    assert.match(lines[0] ?? '', /192\.0\.2\.1/);
  });

  test('when what it says is not believed, without what it said', async (t) => {
    const { provider, signIn, lines, back } = await provided(t);
    provider.faults = { otherKey: true };
    const { search, browser } = await back();
    await assert.rejects(signIn.finish(search, { browser, from }), { code: 'login-failed' });
    assert.equal(lines.length, 1);
    const code = new URLSearchParams(search).get('code') ?? '-';
    assert.ok(!/eyJ/.test(lines.join('')) && !lines.join('').includes(code), lines.join(''));
    assert.ok(!lines.join('').includes(client.secret));
  });

  test('when it refuses a device, but not when that was given up', async (t) => {
    const { provider, signIn, lines } = await provided(t);
    provider.faults = { deny: true };
    await signIn.beginDevice(from);
    await until('it is refused', () => lines.length > 0);
    assert.match(lines[0] ?? '', /access_denied/);
    provider.faults = {};
    const { id } = await signIn.beginDevice(from);
    assert.equal(signIn.device(id), null);
    signIn.close();
    assert.throws(() => signIn.device(id), { code: 'login-failed' });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(lines.length, 1);
  });

  test('and what nobody has begun is not', async (t) => {
    const { signIn, lines } = await provided(t);
    await assert.rejects(signIn.finish('?state=x&code=y', { browser: 'z', from }), { code: 'login-failed' });
    assert.deepEqual(lines, []);
  });

  test('in words that hold no token, however deep they are', () => {
    const secret = makeSecret();
    const deep = new Error('first', {
      cause: new Error(`second ${secret}\n`, { cause: new Error('third') }),
    });
    assert.deepEqual(causesOf(new Error('told', { cause: deep })), ['first', 'second teal_…?', 'third']);
  });
});

describe('what strangers begin', () => {
  interface Item {
    readonly id: string;
    readonly until: number;
  }
  const item = (id: string): Item => ({ id, until: 1000 });

  test('takes the place of what the same neighbours began first, which is told', () => {
    const dropped: string[] = [];
    const begun = new Begun<Item>({ each: 2, all: 100 }, ({ id }) => dropped.push(id));
    begun.add('theirs', item('theirs'), '192.0.2.9', 0);
    for (const id of ['a', 'b', 'c', 'd']) begun.add(id, item(id), '192.0.2.1', 0);
    assert.deepEqual(dropped, ['a', 'b']);
    assert.deepEqual([begun.get('theirs')?.id, begun.get('c')?.id, begun.get('a')], ['theirs', 'c', null]);
    begun.add('late', { id: 'late', until: 5000 }, null, 1000);
    assert.deepEqual(dropped, ['a', 'b', 'theirs', 'c', 'd'], 'what is over');
    begun.clear();
    assert.equal(dropped.at(-1), 'late');
    assert.equal(begun.take('late'), null);
  });

  test('keeps out nobody, and costs only those with as many their place', () => {
    const addresses = fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2', '198.51.100.7');
    fc.assert(
      fc.property(fc.array(addresses, { maxLength: 60 }), (all) => {
        const held = new Map<string, string>();
        const begun = new Begun<Item>({ each: 4, all: 6 }, ({ id }) => {
          const sizes = Map.groupBy(held.values(), (place) => place);
          const most = Math.max(...[...sizes.values()].map(({ length }) => length));
          const own = held.get(id) ?? '';
          assert.ok(sizes.get(own)?.length === most || sizes.get(own)?.length === 4);
          held.delete(id);
        });
        for (const [index, address] of all.entries()) {
          const id = String(index);
          begun.add(id, item(id), address, 0);
          held.set(id, neighbourhood(address));
          assert.equal(begun.get(id)?.id, id);
          assert.ok(held.size <= 6);
        }
      }),
    );
  });
});
