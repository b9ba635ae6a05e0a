import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Memory } from '../../../src/control/migrate/memory.ts';
import { SqliteStore } from '../../../src/store/sqlite.ts';
import { atEnd } from '../../at-end.ts';

test('a look that ends between the removal of an app and the news of it leaves nothing of it', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'teal-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const store = await SqliteStore.open(path.join(folder, 'events'));
  atEnd(t, () => store.close());
  const memory = await Memory.read({ app: 'shop', store: store.statements, now: () => 1 });
  await store.appendAll([{ stream: 'shop', expected: 0, events: [], forget: true }]);
  await memory.take({
    snapshot: { at: 1, rows: [], resetAt: '', thrownOut: 0, hidden: 0 },
    running: { blue: 'v1', green: null },
    live: 'blue',
    roles: null,
    without: null,
  });
  assert.deepEqual(await store.statements.apps(), ['shop']);
  await memory.forget();
  assert.deepEqual(await store.statements.apps(), []);
});
