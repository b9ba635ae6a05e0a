// Phases of migrations on real servers: what is recorded, what is refused, what waits for whom.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { renameColumn, columnNamed } from '../../../src/database/new/columns.ts';
import { addUnique } from '../../../src/database/new/constraints.ts';
import { databaseStatus } from '../../../src/database/run/status.ts';
import { nothingKnown } from '../../../src/database/sql/known.ts';
import { TealError } from '../../../src/errors.ts';
import { onServers } from '../server.ts';
import { migration, only, run } from './migration.ts';

const code =
  (wanted: string) =>
  (error: unknown): boolean => {
    if (!(error instanceof TealError)) throw error;
    assert.equal(error.code, wanted, error.message);
    return true;
  };

async function rowsOf(client: Client, sql: string): Promise<readonly Record<string, unknown>[]> {
  return (await client.query<Record<string, unknown>>(sql)).rows;
}

async function users(client: Client, rows: number): Promise<void> {
  await client.query('CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL)');
  await client.query(`INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, ${rows}) i`);
}

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
  'a lock that is not granted: others wait no longer than lock_timeout, and who is in the way is named',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 10);
    const holder = await connect();
    await holder.query(
      "BEGIN; SET application_name = 'report'; SELECT count(*) FROM users WHERE name = 'secret'",
    );
    const adding = migration('m', { expand: 'ALTER TABLE users ADD COLUMN a int' });
    await assert.rejects(
      run({ url, patience: { lockTimeoutMs: 100, deadlineMs: 1000 } }, adding, 'expand'),
      (error: unknown) => {
        code('lock-not-granted')(error);
        const { remedy, details } = error as TealError;
        assert.match(
          remedy,
          /process \d+ \(postgres, report\), idle in transaction for \d\.\d s: .*SELECT count/,
        );
        assert(!remedy.includes('secret'));
        assert((details['tries'] as number) > 1);
        return true;
      },
    );
    let waits = 0;
    const going = run(
      {
        url,
        tell: ({ type }) => {
          if (type === 'waiting') waits += 1;
        },
      },
      adding,
      'expand',
    );
    let longest = 0;
    const reader = await connect();
    const until = performance.now() + 30_000;
    while (waits < 2 && performance.now() < until) {
      const startedAt = performance.now();
      await reader.query('SELECT count(*) FROM users');
      longest = Math.max(longest, performance.now() - startedAt);
    }
    await holder.query('COMMIT');
    await going;
    assert(waits >= 2);
    assert(longest < 2000, `a reader waited ${longest} ms`);
  },
);

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
  'a backfill goes by any key or none, changes each row once, and is not done while its query finds something',
  async ({ url, connect }) => {
    const client = await connect();
    await client.query(
      'CREATE TABLE "Pair" (a int, "B" text, n int DEFAULT 0, PRIMARY KEY ("B", a)); CREATE TABLE bare (v int, w int)',
    );
    await client.query(`INSERT INTO "Pair" SELECT i % 7, 'k' || i, 0 FROM generate_series(1, 2500) i`);
    await client.query('INSERT INTO bare SELECT i FROM generate_series(1, 2500) i');
    const filling = migration('m', {
      expand: '',
      backfill: `UPDATE "Pair" SET n = n + 1;
      UPDATE bare SET w = v WHERE w IS NULL -- and nothing else
      ; DELETE FROM "Pair" p WHERE p.a = 3 OR p.a = 4;
      SELECT count(*) FROM bare WHERE w IS NULL;`,
    });
    await run({ url }, filling, 'expand');
    await run({ url }, filling, 'backfill');
    assert.deepEqual(
      await rowsOf(
        client,
        'SELECT min(n), max(n), count(*) FILTER (WHERE a IN (3, 4))::int AS left FROM "Pair"',
      ),
      [{ min: 1, max: 1, left: 0 }],
    );
    assert.deepEqual(await rowsOf(client, 'SELECT count(*)::int AS n FROM bare WHERE w IS DISTINCT FROM v'), [
      { n: 0 },
    ]);
    const never = migration('n', {
      backfill: 'UPDATE bare SET w = v WHERE false; SELECT v FROM bare WHERE v < 4',
    });
    await run({ url }, never, 'expand');
    await assert.rejects(run({ url }, never, 'backfill'), /3 are left/);
    await client.query('DELETE FROM bare WHERE v < 4');
    await run({ url }, never, 'backfill');
    await assert.rejects(
      run({ url }, migration('o', { backfill: 'UPDATE bare SET w = w + 1' }), 'expand').then(() =>
        run({ url }, migration('o', { backfill: 'UPDATE bare SET w = w + 1' }), 'backfill'),
      ),
      code('migration-invalid'),
    );
  },
);

