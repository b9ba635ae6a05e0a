import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { backup, migrate, restore } from '../../src/control/backup.ts';
import { lockData, shareData } from '../../src/control/lock.ts';
import { SqliteStore } from '../../src/store/sqlite.ts';
import { event } from '../store/case.ts';
import { noPostgres, startPostgres, type PostgresServer } from '../store/postgres-server.ts';

interface Place {
  readonly file: string;
  readonly data: string;
  readonly folder: string;
}

async function used(t: TestContext): Promise<Place> {
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-backup-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'teal.yaml');
  await writeFile(file, 'apps: { shop: { run: { process: { command: serve } } } }\n');
  const data = path.join(folder, '.teal');
  const store = await SqliteStore.open(path.join(data, 'teal.db'));
  await store.append('shop', 0, [event('one'), event('two')]);
  await store.close();
  return { file, data, folder };
}

test('a backup is put back where the event log was lost', async (t) => {
  const { file, data, folder } = await used(t);
  const to = path.join(folder, 'kept');
  const lock = lockData(data);
  const taken = await backup({ file, to });
  assert.equal(taken.digest.rows.event, 2);
  await assert.rejects(restore({ file, from: to, replace: true }), { code: 'already-running' });
  lock.release();
  await assert.rejects(restore({ file, from: to, replace: false }), { code: 'store-exists' });
  await rm(path.join(data, 'teal.db'));
  // Something is left that says there was one.
  await assert.rejects(restore({ file, from: to, replace: false }), { code: 'store-exists' });
  const restored = await restore({ file, from: to, replace: true });
  assert.deepEqual(restored.digest, taken.digest);
  const store = await SqliteStore.open(path.join(data, 'teal.db'));
  t.after(() => store.close());
  assert.equal((await store.read('shop')).length, 2);
});

test('the lock of a data folder: one alone, or several together, never both', async (t) => {
  const { data } = await used(t);
  const one = lockData(data);
  assert.throws(() => shareData(data), { code: 'already-running' });
  one.release();
  const [first, second] = [shareData(data), shareData(data)];
  assert.throws(() => lockData(data), { code: 'already-running' });
  first.release();
  assert.throws(() => lockData(data), { code: 'already-running' });
  second.release();
  lockData(data).release();
});

describe('an event log moves', { skip: noPostgres() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  test('to PostgreSQL and back; what it left is put aside, and nobody begins anew beside it', async (t) => {
    const { file, data } = await used(t);
    const url = await server.database();
    const there = await migrate({ file, to: url, replace: false });
    assert.equal(there.digest.rows.event, 2);
    assert.match(there.asideTo ?? '', /teal\.db\.migrated-\d+$/);
    await assert.rejects(SqliteStore.open(path.join(data, 'teal.db')), {
      code: 'store-unreadable',
      message: /it is missing, but .*\.used shows that it was in use/,
    });
    await assert.rejects(migrate({ file, to: url, replace: false }), { code: 'store-unreadable' });
    await assert.rejects(migrate({ file, store: url, to: url, replace: false }), { code: 'usage' });
    const back = await migrate({ file, store: url, to: 'sqlite', replace: false });
    assert.deepEqual(back.digest, there.digest);
    assert.equal(back.asideTo, null);
    const store = await SqliteStore.open(path.join(data, 'teal.db'));
    t.after(() => store.close());
    assert.equal((await store.read('shop')).length, 2);
    // There is one again in both places: neither is written over.
    await assert.rejects(migrate({ file, to: url, replace: false }), { code: 'store-exists' });
    const kept = path.join(data, 'kept');
    await backup({ file, store: url, to: kept });
    await assert.rejects(restore({ file, store: url, from: kept, replace: false }), { code: 'store-exists' });
    await restore({ file, store: url, from: kept, replace: true });
  });
});
