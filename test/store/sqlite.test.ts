import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { TealError } from '../../src/errors.ts';
import { markOf } from '../../src/store/file.ts';
import { SqliteStore } from '../../src/store/sqlite.ts';
import { behaviour } from './behaviour.ts';
import { event } from './case.ts';
import { installSqlite, type SqliteInstallation } from './installation.ts';

behaviour('SQLite', installSqlite);

async function install(t: TestContext): Promise<SqliteInstallation> {
  const installation = await installSqlite();
  t.after(() => installation.remove());
  return installation;
}

/** An event log with 200 events of some size, closed. */
async function used(t: TestContext): Promise<SqliteInstallation> {
  const installation = await install(t);
  const store = await installation.open();
  const many = Array.from({ length: 200 }, (_, index) => event(`e${index}`, { data: 'x'.repeat(200) }));
  await store.append('shop', 0, many);
  await store.append('blog', 0, many.slice(0, 3));
  await store.close();
  return installation;
}

/** Opening is refused with a remedy, and leaves every file as it was. */
async function refused(installation: SqliteInstallation, code: string, says: RegExp): Promise<void> {
  const files = async (): Promise<Record<string, string>> => {
    const names = (await readdir(installation.folder)).filter((name) => !name.endsWith('-shm'));
    const entries = names.map(async (name) => [
      name,
      createHash('sha256')
        .update(await readFile(join(installation.folder, name)))
        .digest('hex'),
    ]);
    return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
  };
  // Reading a database in WAL mode makes an empty WAL beside it; that is nothing to lose.
  const wal = `${installation.file}-wal`;
  if (!existsSync(wal)) await writeFile(wal, '');
  const before = await files();
  await assert.rejects(
    installation.open(),
    (error) =>
      error instanceof TealError &&
      error.code === code &&
      error.remedy.length > 20 &&
      error.message.includes(installation.file) &&
      says.test(error.message),
  );
  assert.deepEqual(await files(), before);
}

test('the files are for their owner only', async (t) => {
  const installation = await install(t);
  const store = await installation.open();
  await store.append('shop', 0, [event('one')]);
  const names = await readdir(installation.folder);
  assert.deepEqual(names.toSorted(), ['.teal.db.used', 'teal.db', 'teal.db-shm', 'teal.db-wal']);
  for (const name of names) {
    assert.equal((await stat(join(installation.folder, name))).mode & 0o777, 0o600, name);
  }
  await store.close();
});

test('a file cut short anywhere is refused, and left as it is', async (t) => {
  const { file, ...installation } = await used(t);
  const whole = await readFile(file);
  assert.ok(whole.length > 20_000);
  const lengths = [
    1,
    15,
    16,
    99,
    100,
    511,
    512,
    4095,
    4096,
    4097,
    8192,
    20_000,
    whole.length - 4096,
    whole.length - 1,
  ];
  for (const length of lengths) {
    await writeFile(file, whole);
    await truncate(file, length);
    await t.test(`${length} of ${whole.length} bytes`, () =>
      refused({ file, ...installation }, 'store-unreadable', /cut short|not a database|another program/),
    );
  }
});

test('garbage instead of a database is refused', async (t) => {
  const installation = await used(t);
  await writeFile(installation.file, 'x'.repeat(50_000));
  await refused(installation, 'store-unreadable', /not a database/);
});

test('garbage within the database is refused', async (t) => {
  const installation = await used(t);
  const bytes = await readFile(installation.file);
  bytes.fill(0xa5, 4096 * 3, 4096 * 8);
  await writeFile(installation.file, bytes);
  await refused(installation, 'store-unreadable', /damaged|malformed/);
});

test('the database of another program is refused', async (t) => {
  const installation = await install(t);
  const other = new DatabaseSync(installation.file);
  other.exec('CREATE TABLE event (id)');
  other.close();
  await refused(installation, 'store-unreadable', /another program/);
});

