// What a run finds in a database: indexes that failed, changes by hand, rights that are missing.
import assert from 'node:assert/strict';
import { columnNamed } from '../../../src/database/new/columns.ts';
import { addUnique } from '../../../src/database/new/constraints.ts';
import { databaseStatus } from '../../../src/database/run/status.ts';
import type { TealError } from '../../../src/errors.ts';
import { onServers } from '../server.ts';
import { code, migration, only, rowsOf, run, users } from './migration.ts';

onServers(
  'an invalid index is dropped and made again; one that cannot be built is not left behind',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 100);
    await client.query("INSERT INTO users (name) VALUES ('n1')");
    await assert.rejects(
      client.query('CREATE UNIQUE INDEX CONCURRENTLY users_name_key ON users (name)'),
      /could not create/,
    );
    const index = "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('users_name_key')";
    assert.deepEqual(await rowsOf(client, index), [{ valid: false }]);
    const unique = migration('m', {
      expand: 'CREATE UNIQUE INDEX CONCURRENTLY users_name_key ON users (name)',
    });
    await assert.rejects(run({ url }, unique, 'expand'), code('migration-failed'));
    assert.deepEqual(await rowsOf(client, index), []);
    await client.query('DELETE FROM users WHERE id = (SELECT max(id) FROM users)');
    await run({ url }, unique, 'expand');
    assert.deepEqual(await rowsOf(client, index), [{ valid: true }]);
    const generated = migration('n', addUnique(columnNamed('users.id'), true));
    for (const phase of ['expand', 'backfill', 'contract'] as const) await run({ url }, generated, phase);
  },
);

onServers(
  'a schema that somebody changed by hand is told, with what is missing',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 10);
    const adding = migration('m', {
      expand: 'ALTER TABLE users ADD COLUMN a int; CREATE INDEX CONCURRENTLY users_a ON users (a)',
      contract: 'ALTER TABLE users DROP COLUMN name',
    });
    await run({ url }, adding, 'expand');
    await client.query(
      'ALTER TABLE users ADD COLUMN other int; DROP INDEX users_a; ALTER TABLE users ALTER COLUMN a TYPE bigint',
    );
    await assert.rejects(run({ url }, adding, 'backfill'), (error: unknown) => {
      code('schema-drift')(error);
      const missing = (error as TealError).details['missing'] as readonly string[];
      assert.deepEqual(
        missing.map((line) => line.split(':')[0]),
        ['column users.a integer', 'index users_a'],
      );
      return true;
    });
    await run({ url, acceptDrift: true }, adding, 'backfill');
    await client.query('CREATE TABLE taken (id int)');
    await assert.rejects(
      run({ url }, migration('n', { expand: 'CREATE TABLE taken (id int)' }), 'expand'),
      code('schema-drift'),
    );
  },
);

onServers(
  'a role that is no superuser: what it may not do is said before anything runs',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 10);
    const database = new URL(url).pathname.slice(1);
    await client.query(`DROP ROLE IF EXISTS deployer_${database}; CREATE ROLE deployer_${database} LOGIN`);
    const theirs = new URL(url);
    theirs.username = `deployer_${database}`;
    const adding = migration('m', {
      expand: 'ALTER TABLE users ADD COLUMN a int',
      backfill: 'UPDATE users SET a = 1 WHERE a IS NULL',
    });
    await assert.rejects(run({ url: theirs.href }, adding, 'expand'), (error: unknown) => {
      code('database-rights')(error);
      assert.match((error as TealError).remedy, /GRANT CREATE ON DATABASE/);
      return true;
    });
    await client.query(`CREATE SCHEMA _teal AUTHORIZATION deployer_${database}`);
    await assert.rejects(run({ url: theirs.href }, adding, 'expand'), (error: unknown) => {
      code('preflight-failed')(error);
      assert.match((error as TealError).message, /users belongs to postgres/);
      return true;
    });
    await client.query(`ALTER TABLE users OWNER TO deployer_${database}`);
    const { events } = await run({ url: theirs.href }, adding, 'expand');
    assert.match(only(events, 'notice')[0]?.text ?? '', /GRANT pg_monitor/);
    await run({ url: theirs.href }, adding, 'backfill');
    await client.query(`DROP ROLE IF EXISTS other_${database}; CREATE ROLE other_${database} LOGIN`);
    theirs.username = `other_${database}`;
    await assert.rejects(run({ url: theirs.href }, adding, 'expand'), code('database-rights'));
    await assert.rejects(databaseStatus(theirs.href), code('database-rights'));
    theirs.username = 'nobody_at_all';
    await assert.rejects(run({ url: theirs.href }, adding, 'expand'), code('database-unavailable'));
  },
);