onServers(
  'a backfill pauses for whoever says so, and for sessions that wait for locks',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 500);
    await client.query('CREATE TABLE other (v int)');
    const holder = await connect();
    await holder.query('BEGIN; LOCK TABLE other');
    const waiters = await Promise.all(Array.from({ length: 6 }, () => connect()));
    const waiting = waiters.map((each) => each.query('SELECT FROM other'));
    const filling = migration('m', { backfill: "UPDATE users SET name = name || '!'" });
    await run({ url }, filling, 'expand');
    let asked = 0;
    const said: string[] = [];
    await run(
      {
        url,
        throttle: () => Promise.resolve(asked++ === 0 ? 'errors of the router' : null),
        tell: (event) => {
          if (event.type !== 'paused') return;
          said.push(event.why);
          if (said.length === 1) void holder.query('COMMIT');
        },
      },
      filling,
      'backfill',
    );
    await Promise.all(waiting);
    assert.deepEqual(said, ['6 sessions wait for locks (at most 5)', 'errors of the router']);
    assert.deepEqual(
      await rowsOf(
        client,
        "SELECT count(*)::int AS n FROM users WHERE name NOT LIKE '%_!' OR name LIKE '%!!'",
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

onServers('two at once: the second waits its turn, and says who has it', async ({ url, connect }) => {
  const client = await connect();
  await users(client, 10);
  const slow = migration('m', { expand: 'SELECT pg_sleep(1.5); ALTER TABLE users ADD COLUMN a int' });
  let other: Promise<unknown> | undefined;
  await run(
    {
      url,
      tell: ({ type }) => {
        if (type === 'step-started')
          other ??= assert.rejects(run({ url, turnMs: 300 }, slow, 'expand'), code('migration-busy'));
      },
    },
    slow,
    'expand',
  );
  await other;
  assert.deepEqual(await rowsOf(client, 'SELECT epoch::int FROM _teal.epoch'), [{ epoch: 1 }]);
});

onServers(
  'an interrupt takes back what is under way, and the same command goes on',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 2000);
    const slow = migration('m', {
      expand:
        'ALTER TABLE users ADD COLUMN a int; BEGIN; ALTER TABLE users ADD COLUMN b int; SELECT pg_sleep(60); COMMIT;',
    });
    const stop = new AbortController();
    const going = run(
      {
        url,
        signal: stop.signal,
        tell: (event) => {
          if (event.type === 'step-started' && event.step === 2) setTimeout(() => stop.abort(), 200);
        },
      },
      slow,
      'expand',
    );
    await assert.rejects(going, code('migration-interrupted'));
    const quick = migration('m', {
      expand: 'ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b int',
    });
    assert.equal((await run({ url }, quick, 'expand')).ran, 1);
    const filling = migration('m', {
      expand: 'ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b int',
      backfill: 'UPDATE users SET a = coalesce(a, 0) + 1',
    });
    const halt = new AbortController();
    await assert.rejects(
      run(
        {
          url,
          signal: halt.signal,
          tell: (event) => {
            if (event.type === 'progress') halt.abort();
          },
        },
        filling,
        'backfill',
      ),
      code('migration-interrupted'),
    );
    const half = await rowsOf(client, 'SELECT count(*)::int AS n FROM users WHERE a = 1');
    assert.deepEqual(half, [{ n: 200 }]);
    await run({ url }, filling, 'backfill');
    assert.deepEqual(await rowsOf(client, 'SELECT min(a), max(a) FROM users'), [{ min: 1, max: 1 }]);
    await sleep(0);
  },
);

onServers(
  'a command of another tool gets the database and a short lock_timeout, and is run again when it got no lock',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 10);
    const holder = await connect();
    await holder.query('BEGIN; SELECT FROM users');
    const script = `const { Client } = (await import('pg')).default;
    const client = new Client({ connectionString: process.env.DATABASE_URL });
    await client.connect();
    try { await client.query('ALTER TABLE users ADD COLUMN IF NOT EXISTS ' + process.env.TEAL_PHASE + ' int'); }
    catch (error) { console.error(error.message); process.exitCode = 1; }
    await client.end();`;
    const command = `"${process.execPath}" --input-type=module -e "${script.replaceAll('\n', ' ').replaceAll('"', '\\"')}"`;
    const hooked = {
      ...migration('m', {}),
      phases: {
        ...migration('m', {}).phases,
        expand: [{ run: command }],
        backfill: [{ run: 'echo no; exit 3' }],
      },
    };
    const { events } = await run(
      {
        url,
        tell: ({ type }) => {
          if (type === 'waiting') void holder.query('COMMIT').catch(() => undefined);
        },
      },
      hooked,
      'expand',
    );
    assert(only(events, 'waiting').length >= 1);
    assert.match(only(events, 'output')[0]?.line ?? '', /lock timeout/);
    assert.deepEqual(await rowsOf(client, 'SELECT expand FROM users LIMIT 1'), [{ expand: null }]);
    await assert.rejects(run({ url }, hooked, 'backfill'), (error: unknown) => {
      code('migration-failed')(error);
      assert.equal((error as TealError).details['output'], 'no\n');
      return true;
    });
  },
);
