// The database demo says how many writes were lost: it has to see one when there is one, and to leave nothing behind.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ledger, type Row } from '../../examples/database/ledger.ts';
import { nothingKnown } from '../../src/database/sql/known.ts';
import { renameColumn } from '../../src/database/new/columns.ts';
import { columnNamed } from '../../src/database/new/names.ts';
import { noPostgres } from '../store/postgres-server.ts';
import { playDemo, stopsDuring } from './playing.ts';

const longestMs = 120_000;
const ann = 'ann@example.com';
const row = (revision: number, name: string, locale?: string | null): Row => ({
  email: ann,
  name,
  revision,
  ...(locale === undefined ? {} : { locale }),
});

/** Ann was there, was renamed by the old version, and then by the new one. */
function written(): Ledger {
  const ledger = new Ledger([row(1, 'Ann')]);
  ledger.wrote({ email: ann, name: 'Anna', locale: 'de', answer: row(2, 'Anna') });
  ledger.wrote({ email: ann, name: 'Anne', locale: 'fr', answer: row(3, 'Anne', 'fr') });
  ledger.wrote({ email: ann, answer: row(4, 'Anne', 'fr') });
  return ledger;
}

test('the ledger finds nothing lost where all is as it was written', () => {
  const ledger = written();
  ledger.read(row(3, 'Anne', 'fr'), 3);
  ledger.read(row(1, 'Ann'), 0);
  const { examples, ...account } = ledger.account([row(4, 'Anne', 'fr')]);
  assert.deepEqual(account, { writes: 3, reads: 2, lost: 0, wrong: 0, localised: 1 });
  assert.deepEqual(examples, []);
});

test('the ledger sees each way in which a write can be lost', () => {
  const lost = (table: readonly Row[], ledger = written()): number => ledger.account(table).lost;
  assert.equal(lost([row(3, 'Anne', 'fr')]), 1, 'the last write');
  assert.equal(lost([row(2, 'Anna', null)]), 2, 'the last two');
  assert.equal(lost([]), 4, 'the row');
  assert.equal(lost([row(4, 'Ann', 'fr')]), 1, 'the name');
  assert.equal(lost([row(4, 'Anne', null)]), 1, 'what only the new version writes');
  const twice = written();
  twice.wrote({ email: ann, name: 'Andy', locale: 'fr', answer: row(3, 'Andy', 'fr') });
  assert.equal(lost([row(4, 'Andy', 'fr')], twice), 1, 'one of two with the same revision');
});

test('the ledger sees answers that are older than what was known, and others than what was written', () => {
  const ledger = written();
  ledger.read(row(2, 'Anna', null), 4);
  ledger.read(row(3, '', 'fr'), 3);
  ledger.read({ ...row(4, 'Anne', 'fr'), name: null }, 4);
  const { wrong, lost } = ledger.account([row(4, 'Anne', 'fr')]);
  assert.deepEqual([wrong, lost], [3, 0]);
});

test('the migration of the example is what teal db new writes, with one column by hand', async () => {
  const made = renameColumn(
    columnNamed('users.name'),
    'full_name',
    { type: 'text', notNull: true, default: "''" },
    nothingKnown,
  );
  for (const phase of ['expand', 'backfill', 'undo', 'contract'] as const) {
    const file = join(import.meta.dirname, '../../examples/database/v2/db/0002-full-name', `${phase}.sql`);
    assert.equal((await readFile(file, 'utf8')).slice(0, made[phase].length), made[phase], phase);
  }
});

test(
  'Ctrl-C in the middle of the database demo stops everything, the database too, and removes its folders',
  { skip: noPostgres() ?? false },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'teal-demo-test-'));
    try {
      // PostgreSQL does not run as root, and has to come to its own folder in here.
      await chmod(folder, 0o755);
      const playing = { folder, longestMs };
      const played = playDemo('demo-database.ts', [], playing);
      await stopsDuring('backfill of 0002-full-name is done', played, playing);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
