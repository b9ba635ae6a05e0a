// The way of a migration through its phases, there and back: what is recorded, what is refused, what is kept.
import assert from 'node:assert/strict';
import { renameColumn } from '../../../src/database/new/columns.ts';
import { columnNamed } from '../../../src/database/new/names.ts';
import { databaseStatus } from '../../../src/database/run/status.ts';
import { nothingKnown } from '../../../src/database/sql/known.ts';
import type { TealError } from '../../../src/errors.ts';
import { onServers } from '../server.ts';
import { code, migration, only, rowsOf, run, users } from './migration.ts';

const renaming = migration(
  '0001-rename',
  renameColumn(columnNamed('users.name'), 'full_name', { type: 'text', notNull: true }, nothingKnown),
);

onServers(
  'a rename goes all the way, back, and again; each phase only after the one before it',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 3000);
    await assert.rejects(run({ url }, renaming, 'backfill'), code('migration-order'));
    await assert.rejects(run({ url }, renaming, 'undo'), code('migration-order'));
    const first = await run({ url }, renaming, 'expand');
    assert.equal(first.ran, first.steps);
    assert.equal((await run({ url }, renaming, 'expand')).ran, 0);
    await assert.rejects(run({ url }, renaming, 'contract'), code('migration-order'));
    const filled = await run({ url }, renaming, 'backfill');
    assert.equal(only(filled.events, 'progress').at(-1)?.changed, 3000);
    assert.deepEqual(
      await rowsOf(client, 'SELECT count(*)::int AS n FROM users WHERE full_name IS DISTINCT FROM name'),
      [{ n: 0 }],
    );
    await run({ url }, renaming, 'undo');
    assert.equal((await run({ url }, renaming, 'undo')).ran, 0);
    await assert.rejects(run({ url }, renaming, 'backfill'), code('migration-order'));
    assert.equal((await run({ url }, renaming, 'expand')).round, 2);
    await run({ url }, renaming, 'backfill');
    await run({ url }, renaming, 'contract');
    await assert.rejects(run({ url }, renaming, 'undo'), code('migration-order'));
    assert.deepEqual(
      await rowsOf(
        client,
        "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped",
      ),
      [{ name: 'id' }, { name: 'full_name' }],
    );
    const status = await databaseStatus(url);
    assert.deepEqual(
      status.migrations.map(({ migration: name, round, phases }) => [
        name,
        round,
        phases.map(({ state }) => state),
      ]),
      [['0001-rename', 2, ['done', 'done', 'not begun', 'done']]],
    );
    assert.equal(status.running, null);
  },
);

onServers(
  'what fails half-way is taken back and recorded up to there; a corrected step goes on, a changed one is refused',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 10);
    const good = 'ALTER TABLE users ADD COLUMN a int;\n';
    const bad =
      'BEGIN; ALTER TABLE users ADD COLUMN b int; ALTER TABLE users ADD CONSTRAINT c CHECK (id > 5); COMMIT;';
    await assert.rejects(run({ url }, migration('m', { expand: good + bad }), 'expand'), (error) => {
      code('migration-failed')(error);
      assert.match(
        (error as TealError).message,
        /^Step 2 of expand failed: check constraint "c"[^]*SQLSTATE 23514/,
      );
      return true;
    });
    const has = await rowsOf(
      client,
      "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 2",
    );
    assert.deepEqual(has, [{ name: 'a' }]);
    // A comment is no change; another statement is.
    const corrected = bad.replace('id > 5', 'id > 0');
    await assert.rejects(
      run({ url }, migration('m', { expand: good.replace('int', 'bigint') + corrected }), 'expand'),
      code('migration-changed'),
    );
    const went = await run({ url }, migration('m', { expand: `-- why\n${good}${corrected}` }), 'expand');
    assert.equal(went.ran, 1);
    await assert.rejects(
      run(
        { url },
        migration('m', { expand: good + corrected + 'ALTER TABLE users ADD COLUMN d int;' }),
        'expand',
      ),
      code('migration-changed'),
    );
  },
);

