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
import type { Store } from '../../../src/store/store.ts';
import { Client } from '../../../src/cli/client.ts';
import { fakeDeps, quiet } from '../fakes.ts';
import { forever, openStore, scratch } from '../help.ts';
import { apiAt } from '../project.ts';
import { server } from '../raw.ts';

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

/** A log as if it had been written over years, in one transaction. */
async function written(store: Store, count: number): Promise<AuditLog> {
  let previous = beginning;
  const entries = Array.from({ length: count }, (_, index): AuditEntry => {
    const plain = { ...noted(), number: index + 1, lost: 0, previous };
    previous = hashOfEntry(plain);
    return { ...plain, hash: previous };
  });
  const events = entries.map((data) => ({
    at: data.at,
    actor: data.actor,
    reason: null,
    type: 'audited',
    data,
  }));
  await store.append('@audit', 0, events);
  return await AuditLog.open(store, quiet);
}

/** How many rows are read from here on. */
function counted(store: Store): () => number {
  const read = store.read.bind(store);
  let rows = 0;
  store.read = async (...asked) => {
    const found = await read(...asked);
    rows += found.length;
    return found;
  };
  return () => rows;
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
  assert.deepEqual(await later.verify(null, forever), { ok: true, entries: 6, head: previous, problems: [] });
  assert.ok((await later.verify(entries[2]?.hash ?? '', forever)).ok, 'a head that was noted before');
  assert.equal((await later.verify('f'.repeat(64), forever)).ok, false, 'and one that never was');
  // The other one is behind, and finds its place.
  await audit.add(noted({ actor: 'user:carl' }));
  assert.equal((await audit.verify(null, forever)).entries, 7);
  assert.ok((await audit.verify(null, forever)).ok);
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
  const audit = await written(await openStore(t), 2100);
  const numbers: number[] = [];
  for await (const { number } of audit.export(99, forever)) numbers.push(number);
  assert.deepEqual([numbers.length, numbers[0], numbers.at(-1)], [2001, 100, 2100]);
  const gone = new AbortController();
  let read = 0;
  const reading = async (): Promise<void> => {
    for await (const _ of audit.export(0, gone.signal)) if (++read === 5) gone.abort();
  };
  await assert.rejects(reading(), { name: 'AbortError' }, 'half of it is not all of it');
  assert.equal(read, 5);
});

test('old entries are read without all that came after them', async (t) => {
  const store = await openStore(t);
  const audit = await written(store, 500);
  const rows = counted(store);
  const found = await audit.recent({ limit: 5, before: 10 });
  assert.deepEqual(
    found.map(({ number }) => number),
    [9, 8, 7, 6, 5],
  );
  assert.equal((await audit.recent({ limit: 50, before: 3 })).length, 2);
  assert.ok(rows() <= 55, `${rows()} rows`);
});

test('while all of it is looked at others have their turn, and more is written', async (t) => {
  const audit = await written(await openStore(t), 3000);
  let done = false;
  let turns = 0;
  const count = (): void => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  const verifying = audit.verify(null, forever).finally(() => (done = true));
  await audit.add(noted());
  assert.equal(done, false, 'what is written does not wait for it');
  const { ok, entries } = await verifying;
  assert.deepEqual([ok, entries], [true, 3000], 'as much as there was');
  assert.ok(turns >= 4, `${turns} turns`);
  const gone = new AbortController();
  const given = audit.verify(null, gone.signal);
  gone.abort();
  await assert.rejects(given, { name: 'AbortError' }, 'and it ends when nobody waits for it');
});