test('a database of a newer Teal is refused, with what to run', async (t) => {
  const installation = await used(t);
  const database = new DatabaseSync(installation.file);
  database.exec('PRAGMA user_version = 99');
  database.close();
  await refused(installation, 'store-newer', /newer Teal \(schema 99/);
});

test('a log with a gap is refused', async (t) => {
  const installation = await used(t);
  const database = new DatabaseSync(installation.file);
  database.exec("DELETE FROM event WHERE stream = 'shop' AND version = 100");
  database.close();
  await refused(installation, 'store-unreadable', /events of shop are missing/);
});

test('a log in which anything was changed is refused, with what it is', async (t) => {
  const changes: [string, RegExp][] = [
    [
      `UPDATE event SET data = '"y"' WHERE stream = 'shop' AND version = 7`,
      /event 7 of shop is not what was/,
    ],
    [`UPDATE event SET at = at + 1 WHERE stream = 'shop' AND version = 200`, /event 200 of shop/],
    [`UPDATE event SET actor = 'user:eve' WHERE stream = 'blog' AND version = 1`, /event 1 of blog/],
    [`UPDATE event SET reason = '' WHERE stream = 'blog' AND version = 2`, /event 2 of blog/],
    [`UPDATE event SET hash = 'x' WHERE stream = 'blog' AND version = 3`, /event 3 of blog/],
    [
      `UPDATE event SET version = -version WHERE stream = 'shop' AND version IN (5, 6);
       UPDATE event SET version = 11 + version WHERE version < 0`,
      /event 5 of shop/,
    ],
    [`UPDATE stream SET hash = 'x' WHERE name = 'shop'`, /the end of shop/],
    [`UPDATE snapshot SET state = '"other"'`, /the snapshot of shop/],
    [`UPDATE snapshot SET version = 99`, /the snapshot of shop/],
  ];
  for (const [change, says] of changes) {
    const installation = await used(t);
    const store = await installation.open();
    await store.saveSnapshot('shop', { version: 100, shape: 1, state: 'x' });
    await store.close();
    const database = new DatabaseSync(installation.file);
    database.exec(change);
    database.close();
    await refused(installation, 'store-unreadable', says);
  }
});

test('hashes go on over pruning, and from a log that has none yet', async (t) => {
  const installation = await used(t);
  const reopen = async (work: (store: SqliteStore) => Promise<unknown>): Promise<void> => {
    const store = await installation.open();
    await work(store);
    await store.close();
  };
  await reopen((store) => store.saveSnapshot('shop', { version: 150, shape: 1, state: 'x' }));
  await reopen(async (store) => assert.equal(await store.prune(Number.MAX_SAFE_INTEGER), 150));
  await reopen((store) => store.append('shop', 200, [event('later')]));
  await reopen((store) => store.saveSnapshot('shop', { version: 201, shape: 1, state: 'y' }));
  await reopen(async (store) => assert.equal(await store.prune(Number.MAX_SAFE_INTEGER), 51));
  await reopen((store) => store.append('shop', 201, [event('after all are gone')]));
  const database = new DatabaseSync(installation.file);
  database.exec(`UPDATE event SET type = 'changed' WHERE stream = 'shop' AND version = 202`);
  database.close();
  await refused(installation, 'store-unreadable', /event 202 of shop/);
});

test('a log without the snapshot that its pruned events went into is refused', async (t) => {
  const installation = await used(t);
  const store = await installation.open();
  await store.saveSnapshot('shop', { version: 100, shape: 1, state: 'x' });
  await store.prune(Number.MAX_SAFE_INTEGER);
  await store.close();
  const database = new DatabaseSync(installation.file);
  database.exec('DELETE FROM snapshot');
  database.close();
  await refused(installation, 'store-unreadable', /events of shop are missing/);
});

test('a missing or emptied database is not replaced by an empty one', async (t) => {
  const installation = await used(t);
  await truncate(installation.file, 0);
  await refused(installation, 'store-unreadable', /it is empty, but .*\.used shows that it was in use/);
  await rm(installation.file);
  await refused(installation, 'store-unreadable', /it is missing, but .*\.used shows that it was in use/);
  await rm(markOf(installation.file));
  await writeFile(`${installation.file}-wal`, 'frames');
  await refused(installation, 'store-unreadable', /it is missing, but .*-wal shows that it was in use/);
});

test('an older copy of the database, which lacks acknowledged events, is refused', async (t) => {
  const installation = await used(t);
  await copyFile(installation.file, join(installation.folder, 'copy'));
  const store = await installation.open();
  await store.append('shop', 200, [event('late')]);
  await store.close();
  await copyFile(join(installation.folder, 'copy'), installation.file);
  await refused(installation, 'store-unreadable', /ends with event 203, but event 204 had been acknowledged/);
  await rm(markOf(installation.file));
  await (await installation.open()).close();
});

test('a full disk refuses the append, loses nothing, and is forgotten when there is room again', async (t) => {
  const installation = await used(t);
  const pages = Math.ceil((await stat(installation.file)).size / 4096);
  const store = await installation.open({ maxPages: pages + 2 });
  let version = 200;
  const append = async (): Promise<void> => {
    await store.append('shop', version, [event('more', { data: 'x'.repeat(2000) })]);
    version += 1;
  };
  await assert.rejects(
    async () => {
      for (let count = 0; count < 100; count++) await append();
    },
    (error) => error instanceof TealError && error.code === 'disk-full' && error.remedy.includes('df -h'),
  );
  assert.equal((await store.read('shop')).length, version);
  await assert.rejects(append(), { code: 'disk-full' });

  await store.saveSnapshot('shop', { version: 150, shape: 1, state: 'x' });
  assert.equal(await store.prune(Number.MAX_SAFE_INTEGER), 150);
  await append();
  assert.equal((await store.read('shop', 150)).at(-1)?.version, version);
  await store.close();

  const again = await installation.open();
  assert.equal((await again.read('shop', 150)).length, version - 150);
  await again.close();
});

test('a log that another process holds says so, and works again when it lets go', async (t) => {
  const installation = await install(t);
  const store = await installation.open();
  const other = new DatabaseSync(installation.file);
  other.exec('BEGIN IMMEDIATE');
  await assert.rejects(store.append('shop', 0, [event('one')]), {
    code: 'store-conflict',
    message: /another process is writing/,
  });
  other.exec('ROLLBACK');
  other.close();
  await store.append('shop', 0, [event('one')]);
  await store.close();
});

test('a folder that cannot be written to says why', async (t) => {
  const installation = await install(t);
  await writeFile(join(installation.folder, 'file'), '');
  await assert.rejects(SqliteStore.open(join(installation.folder, 'file', 'teal.db')), {
    code: 'store-unreadable',
    message: /EEXIST|ENOTDIR/,
  });
});

test('a log of an older schema is brought to this one, and keeps all that it has', async (t) => {
  const installation = await used(t);
  const database = new DatabaseSync(installation.file);
  database.exec(`
    DROP TABLE judge; DROP TABLE tick; DROP TABLE request; DROP TABLE statement;
    ALTER TABLE event DROP COLUMN hash; ALTER TABLE snapshot DROP COLUMN hash;
    ALTER TABLE stream DROP COLUMN hash; ALTER TABLE stream DROP COLUMN prunedHash;
    PRAGMA user_version = 1`);
  database.close();
  const store = await installation.open();
  t.after(() => store.close());
  assert.equal((await store.read('shop')).length, 200);
  const tick = { app: 'shop', release: 'shop-1', seq: 0, at: 1, data: {}, memory: {} };
  await store.evidence.save(tick);
  assert.equal(await store.requests.claim({ id: 'a', fingerprint: 'f', at: 1, expiresAt: 9 }), null);
  await store.statements.save('shop', 1, new Map([['v1', 1]]));
  await store.close();
  const again = await installation.open();
  t.after(() => again.close());
  assert.deepEqual(await again.evidence.releases('shop'), ['shop-1']);
});
