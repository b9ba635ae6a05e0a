// Two migrations that came since the last release: it would run the newest, and the candidate would miss the other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withMigration } from '../../../src/control/migrate/ready.ts';
import { TealError } from '../../../src/errors.ts';
import { nothing } from '../../../src/release/state.ts';
import { migration, run } from '../../database/run/migration.ts';
import { onServers } from '../../database/server.ts';
import { served, versions } from './shop.ts';

const state = { ...nothing('shop'), contracted: ['0003'] };

const files = Object.fromEntries(
  ['0001', '0003', '0004', '0005', '0006'].map((name) => [
    `db/${name}/expand.sql`,
    `CREATE TABLE t${name} (id int PRIMARY KEY);`,
  ]),
);

onServers(
  'a migration that would be left out refuses the deploy, unless it was run by hand and not undone',
  async ({ url }, t) => {
    const shop = await versions(t, ...served);
    await shop.serve(url);
    const build = await shop.add('v1', files);
    const missing = (...names: readonly string[]) =>
      assert.rejects(
        withMigration(state, build),
        (error) =>
          error instanceof TealError &&
          error.code === 'migration-order' &&
          error.message.includes(`brings ${names.join(', ')} beside 0006`) &&
          error.remedy.includes(`newest migration is ${names[0]} first`),
      );
    await missing('0004', '0005');
    const made = (name: string) =>
      migration(name, {
        expand: `CREATE TABLE t${name} (id int PRIMARY KEY);`,
        undo: `DROP TABLE t${name};`,
      });
    await run({ url }, made('0004'), 'expand');
    await missing('0005');
    await run({ url }, made('0005'), 'expand');
    assert.deepEqual((await withMigration(state, build)).migration, { name: '0006', phases: ['expand'] });
    await run({ url }, made('0004'), 'undo');
    await missing('0004');
  },
  // The record is the same for all versions.
  [18],
);

test('a server that is away is asked only where something seems to be left out', async (t) => {
  const shop = await versions(t, ...served);
  const build = await shop.add('v1', files);
  await assert.rejects(
    withMigration(state, build),
    (error) => error instanceof TealError && error.code === 'database-unavailable',
  );
  const done = { ...state, contracted: ['0003', '0004', '0005'] };
  assert.equal((await withMigration(done, build)).migration?.name, '0006');
  assert.equal(
    (await withMigration(nothing('shop'), build)).migration?.name,
    '0006',
    'nothing is known of before',
  );
});
