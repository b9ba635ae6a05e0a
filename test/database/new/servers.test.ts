// Both versions write all the time, while a migration goes forward, back, forward again, and to its end.
import assert from 'node:assert/strict';
import type { Client } from 'pg';
import { addForeignKey, addUnique } from '../../../src/database/new/constraints.ts';
import { changeType, renameColumn, split } from '../../../src/database/new/columns.ts';
import { columnNamed, tableNamed } from '../../../src/database/new/names.ts';
import { drop } from '../../../src/database/new/drop.ts';
import { renameTable } from '../../../src/database/new/rename-table.ts';
import { setNotNull } from '../../../src/database/new/set-not-null.ts';
import { schemaOf } from '../../../src/database/lint/lint.ts';
import { nothingKnown } from '../../../src/database/sql/known.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { runSql } from '../run-sql.ts';
import { onServers } from '../server.ts';
import { write, type Version } from './writer.ts';

const parser = await loadParser();

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function rowsOf(client: Client, sql: string): Promise<readonly Record<string, unknown>[]> {
  return (await client.query<Record<string, unknown>>(sql)).rows;
}

onServers(
  'a column is renamed while old and new versions write: nothing fails, nothing differs, nothing is lost',
  async (server, context) => {
    const client = await server.connect();
    await client.query(
      "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL DEFAULT '', other int NOT NULL DEFAULT 0)",
    );
    await client.query("INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, 5000) i");
    const files = renameColumn(
      columnNamed('users.name'),
      'full_name',
      { type: 'text', notNull: true, default: "''" },
      nothingKnown,
    );
    const v1: Version = { name: 'v1', column: 'name', table: 'users' };
    const v2: Version = { name: 'v2', column: 'full_name', table: 'users' };
    const failures: string[] = [];
    let sent = 0;
    const same = async (): Promise<void> => {
      assert.deepEqual(
        await rowsOf(
          client,
          'SELECT id, name, full_name FROM users WHERE full_name IS DISTINCT FROM name LIMIT 5',
        ),
        [],
      );
    };

    const old = [await write(server, v1, failures), await write(server, v1, failures)];
    await runSql(client, parser, files.expand);
    await pause(100);
    await runSql(client, parser, files.backfill);
    await same();
    const canary = [await write(server, v2, failures), await write(server, v2, failures)];
    await pause(300);
    await same();
    for (const each of canary) sent += await each.stop();
    await runSql(client, parser, files.undo);
    await pause(100);
    assert.deepEqual(failures, [], 'after undo');

    await runSql(client, parser, files.expand);
    await runSql(client, parser, files.backfill);
    const all = [await write(server, v2, failures), await write(server, v2, failures)];
    await pause(200);
    for (const each of old) sent += await each.stop();
    await same();
    const before = await rowsOf(client, 'SELECT count(*)::int AS n FROM users');
    await runSql(client, parser, files.contract);
    await pause(100);
    for (const each of all) sent += await each.stop();
    assert.deepEqual(failures, []);
    assert(sent > 200, `${sent} statements are too few to say anything`);
    const after = await rowsOf(
      client,
      'SELECT count(*)::int AS n, count(*) FILTER (WHERE full_name IS NULL)::int AS empty FROM users',
    );
    assert.equal(after[0]?.['empty'], 0);
    assert(Number(after[0]?.['n']) >= Number(before[0]?.['n']));
    assert.deepEqual(await left(client), {
      columns: ['full_name', 'id', 'other'],
      triggers: 0,
      functions: 0,
      checks: 0,
      tables: 1,
    });
    const defaults = await rowsOf(client, 'INSERT INTO users (other) VALUES (1) RETURNING full_name');
    assert.deepEqual(defaults, [{ full_name: '' }]);
    context.diagnostic(`${sent} statements of both versions`);
  },
);

/** What is left of a migration. */
async function left(client: Client): Promise<Record<string, unknown>> {
  const [row] = await rowsOf(
    client,
    `SELECT (SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped) AS columns,
      (SELECT count(*)::int FROM pg_trigger WHERE NOT tgisinternal) AS triggers,
      (SELECT count(*)::int FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS functions,
      (SELECT count(*)::int FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace) AS checks,
      (SELECT count(*)::int FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) AS tables`,
  );
  return row ?? {};
}