describe('a look that goes on where the last one has ended', () => {
  const opened = async (t: TestContext, count: number) => {
    const file = path.join(await scratch(t), 'teal.db');
    const store = await SqliteStore.open(file);
    t.after(() => store.close());
    const audit = await written(store, count);
    const change = (...statements: readonly string[]): void => {
      const database = new DatabaseSync(file);
      for (const sql of statements) database.exec(sql);
      database.close();
    };
    return { store, audit, change };
  };
  const forge = (number: number): string =>
    `UPDATE event SET data = json_set(data, '$.what', 'nothing') WHERE stream = '@audit' AND version = ${number}`;

  test('reads what is new, and says how many there are in all', async (t) => {
    const { store, audit } = await opened(t, 400);
    assert.deepEqual((await audit.verifyOn(forever)).entries, 400);
    const rows = counted(store);
    await audit.add(noted());
    const report = await audit.verifyOn(forever);
    assert.deepEqual([report.ok, report.entries], [true, 401]);
    assert.equal((await audit.verifyOn(forever)).entries, 401);
    assert.ok(rows() <= 4, `${rows()} rows`);
  });

  test('goes on where it was given up', async (t) => {
    const { store, audit } = await opened(t, 2600);
    const gone = new AbortController();
    const read = store.read.bind(store);
    let pages = 0;
    store.read = (...asked) => {
      if (++pages === 4) gone.abort();
      return read(...asked);
    };
    await assert.rejects(audit.verifyOn(gone.signal));
    const rows = counted(store);
    assert.equal((await audit.verifyOn(forever)).entries, 2600);
    assert.ok(rows() < 1600, `${rows()} rows`);
  });

  test('finds what was changed since, each time it is asked', async (t) => {
    const { audit, change } = await opened(t, 120);
    await audit.verifyOn(forever);
    await audit.add(noted());
    await audit.add(noted());
    change(forge(121));
    for (let times = 0; times < 2; times++) {
      const { ok, problems } = await audit.verifyOn(forever);
      assert.deepEqual(
        [ok, problems],
        [false, [{ number: 121, says: 'its hash is not that of what it says' }]],
      );
    }
  });

  test('finds that the newest it knew is another one, or gone, whatever the stream says', async (t) => {
    const { audit, change } = await opened(t, 10);
    await audit.verifyOn(forever);
    const [newest] = await audit.recent({ limit: 1 });
    assert.ok(newest);
    const forged = { ...newest, actor: 'user:eve' };
    const data = JSON.stringify({ ...forged, hash: hashOfEntry(forged) }).replaceAll("'", "''");
    change(`UPDATE event SET data = '${data}', actor = 'user:eve' WHERE stream = '@audit' AND version = 10`);
    assert.ok((await audit.verify(null, forever)).ok, 'a chain of its own');
    for (let times = 0; times < 2; times++)
      assert.deepEqual((await audit.verifyOn(forever)).problems, [
        { number: 10, says: 'it is not what it was when it was last looked at' },
      ]);
    change(
      "DELETE FROM event WHERE stream = '@audit' AND version = 10",
      "UPDATE stream SET version = 9 WHERE name = '@audit'",
    );
    assert.deepEqual((await audit.verifyOn(forever)).problems, [
      { number: 10, says: 'it and what followed are gone from the end' },
    ]);
  });

  test('looks again where all of it was found to be changed before', async (t) => {
    const { audit, change } = await opened(t, 120);
    await audit.verifyOn(forever);
    change(forge(60));
    assert.ok((await audit.verifyOn(forever)).ok, 'it has looked at that');
    assert.equal((await audit.verify(null, forever)).ok, false);
    assert.equal((await audit.verifyOn(forever)).ok, false);
  });
});

test('an export that something ends too early ends as if it were cut', async (t) => {
  const deps = await fakeDeps(t);
  await written(deps.store, 1500);
  const { socket } = await server(t, deps);
  const read = deps.store.read.bind(deps.store);
  deps.store.read = (stream, after = 0, limit) =>
    after >= 1000 ? Promise.reject(new Error('unreadable')) : read(stream, after, limit);
  const { end } = await apiAt(socket).stream('/v1/audit/export');
  assert.equal(await end, 'cut');
  const numbers: number[] = [];
  const client = new Client('teal.yaml', socket);
  const exporting = async (): Promise<void> => {
    for await (const { number } of client.auditExport(0, forever)) numbers.push(number);
  };
  await assert.rejects(exporting(), { code: 'control-unavailable' });
  assert.ok(numbers.length <= 1000, `${numbers.length} entries`);
  deps.store.read = read;
  numbers.length = 0;
  await exporting();
  assert.equal(numbers.length, 1500);
});

describe('whoever changes it is found out', () => {
  const changed = async (t: TestContext, sql: string): Promise<readonly string[]> => {
    const { file, store, audit } = await filled(t, 6);
    const { head } = await audit.verify(null, forever);
    assert.notEqual(head, null);
    const database = new DatabaseSync(file);
    database.exec('PRAGMA foreign_keys = OFF');
    assert.ok(Number(database.prepare(sql).run().changes) > 0, 'the change was made');
    database.close();
    const { ok, problems } = await audit.verify(head, forever);
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
    const { problems } = await audit.verify(null, forever);
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
  assert.ok((await audit.verify(null, forever)).ok);
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