onServers(
  'an expand that failed half-way can be undone: what it has not made is passed over',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 10);
    const half = migration('m', {
      expand: 'ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b nosuch;',
      undo: 'ALTER TABLE users DROP COLUMN b; ALTER TABLE users DROP COLUMN a; DROP VIEW v;',
    });
    await assert.rejects(run({ url }, half, 'expand'), code('schema-drift'));
    const undone = await run({ url }, half, 'undo');
    assert.deepEqual(
      only(undone.events, 'notice').map(({ text }) => text),
      ['Nothing to undo: ALTER TABLE users DROP COLUMN b', 'Nothing to undo: DROP VIEW v'],
    );
    assert.deepEqual(
      await rowsOf(
        client,
        "SELECT count(*)::int AS n FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 2 AND NOT attisdropped",
      ),
      [{ n: 0 }],
    );
  },
);

onServers(
  'undo keeps aside what only the new version has written, and the next backfill brings it back',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 50);
    const adding = migration('0002 likes', {
      expand: `ALTER TABLE users ADD COLUMN likes text, ADD COLUMN level int DEFAULT 1, ADD COLUMN short text;
      CREATE TABLE notes (id serial PRIMARY KEY, user_id int, text text);`,
      backfill:
        'UPDATE users SET short = left(name, 2) WHERE short IS NULL; SELECT count(*) FROM users WHERE short IS NULL',
      undo: 'DROP TABLE notes; ALTER TABLE users DROP COLUMN likes, DROP COLUMN level, DROP COLUMN short',
      contract: '',
    });
    const forward = async (): Promise<void> => {
      await run({ url }, adding, 'expand');
      await run({ url }, adding, 'backfill');
    };
    await forward();
    await client.query(
      "UPDATE users SET likes = 'tea', level = 7, short = 'XX' WHERE id IN (3, 4, 5); INSERT INTO notes (user_id, text) VALUES (3, 'hello'), (4, 'there')",
    );
    await run({ url }, adding, 'undo');
    const saved = await rowsOf(
      client,
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '_teal' AND table_name LIKE 'saved%' ORDER BY 1",
    );
    assert.deepEqual(saved, [{ name: 'saved_0002_likes_notes' }, { name: 'saved_0002_likes_users' }]);
    // What the old version writes meanwhile is newer than what was made from it.
    await client.query("UPDATE users SET name = 'zz' WHERE id = 4; DELETE FROM users WHERE id = 5");
    await forward();
    assert.deepEqual(
      await rowsOf(client, 'SELECT id, likes, level, short FROM users WHERE id IN (3, 4, 6) ORDER BY id'),
      [
        { id: 3, likes: 'tea', level: 7, short: 'XX' },
        { id: 4, likes: null, level: 1, short: 'zz' },
        { id: 6, likes: null, level: 1, short: 'n6' },
      ],
    );
    assert.deepEqual(await rowsOf(client, "INSERT INTO notes (text) VALUES ('next') RETURNING id"), [
      { id: 3 },
    ]);
    assert.deepEqual(
      await rowsOf(
        client,
        "SELECT FROM information_schema.tables WHERE table_schema = '_teal' AND table_name LIKE 'saved%'",
      ),
      [],
    );
  },
);

onServers(
  'where nothing says how to take back what expand has made, undo does not say that it has',
  async ({ url }) => {
    const files = { expand: 'CREATE TABLE a (id int PRIMARY KEY)' };
    await run({ url }, migration('m', files), 'expand');
    await assert.rejects(run({ url }, migration('m', files), 'undo'), code('migration-order'));
    assert.equal((await run({ url }, migration('m', { ...files, undo: 'DROP TABLE a' }), 'undo')).ran, 2);
    assert.equal((await run({ url }, migration('m', files), 'expand')).round, 2);
  },
  [18],
);

onServers(
  'an index that the server has refused to make has not run: its step may be corrected, and another one by that name is not taken for it',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 3);
    await client.query('CREATE INDEX taken ON users (id)');
    const of = (name: string): ReturnType<typeof migration> =>
      migration('m', { expand: `CREATE INDEX CONCURRENTLY ${name} ON users (name)` });
    for (let tries = 0; tries < 2; tries++)
      await assert.rejects(run({ url }, of('taken'), 'expand'), code('schema-drift'));
    assert.equal((await run({ url }, of('free'), 'expand')).ran, 1);
  },
);
