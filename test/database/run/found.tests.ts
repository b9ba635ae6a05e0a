// What a run finds in a database: indexes that failed, changes by hand, rights that are missing.
import assert from 'node:assert/strict';
import { columnNamed } from '../../../src/database/new/names.ts';
import { schemaOf } from '../../../src/database/lint/lint.ts';
import { renameColumn } from '../../../src/database/new/columns.ts';
import { addForeignKey, addUnique } from '../../../src/database/new/constraints.ts';
import { databaseStatus } from '../../../src/database/run/status.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
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
      assert.match((error as TealError).remedy, /column users\.a integer: is now column users\.a bigint\n/);
      assert.match((error as TealError).remedy, /index users_a: .+: is not there any more/);
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
      // A member of a superuser could do anything.
      assert.equal(
        (error as TealError).remedy,
        `Give it to the role that changes it: ALTER TABLE users OWNER TO deployer_${database};`,
      );
      return true;
    });
    await client.query(
      `DROP ROLE IF EXISTS owner_${database}; CREATE ROLE owner_${database}; ALTER TABLE users OWNER TO owner_${database}`,
    );
    await assert.rejects(run({ url: theirs.href }, adding, 'expand'), (error: unknown) => {
      assert.match(
        (error as TealError).remedy,
        new RegExp(`GRANT owner_${database} TO deployer_${database};`),
      );
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

onServers(
  'what is written for a partitioned table runs in phases, with its backfill, forward and back',
  async ({ url, connect }) => {
    const client = await connect();
    const schema = `
      CREATE TABLE people (id int PRIMARY KEY);
      CREATE TABLE logs (id int, day int, kind text, person int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
      CREATE INDEX logs_kind ON logs (kind);
      CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (10);
      CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM (10) TO (20);
    `;
    await client.query(schema);
    await client.query('INSERT INTO people VALUES (1)');
    await client.query("INSERT INTO logs SELECT i, i % 20, 'k' || i, 1 FROM generate_series(1, 500) i");
    const known = schemaOf([{ path: 'schema.sql', text: schema }], await loadParser());
    const made = [
      renameColumn(columnNamed('logs.kind'), 'sort', { key: ['id', 'day'] }, known),
      addForeignKey(columnNamed('logs.person'), columnNamed('people.id'), known),
    ];
    for (const [at, files] of made.entries())
      for (const phase of ['expand', 'backfill', 'undo', 'expand', 'backfill', 'contract'] as const)
        await run({ url }, migration(`m${at}`, files), phase);
    const broken = `SELECT (SELECT count(*) FROM pg_index WHERE NOT indisvalid)::int AS indexes,
      (SELECT count(*) FROM pg_constraint WHERE NOT convalidated)::int AS constraints,
      (SELECT count(*) FROM logs WHERE sort IS DISTINCT FROM 'k' || id)::int AS rows`;
    assert.deepEqual(await rowsOf(client, broken), [{ indexes: 0, constraints: 0, rows: 0 }]);
  },
);