onServers('each side of a sync follows the other, whoever writes', async (server) => {
  const client = await server.connect();
  await client.query("CREATE TABLE users (id serial PRIMARY KEY, name text DEFAULT 'none', other int)");
  const files = renameColumn(
    columnNamed('users.name'),
    'full_name',
    { type: 'text', default: "'none'" },
    nothingKnown,
  );
  await client.query("INSERT INTO users (id, name) VALUES (1, 'early'), (2, NULL)");
  await runSql(client, parser, files.expand);
  const steps: readonly (readonly [sql: string, id: number, both: string | null])[] = [
    ["INSERT INTO users (id, name) VALUES (10, 'old')", 10, 'old'],
    ["INSERT INTO users (id, full_name) VALUES (11, 'new')", 11, 'new'],
    ['INSERT INTO users (id, other) VALUES (12, 1)', 12, 'none'],
    ["INSERT INTO users (id, name, full_name) VALUES (13, 'old', 'new')", 13, 'new'],
    ['INSERT INTO users (id, name) VALUES (14, NULL)', 14, null],
    ["UPDATE users SET name = 'old again' WHERE id = 11", 11, 'old again'],
    ["UPDATE users SET full_name = 'new again' WHERE id = 10", 10, 'new again'],
    ["UPDATE users SET name = 'a', full_name = 'b' WHERE id = 10", 10, 'b'],
    ['UPDATE users SET full_name = NULL WHERE id = 10', 10, null],
    ['UPDATE users SET name = NULL WHERE id = 11', 11, null],
    ['UPDATE users SET other = 1 WHERE id = 1', 1, 'early'],
    ['UPDATE users SET other = 1 WHERE id = 2', 2, null],
    [
      "INSERT INTO users (id, full_name) VALUES (12, 'up') ON CONFLICT (id) DO UPDATE SET full_name = EXCLUDED.full_name",
      12,
      'up',
    ],
    [
      "INSERT INTO users (id, name) VALUES (12, 'down') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name",
      12,
      'down',
    ],
  ];
  for (const [sql, id, both] of steps) {
    await client.query(sql);
    const [row] = await rowsOf(client, `SELECT name, full_name FROM users WHERE id = ${id}`);
    assert.deepEqual(row, { name: both, full_name: both }, sql);
  }
});

onServers(
  'another type: what the old type cannot hold is kept aside by undo, and comes back',
  async (server) => {
    const client = await server.connect();
    await client.query('CREATE TABLE users (id int PRIMARY KEY, age int)');
    await client.query('INSERT INTO users SELECT i, i FROM generate_series(1, 1000) i');
    const files = changeType(
      columnNamed('users.age'),
      { to: 'bigint', as: 'age_long' },
      { type: 'integer' },
      nothingKnown,
    );
    const forward = async (): Promise<void> => {
      await runSql(client, parser, files.expand);
      await runSql(client, parser, files.backfill);
    };
    const row = async (id: number): Promise<unknown> =>
      (await rowsOf(client, `SELECT age, age_long FROM users WHERE id = ${id}`))[0];
    await forward();
    await client.query('UPDATE users SET age_long = 5000000000 WHERE id IN (1, 2, 3)');
    await client.query('UPDATE users SET age_long = 7 WHERE id = 4');
    assert.deepEqual(
      [await row(1), await row(4)],
      [
        { age: null, age_long: '5000000000' },
        { age: 7, age_long: '7' },
      ],
    );
    await runSql(client, parser, files.undo);
    // The old version writes on: what it writes is newer than what was kept.
    await client.query('UPDATE users SET age = 8 WHERE id = 2');
    await runSql(client, parser, files.expand);
    // Undone before the backfill has brought anything back: it is still there the next time.
    await runSql(client, parser, files.undo);
    await forward();
    assert.deepEqual(
      [await row(1), await row(2), await row(3), await row(4)],
      [
        { age: null, age_long: '5000000000' },
        { age: 8, age_long: '8' },
        { age: null, age_long: '5000000000' },
        { age: 7, age_long: '7' },
      ],
    );
    await runSql(client, parser, files.contract);
    assert.deepEqual(await left(client), {
      columns: ['age_long', 'id'],
      triggers: 0,
      functions: 0,
      checks: 0,
      tables: 1,
    });
  },
);

