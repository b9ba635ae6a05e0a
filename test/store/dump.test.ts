import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { after, before, describe, test, type TestContext } from 'node:test';
import { backupDump, checkBackup, writeBackup } from '../../src/store/backup.ts';
import { digestOf, type Dump, type DumpRow } from '../../src/store/dump.ts';
import { openPostgres, type PostgresDatabase } from '../../src/store/postgres/database.ts';
import { dumpSqlite, restoreSqlite } from '../../src/store/sqlite-dump.ts';
import { SqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { event } from './case.ts';
import { noPostgres, startPostgres, type PostgresServer } from './postgres-server.ts';

const about = { version: '0.1.0', at: 1_700_000_000_000, from: 'here' };
const hour = 3_600_000;

/** Something in every table, with what is hard to keep. */
async function fill(store: Store): Promise<void> {
  const many = Array.from({ length: 1200 }, (_, index) => event(`e${index}`, { at: index, data: { index } }));
  await store.append('shop', 0, many);
  await store.append('blog', 0, [
    event('one', { reason: 'with \0 in it', actor: 'user:zoë' }),
    event('two', { reason: 'json:"as if"', data: { text: 'ü \u0000 \u2028 \\ "', deep: [[null]] } }),
  ]);
  await store.append('Übung', 0, [event('umlaut', { reason: null })]);
  await store.saveSnapshot('shop', { version: 1000, shape: 3, state: { a: [1] } });
  await store.prune(500);
  await store.append('gone', 0, [event('old', { at: 1 })]);
  await store.saveSnapshot('gone', { version: 1, shape: 3, state: null });
  await store.prune(500);
  await store.nextGeneration();
  await store.secret('preview/shop');
  await store.requests.claim({ id: 'r1', fingerprint: 'f', at: 1, expiresAt: 2 ** 50 });
  await store.requests.finish('r1', { status: 200, body: '{}' });
  await store.requests.claim({ id: 'r2', fingerprint: 'f', at: 1, expiresAt: 2 ** 50 });
  await store.statements.save(
    'shop',
    5,
    new Map([
      ['', { ü: 1 }],
      ['v1', { ü: 2 }],
    ]),
  );
  for (const seq of [0, 1, 2]) {
    await store.evidence.save({
      app: 'shop',
      release: 'shop-10',
      seq,
      at: seq,
      data: { seq },
      memory: { seq },
    });
  }
}

/** All that can be asked of a store about what `fill` has put there. */
async function read(store: Store): Promise<unknown> {
  return {
    streams: await store.streams(),
    recent: await store.recent({ limit: 2000 }),
    shop: await store.read('shop', 1000),
    snapshots: await Promise.all(['shop', 'gone', 'blog'].map((stream) => store.snapshot(stream))),
    pruned: await store.pruned(),
    request: await store.requests.claim({ id: 'r1', fingerprint: 'f', at: 1, expiresAt: 2 ** 50 }),
    secret: await store.secret('preview/shop'),
    statements: await store.statements.read('shop'),
    ticks: await store.evidence.ticks('shop', 'shop-10'),
    memory: await store.evidence.memory('shop', 'shop-10'),
  };
}

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-dump-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function filled(t: TestContext): Promise<{ file: string; folder: string; held: unknown }> {
  const folder = await scratch(t);
  const file = path.join(folder, 'teal.db');
  const store = await SqliteStore.open(file);
  await fill(store);
  const held = await read(store);
  await store.close();
  return { file, folder, held };
}

test('a backup of a file, restored, holds the same, and goes on where it was', async (t) => {
  const { file, folder, held } = await filled(t);
  const to = path.join(folder, 'backup');
  const taken = await writeBackup(to, dumpSqlite(file), about);
  assert.equal((await stat(to)).mode & 0o777, 0o600);
  assert.equal(taken.digest.rows.stream, 4);
  const other = path.join(folder, 'other.db');
  const checked = await checkBackup(to);
  assert.deepEqual(checked, taken);
  const kept = await restoreSqlite(other, backupDump(to, checked), { replace: false, now: 1 });
  assert.deepEqual(kept, taken.digest);
  const store = await SqliteStore.open(other);
  t.after(() => store.close());
  assert.deepEqual(await read(store), held);
  const before = (await store.recent({ limit: 1 }))[0]?.seq ?? 0;
  const [next] = await store.append('gone', 1, [event('new')]);
  assert.ok((next?.seq ?? 0) > before + 1, 'a position that was given once is not given again');
  assert.ok((await store.nextGeneration()) > 1000, 'nor is a generation');
});

test('a backup is taken while the store is written to, and is of one moment', async (t) => {
  const { file, folder } = await filled(t);
  const store = await SqliteStore.open(file);
  t.after(() => store.close());
  const dump = dumpSqlite(file);
  const rows = dump.rows()[Symbol.asyncIterator]();
  await rows.next();
  await store.append('blog', 2, [event('three')]);
  let events = 0;
  for (let row = await rows.next(); !row.done; row = await rows.next()) {
    if (row.value.table === 'event') events += 1;
  }
  const before = 1200 - 500 + 2 + 1;
  assert.equal(events, before);
  const later = await writeBackup(path.join(folder, 'later'), dumpSqlite(file), about);
  assert.equal(later.digest.rows.event, before + 1);
});

test('nothing is written over: neither a backup nor, unless that is said, an event log', async (t) => {
  const { file, folder } = await filled(t);
  const to = path.join(folder, 'backup');
  await writeFile(to, 'mine');
  await assert.rejects(writeBackup(to, dumpSqlite(file), about), { code: 'usage' });
  assert.equal(await readFile(to, 'utf8'), 'mine');
  const dump = dumpSqlite(file);
  const before = await readFile(file);
  await assert.rejects(restoreSqlite(file, dump, { replace: false, now: 7 }), { code: 'store-exists' });
  assert.deepEqual(await readFile(file), before);
  const copy = path.join(folder, 'copy.db');
  await copyFile(file, copy);
  const old = await SqliteStore.open(file);
  await old.append('blog', 2, [event('three')]);
  await old.close();
  await restoreSqlite(file, dumpSqlite(copy), { replace: true, now: 7 });
  const store = await SqliteStore.open(file);
  t.after(() => store.close());
  assert.equal((await store.read('blog')).length, 2);
  const aside = await SqliteStore.open(`${file}.replaced-7`);
  t.after(() => aside.close());
  assert.equal((await aside.read('blog')).length, 3, 'what was there is put aside');
});

test('a backup that is damaged, cut short anywhere, of somebody else, or newer, is refused', async (t) => {
  const { file, folder } = await filled(t);
  const to = path.join(folder, 'backup');
  await writeBackup(to, dumpSqlite(file), about);
  const whole = await readFile(to);
  const refused = async (content: Buffer, code: string): Promise<void> => {
    const bad = path.join(folder, 'bad');
    await writeFile(bad, content);
    await assert.rejects(checkBackup(bad), { code }, `${content.length} bytes`);
  };
  for (const length of [0, 1, 9, 10, 20, 500, whole.length / 2, whole.length - 9, whole.length - 1]) {
    await refused(whole.subarray(0, Math.floor(length)), 'backup-invalid');
  }
  for (const at of [30, whole.length / 3, whole.length / 2, whole.length - 20]) {
    const bad = Buffer.from(whole);
    const index = Math.floor(at);
    bad[index] = (bad[index] ?? 0) ^ 0x55;
    await refused(bad, 'backup-invalid');
  }
  const lines = gunzipSync(whole).toString().split('\n');
  const packed = (changed: readonly string[]): Buffer => gzipSync(changed.join('\n'));
  await refused(packed(lines.toSpliced(5, 1)), 'backup-invalid');
  await refused(packed(lines.toSpliced(5, 1, lines[6] ?? '')), 'backup-invalid');
  await refused(packed(lines.toSpliced(-2, 1)), 'backup-invalid');
  await refused(packed(lines.with(5, lines[5]?.replace('"e', '"f') ?? '')), 'backup-invalid');
  await refused(packed(lines.with(1, '["token",1,2]')), 'backup-invalid');
  await refused(packed(lines.with(0, '{"other":1}')), 'backup-invalid');
  await refused(Buffer.from(lines.join('\n')), 'backup-invalid');
  await refused(packed(lines.with(0, lines[0]?.replace('"format":1', '"format":2') ?? '')), 'store-newer');
  await assert.rejects(checkBackup(path.join(folder, 'nothing')), { code: 'usage' });
});

/** A dump whose rows fit its own sum again. */
const distorted = (dump: Dump, change: (row: DumpRow) => DumpRow | null): Dump => ({
  term: 0,
  async *rows() {
    for await (const row of dump.rows()) {
      const changed = row.table === 'event' && row.values[2] === 900 ? change(row) : row;
      if (changed !== null) yield changed;
    }
  },
});

const distortions: readonly (readonly [change: (row: DumpRow) => DumpRow | null, says: RegExp])[] = [
  [() => null, /events of shop are missing/],
  [(row) => ({ ...row, values: row.values.with(4, 'user:mallory') }), /event 900 of shop/],
];

test('rows that make no whole event log are refused, and leave nothing behind', async (t) => {
  const { file, folder } = await filled(t);
  const dump = dumpSqlite(file);
  const other = path.join(folder, 'other.db');
  for (const [change, message] of distortions) {
    await assert.rejects(restoreSqlite(other, distorted(dump, change), { replace: false, now: 1 }), {
      code: 'store-unreadable',
      message,
    });
  }
  const left = (await readdir(folder)).filter((name) => name.includes('other'));
  assert.deepEqual(left, []);
});

test('a damaged file is not backed up', async (t) => {
  const { file, folder } = await filled(t);
  await truncate(file, Math.floor((await stat(file)).size / 2));
  assert.throws(() => dumpSqlite(file), { code: 'store-unreadable' });
  assert.throws(() => dumpSqlite(path.join(folder, 'nothing.db')), { code: 'store-unreadable' });
});

describe('between a file and PostgreSQL', { skip: noPostgres() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  async function opened(t: TestContext): Promise<PostgresDatabase> {
    const database = await openPostgres(await server.database());
    t.after(() => database.close());
    return database;
  }

  test('the event log goes over and back, and holds the same each time', async (t) => {
    const { file, folder, held } = await filled(t);
    const database = await opened(t);
    const there = await database.restore(dumpSqlite(file), { replace: false });
    assert.deepEqual(there, await digestOf(dumpSqlite(file).rows()));
    await database.leases.take({ name: 'a', machine: 'm', address: '/' }, hour);
    const store = database.leading(1);
    assert.deepEqual(await read(store), held);
    const [next] = await store.append('gone', 1, [event('new')]);
    assert.ok((next?.seq ?? 0) > 1203);
    assert.ok((await store.nextGeneration()) > 1000);
    const dump = await database.dump();
    assert.equal(dump.term, 1);
    const back = path.join(folder, 'back.db');
    const again = await restoreSqlite(back, dump, { replace: false, now: 1 });
    assert.equal(again.rows.event, there.rows.event + 1);
    assert.equal(dumpSqlite(back).term, 1, 'no later leader gets a term that there has been');
    const third = await opened(t);
    assert.deepEqual(await third.restore(dumpSqlite(back), { replace: false }), again);
    assert.equal(await third.leases.take({ name: 'a', machine: 'm', address: '/' }, hour), 2);
  });

  test('a database that somebody leads on, or that has an event log, is not written over', async (t) => {
    const { file } = await filled(t);
    const database = await opened(t);
    const who = { name: 'a', machine: 'm', address: '/' };
    await database.leases.take(who, hour);
    await assert.rejects(database.restore(dumpSqlite(file), { replace: true }), { code: 'already-running' });
    await database.leading(1).append('mine', 0, [event('mine')]);
    await database.leases.release(1, true);
    await assert.rejects(database.restore(dumpSqlite(file), { replace: false }), { code: 'store-exists' });
    assert.deepEqual(await database.reader.streams(), ['mine']);
    await database.restore(dumpSqlite(file), { replace: true });
    assert.deepEqual(await database.reader.streams(), ['blog', 'gone', 'shop', 'Übung']);
    assert.equal(await database.leases.take(who, hour), 2);
  });

  test('of rows that make no whole event log nothing stays in the database', async (t) => {
    const { file } = await filled(t);
    const database = await opened(t);
    const dump = dumpSqlite(file);
    for (const [change, message] of distortions) {
      await assert.rejects(database.restore(distorted(dump, change), { replace: false }), {
        code: 'store-unreadable',
        message,
      });
      assert.deepEqual(await database.reader.streams(), []);
    }
  });
});
