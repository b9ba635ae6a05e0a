/** The audit log: what it tells, and that it tells when somebody has changed it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { beginning, canonical, hashOfEntry } from '../../../src/control/access/audit-entry.ts';
import { AuditLog, type Noted } from '../../../src/control/access/audit-log.ts';
import type { AuditEntry } from '../../../src/control/contract-access.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';
import { quiet } from '../fakes.ts';
import { openStore, scratch } from '../help.ts';

const noted = (more: Partial<Noted> = {}): Noted => ({
  at: 1000,
  actor: 'user:anna',
  role: 'admin',
  by: 'socket',
  token: null,
  address: null,
  agent: 'teal',
  what: 'deploy',
  path: '/v1/apps/shop/deploy',
  status: 200,
  code: null,
  before: { shop: { live: null } },
  after: { shop: { live: 'blue v1' } },
  ...more,
});

async function filled(t: TestContext, count: number) {
  const folder = await scratch(t);
  const file = path.join(folder, 'teal.db');
  const store = await SqliteStore.open(file);
  const audit = await AuditLog.open(store, quiet);
  await Promise.all(Array.from({ length: count }, (_, index) => audit.add(noted({ at: 1000 + index }))));
  return { file, store, audit };
}

test('each entry has the hash of the one before, also when they come at once and after a restart', async (t) => {
  const { audit, store } = await filled(t, 5);
  const later = await AuditLog.open(store, quiet);
  await later.add(noted({ actor: 'user:ben' }));
  const entries = (await later.recent({ limit: 10 })).toReversed();
  assert.deepEqual(
    entries.map(({ number }) => number),
    [1, 2, 3, 4, 5, 6],
  );
  let previous = beginning;
  for (const entry of entries) {
    assert.equal(entry.previous, previous);
    assert.equal(hashOfEntry(entry), entry.hash);
    previous = entry.hash;
  }
  assert.deepEqual(await later.verify(null), { ok: true, entries: 6, head: previous, problems: [] });
  assert.ok((await later.verify(entries[2]?.hash ?? '')).ok, 'a head that was noted before');
  assert.equal((await later.verify('f'.repeat(64))).ok, false, 'and one that never was');
  // The other one is behind, and finds its place.
  await audit.add(noted({ actor: 'user:carl' }));
  assert.equal((await audit.verify(null)).entries, 7);
  assert.ok((await audit.verify(null)).ok);
  assert.deepEqual(
    (await audit.recent({ limit: 2, before: 4 })).map(({ number }) => number),
    [3, 2],
  );
  const beyond = await audit.recent({ limit: 2, before: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(
    beyond.map(({ number }) => number),
    [7, 6],
    'before what is not there yet',
  );
  await store.close();
});

test('all of it is given out, page by page, until nobody reads it any more', async (t) => {
  const { audit, store } = await filled(t, 2100);
  const numbers: number[] = [];
  for await (const { number } of audit.export(99, new AbortController().signal)) numbers.push(number);
  assert.deepEqual([numbers.length, numbers[0], numbers.at(-1)], [2001, 100, 2100]);
  const gone = new AbortController();
  let read = 0;
  for await (const _ of audit.export(0, gone.signal)) if (++read === 5) gone.abort();
  assert.equal(read, 5);
  await store.close();
});

describe('whoever changes it is found out', () => {
  const changed = async (t: TestContext, sql: string): Promise<readonly string[]> => {
    const { file, store, audit } = await filled(t, 6);
    const { head } = await audit.verify(null);
    assert.notEqual(head, null);
    const database = new DatabaseSync(file);
    database.exec('PRAGMA foreign_keys = OFF');
    assert.ok(Number(database.prepare(sql).run().changes) > 0, 'the change was made');
    database.close();
    const { ok, problems } = await audit.verify(head);
    assert.equal(ok, false, sql);
    await store.close();
    return problems.map(({ number, says }) => `${number}: ${says}`);
  };
  const only = "stream = '@audit'";

  test('what an entry says', async (t) => {
    const told = await changed(
      t,
      `UPDATE event SET data = json_set(data, '$.actor', 'user:eve'), actor = 'user:eve' WHERE ${only} AND version = 3`,
    );
    assert.deepEqual(told, ['3: its hash is not that of what it says']);
  });

  test('an entry with its own hash made anew', async (t) => {
    const { file, store, audit } = await filled(t, 4);
    const [entry] = await audit.recent({ limit: 1, before: 3 });
    assert.equal(entry?.number, 2);
    const forged: AuditEntry = { ...entry, actor: 'user:eve' };
    const data = JSON.stringify({ ...forged, hash: hashOfEntry(forged) });
    const database = new DatabaseSync(file);
    database.prepare(`UPDATE event SET data = ?, actor = 'user:eve' WHERE ${only} AND version = 2`).run(data);
    database.close();
    const { problems } = await audit.verify(null);
    assert.deepEqual(problems, [{ number: 3, says: 'it does not follow from entry 2' }]);
    await store.close();
  });

  test('who it was, where the row says otherwise', async (t) => {
    const told = await changed(t, `UPDATE event SET actor = 'user:eve' WHERE ${only} AND version = 3`);
    assert.deepEqual(told, ['3: number, time or actor are not those it was stored with']);
  });

  test('an entry taken out', async (t) => {
    assert.deepEqual(await changed(t, `DELETE FROM event WHERE ${only} AND version = 3`), [
      '3: it is missing',
    ]);
  });

  test('the first entries', async (t) => {
    assert.deepEqual(await changed(t, `DELETE FROM event WHERE ${only} AND version < 4`), [
      '1: 1 to 3 are missing',
    ]);
  });

  test('the last entries', async (t) => {
    const told = await changed(t, `DELETE FROM event WHERE ${only} AND version > 4`);
    assert.match(told.join('\n'), /5: it and what followed are gone from the end/);
    assert.match(told.join('\n'), /0: no entry has the hash/, 'and the head that was noted is not there');
  });
});

test('what cannot be written does not keep anybody from going back, and is counted', async (t) => {
  const store = await openStore(t);
  const audit = await AuditLog.open(store, quiet);
  await audit.add(noted());
  const append = store.append.bind(store);
  store.append = () => Promise.reject(new Error('disk full'));
  await audit.add(noted({ what: 'rollback' }));
  await audit.add(noted({ what: 'rollback' }));
  store.append = append;
  await audit.add(noted({ what: 'status' }));
  const [newest] = await audit.recent({ limit: 1 });
  assert.deepEqual([newest?.number, newest?.lost, newest?.what], [2, 2, 'status']);
  assert.ok((await audit.verify(null)).ok);
});

test('the same entry has the same hash, whatever the order of its keys', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const again = JSON.parse(JSON.stringify(value)) as unknown;
      assert.equal(canonical(reversed(again)), canonical(again));
      assert.deepEqual(JSON.parse(canonical(again)), again);
    }),
  );
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

test('its entries are in no history, and make no app', async (t) => {
  const { store } = await filled(t, 3);
  assert.deepEqual(await store.recent({ limit: 10 }), []);
  assert.deepEqual(await store.streams(), ['@audit']);
  await store.close();
});