onServers(
  'one column becomes two: a way there and back that is not the same changes nothing of the old side',
  async (server) => {
    const client = await server.connect();
    await client.query('CREATE TABLE users (id int PRIMARY KEY, name text)');
    await client.query(
      "INSERT INTO users VALUES (1, 'Ada Lovelace'), (2, 'Ada  King  Lovelace'), (3, NULL), (4, 'Plato')",
    );
    const files = split(
      columnNamed('users.name'),
      ['first', 'last'],
      { up: ["split_part(name, ' ', 1)", "split_part(name, ' ', 2)"], down: "concat_ws(' ', first, last)" },
      nothingKnown,
    );
    await runSql(client, parser, files.expand);
    await runSql(client, parser, files.backfill);
    const all = (): Promise<readonly Record<string, unknown>[]> =>
      rowsOf(client, 'SELECT * FROM users ORDER BY id');
    assert.deepEqual(await all(), [
      { id: 1, name: 'Ada Lovelace', first: 'Ada', last: 'Lovelace' },
      { id: 2, name: 'Ada  King  Lovelace', first: 'Ada', last: '' },
      { id: 3, name: null, first: null, last: null },
      { id: 4, name: 'Plato', first: 'Plato', last: '' },
    ]);
    await client.query("UPDATE users SET first = 'Mary Ann', last = 'Evans' WHERE id = 1");
    await client.query("UPDATE users SET last = 'of Athens' WHERE id = 4");
    await client.query("INSERT INTO users (id, name) VALUES (5, 'Grace Hopper')");
    await runSql(client, parser, files.undo);
    assert.deepEqual(await rowsOf(client, 'SELECT name FROM users ORDER BY id'), [
      { name: 'Mary Ann Evans' },
      { name: 'Ada  King  Lovelace' },
      { name: null },
      { name: 'Plato of Athens' },
      { name: 'Grace Hopper' },
    ]);
    await runSql(client, parser, files.expand);
    await runSql(client, parser, files.backfill);
    assert.deepEqual((await all())[0], { id: 1, name: 'Mary Ann Evans', first: 'Mary Ann', last: 'Evans' });
    assert.deepEqual((await all())[3], { id: 4, name: 'Plato of Athens', first: 'Plato', last: 'of Athens' });
    await runSql(client, parser, files.contract);
    assert.deepEqual((await left(client))['columns'], ['first', 'id', 'last']);
  },
);

onServers(
  'NOT NULL: what the old version leaves out is filled in, and afterwards refused',
  async (server) => {
    const client = await server.connect();
    await client.query('CREATE TABLE users (id int PRIMARY KEY, email text)');
    await client.query(
      "INSERT INTO users SELECT i, CASE WHEN i % 2 = 0 THEN 'e' || i END FROM generate_series(1, 1000) i",
    );
    const files = setNotNull(columnNamed('users.email'), "'nobody' || id");
    await runSql(client, parser, files.expand);
    await client.query('INSERT INTO users (id) VALUES (2001)');
    await client.query('UPDATE users SET email = NULL WHERE id = 2');
    await runSql(client, parser, files.backfill);
    assert.deepEqual(await rowsOf(client, 'SELECT email FROM users WHERE id IN (1, 2, 2001) ORDER BY id'), [
      { email: 'nobody1' },
      { email: 'nobody2' },
      { email: 'nobody2001' },
    ]);
    await runSql(client, parser, files.undo);
    await client.query('INSERT INTO users (id) VALUES (2002)');
    await runSql(client, parser, files.expand);
    await runSql(client, parser, files.backfill);
    await runSql(client, parser, files.contract);
    await assert.rejects(
      client.query('INSERT INTO users (id) VALUES (2003)'),
      /null value in column "email"/,
    );
    assert.deepEqual(await left(client), {
      columns: ['email', 'id'],
      triggers: 0,
      functions: 0,
      checks: 0,
      tables: 1,
    });
  },
);

onServers('a table is renamed while both versions write', async (server) => {
  const client = await server.connect();
  await client.query(
    "CREATE ROLE app; CREATE TABLE users (id serial PRIMARY KEY, name text DEFAULT 'none', other int DEFAULT 0)",
  );
  await client.query("INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, 500) i");
  const files = renameTable(tableNamed('users'), 'people', ['app']);
  const failures: string[] = [];
  const old = await write(server, { name: 'v1', column: 'name', table: 'users' }, failures);
  await runSql(client, parser, files.expand);
  const canary = await write(server, { name: 'v2', column: 'name', table: 'people' }, failures);
  await pause(150);
  await canary.stop();
  await runSql(client, parser, files.undo);
  await pause(50);
  await runSql(client, parser, files.expand);
  const all = await write(server, { name: 'v2', column: 'name', table: 'people' }, failures);
  await pause(150);
  await old.stop();
  await runSql(client, parser, files.contract);
  await pause(100);
  await all.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual(
    await rowsOf(
      client,
      "SELECT relname::text AS name, relkind::text AS kind FROM pg_class WHERE relname IN ('users', 'people')",
    ),
    [{ name: 'people', kind: 'r' }],
  );
});

