/** Tokens and sessions, on a real store. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { GrantBook, type Wanted } from '../../../src/control/access/grant-book.ts';
import { stateOf } from '../../../src/control/access/grant.ts';
import { openStore, scratch } from '../help.ts';

const ci: Wanted = {
  kind: 'token',
  name: 'ci',
  actor: 'token:ci',
  role: 'deployer',
  apps: ['shop'],
  expiresAt: null,
};

interface Clock {
  now: number;
}

async function opened(t: TestContext, folder?: string) {
  const clock: Clock = { now: 1_000_000 };
  const store = await openStore(t, folder);
  return { clock, store, book: await GrantBook.open(store, () => clock.now) };
}

test('a token is found by its secret alone, which is nowhere but with whoever made it', async (t) => {
  const folder = await scratch(t);
  const { book } = await opened(t, folder);
  const { secret, grant } = await book.make(ci, 'user:anna');
  assert.equal((await book.find(secret))?.id, grant.id);
  assert.equal(await book.find(`${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`), null);
  assert.equal(await book.find(grant.hash), null, 'its hash opens nothing');
  assert.equal(await book.find(grant.id), null);
  await book.save();
  for (const name of await readdir(folder)) {
    const text = await readFile(path.join(folder, name), 'latin1');
    assert.ok(!text.includes(secret) && !text.includes(secret.slice(5, 48)), `the secret is in ${name}`);
  }
});

test('another start knows them, with when they were last used', async (t) => {
  const { book, store, clock } = await opened(t);
  const { secret } = await book.make(ci, 'user:anna');
  const other = await book.make({ ...ci, name: 'other' }, 'user:anna');
  await book.revoke(({ name }) => name === 'other', 'user:ben');
  clock.now += 5000;
  const found = await book.find(secret);
  assert.ok(found !== null);
  book.used(found.id, '192.0.2.1');
  await book.close();
  const again = await GrantBook.open(store, () => clock.now);
  const known = await again.find(secret);
  assert.deepEqual([known?.lastUsedAt, known?.lastFrom], [clock.now, '192.0.2.1']);
  const ended = await again.find(other.secret);
  assert.ok(ended !== null);
  assert.equal(stateOf(ended, clock.now), 'revoked');
});

test('it is in force until it expires or is revoked, to the millisecond', async (t) => {
  const { book, clock } = await opened(t);
  const { grant } = await book.make({ ...ci, expiresAt: clock.now + 1000 }, 'user:anna');
  assert.equal(stateOf(grant, clock.now + 999), 'in force');
  assert.equal(stateOf(grant, clock.now + 1000), 'expired');
  assert.equal((await book.revoke(({ id }) => id === grant.id, 'user:anna')).length, 1);
  assert.equal((await book.revoke(({ id }) => id === grant.id, 'user:anna')).length, 0, 'only once');
});

test('it gets another secret once, and stays the same: with it end all that it had', async (t) => {
  const { book, clock, store } = await opened(t);
  const session = { ...ci, kind: 'session' as const, expiresAt: clock.now + 100_000 };
  const { secret: first, grant } = await book.make(session, 'user:anna');
  const isFirst = ({ former }: typeof grant): boolean => former === undefined;
  const both = await Promise.all([1, 2].map(() => book.rotate(grant.id, isFirst, clock.now + 30_000)));
  const [made, none] = both.toSorted((a) => (a === null ? 1 : -1));
  assert.ok(made && none === null, 'one of two at once');
  const other = await GrantBook.open(store, () => clock.now);
  for (const each of [book, other]) {
    assert.deepEqual([each.list().length, each.list()[0]?.expiresAt], [1, session.expiresAt]);
    assert.equal((await each.find(first))?.id, grant.id, 'for the requests that are on their way');
    assert.equal((await each.find(made.secret))?.id, grant.id);
  }
  clock.now += 30_000;
  for (const each of [book, other]) {
    assert.equal(await each.find(first), null, 'and no longer');
    assert.equal((await each.find(made.secret))?.id, grant.id);
  }
  const next = await book.rotate(grant.id, () => true, clock.now + 30_000);
  assert.equal((await book.revoke(({ id }) => id === grant.id, 'user:anna')).length, 1);
  for (const secret of [made.secret, next?.secret ?? '']) {
    const found = await book.find(secret);
    assert.ok(found !== null);
    assert.equal(stateOf(found, clock.now), 'revoked');
  }
  assert.equal(await book.rotate(grant.id, () => true, clock.now), null, 'what has ended stays so');
});

test('a name is in force once, and free again afterwards', async (t) => {
  const { book } = await opened(t);
  await book.make(ci, 'user:anna');
  await assert.rejects(book.make(ci, 'user:anna'), { code: 'usage' });
  const both = await Promise.allSettled([
    book.make({ ...ci, name: 'x' }, 'a'),
    book.make({ ...ci, name: 'x' }, 'b'),
  ]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  await book.revoke(({ name }) => name === 'ci', 'user:anna');
  await book.make(ci, 'user:anna');
});

test('what another control plane revokes is refused here within a second, and both may write', async (t) => {
  const { book, store, clock } = await opened(t);
  const other = await GrantBook.open(store, () => clock.now);
  const { secret } = await book.make(ci, 'user:anna');
  await other.make({ ...ci, name: 'second' }, 'user:ben');
  assert.equal((await other.revoke(({ name }) => name === 'ci', 'user:ben')).length, 1);
  clock.now += 1000;
  const found = await book.find(secret);
  assert.ok(found !== null);
  assert.equal(stateOf(found, clock.now), 'revoked');
  assert.deepEqual(
    book
      .list()
      .map(({ name }) => name)
      .toSorted(),
    ['ci', 'second'],
  );
});

test('those that have ended long ago are forgotten; others stay, whatever is pruned of the log', async (t) => {
  const { book, store, clock } = await opened(t);
  const stays = await book.make(ci, 'user:anna');
  const goes = await book.make({ ...ci, name: 'short', expiresAt: clock.now + 1000 }, 'user:anna');
  clock.now += 31 * 24 * 3600_000;
  await book.save();
  await store.prune(clock.now);
  const again = await GrantBook.open(store, () => clock.now);
  assert.notEqual(await again.find(stays.secret), null);
  assert.equal(await again.find(goes.secret), null);
});