onServers(
  'unique, foreign key and drop: the end is what was asked for, undo leaves nothing, names may need quotes',
  async (server) => {
    const client = await server.connect();
    await client.query(
      'CREATE SCHEMA "Shop"; CREATE TABLE "Shop"."User" (id int PRIMARY KEY, "E mail" text, fax text NOT NULL, "order" int)',
    );
    await client.query('CREATE TABLE users (id int PRIMARY KEY)');
    await client.query('INSERT INTO users SELECT generate_series(1, 100)');
    await client.query(
      'INSERT INTO "Shop"."User" SELECT i, \'e\' || i, \'f\', i FROM generate_series(1, 100) i',
    );
    const mail = columnNamed('Shop.User.E mail');
    const constraints = (): Promise<readonly Record<string, unknown>[]> =>
      rowsOf(
        client,
        `SELECT contype::text AS type, convalidated AS valid FROM pg_constraint WHERE conrelid = '"Shop"."User"'::regclass AND contype IN ('u', 'f') ORDER BY 1`,
      );
    const indexes = (): Promise<readonly Record<string, unknown>[]> =>
      rowsOf(client, `SELECT count(*)::int AS n FROM pg_index WHERE indrelid = '"Shop"."User"'::regclass`);
    for (const files of [
      addUnique(mail, true),
      addForeignKey(columnNamed('Shop.User.order'), columnNamed('users.id')),
    ]) {
      await runSql(client, parser, files.expand);
      await runSql(client, parser, files.backfill);
      await runSql(client, parser, files.undo);
      assert.deepEqual([await constraints(), await indexes()], [[], [{ n: 1 }]]);
    }
    for (const files of [
      addUnique(mail, false),
      addForeignKey(columnNamed('Shop.User.order'), columnNamed('users.id')),
      renameColumn(mail, 'select', { type: 'text' }, nothingKnown),
      drop('column', 'Shop.User.fax', "''", nothingKnown),
    ]) {
      await runSql(client, parser, files.expand);
      await client.query('UPDATE "Shop"."User" SET id = id WHERE id < 5');
      await runSql(client, parser, files.backfill);
      await runSql(client, parser, files.contract);
    }
    // The unique constraint went with its column: the new one has none, since nothing told of it.
    assert.deepEqual(await constraints(), [{ type: 'f', valid: true }]);
    assert.deepEqual(await rowsOf(client, 'SELECT * FROM "Shop"."User" WHERE id = 7'), [
      { id: 7, order: 7, select: 'e7' },
    ]);
  },
);

onServers(
  'what is written for a partitioned table runs: on each partition, forward, back, and to its end',
  async (server) => {
    const client = await server.connect();
    const schema = `
      CREATE TABLE people (id int PRIMARY KEY);
      CREATE TABLE events (id int, day int, kind text, person int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
      CREATE INDEX events_kind ON events (kind);
      CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
      CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
      CREATE SCHEMA "Odd";
      CREATE TABLE "Odd"."Rest" PARTITION OF events_2 DEFAULT;
      CREATE TABLE days (day int) PARTITION BY LIST (day);
      CREATE TABLE days_1 PARTITION OF days FOR VALUES IN (1);
      CREATE TABLE days_rest PARTITION OF days DEFAULT;
    `;
    await client.query(schema);
    await client.query('INSERT INTO people VALUES (1)');
    await client.query("INSERT INTO events SELECT i, i % 20, 'k' || i, 1 FROM generate_series(1, 500) i");
    const known = schemaOf([{ path: 'schema.sql', text: schema }], parser);
    const made = [
      renameColumn(columnNamed('events.kind'), 'sort', { key: ['id', 'day'] }, known),
      addUnique(columnNamed('days.day'), true, known),
      addForeignKey(columnNamed('events.person'), columnNamed('people.id'), known),
    ];
    for (const files of made) {
      for (const phase of ['expand', 'backfill', 'undo', 'expand', 'backfill', 'contract'] as const)
        await runSql(client, parser, files[phase]);
      assert.deepEqual(
        await rowsOf(client, 'SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid'),
        [],
      );
    }
    assert.deepEqual(
      await rowsOf(client, "SELECT count(*)::int AS n FROM events WHERE sort IS DISTINCT FROM 'k' || id"),
      [{ n: 0 }],
    );
    await client.query('INSERT INTO days VALUES (1), (7)');
    await assert.rejects(client.query('INSERT INTO days VALUES (7)'), /days_rest/);
    await assert.rejects(
      client.query('INSERT INTO events (id, day, person) VALUES (900, 12, 2)'),
      /foreign key/,
    );
    assert.deepEqual(await rowsOf(client, 'SELECT conname FROM pg_constraint WHERE NOT convalidated'), []);
    await runSql(client, parser, made[1]?.undo ?? '');
    await runSql(client, parser, addUnique(columnNamed('days.day'), false, known).contract);
    await assert.rejects(client.query('INSERT INTO days VALUES (7)'), /days_rest/);
    await runSql(
      client,
      parser,
      drop('index', 'events_kind', undefined, known).contract.replace(
        'INDEX events_kind',
        'INDEX events_sort',
      ),
    );
  },
);
