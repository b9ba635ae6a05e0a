// What is killed, or loses its server, goes on from where it was, and does nothing twice.
import assert from 'node:assert/strict';
import type { Client } from 'pg';
import { databaseStatus } from '../../../src/database/run/status.ts';
import { onServers } from '../server.ts';
import { killed, killOnAllWays } from './kills.ts';
import { migration, only, rowsOf, run } from './migration.ts';
import type { Victim } from './victim.ts';

onServers(
  'killed on the way through every phase it resumes, and nothing is done twice',
  async ({ url, connect }, context) => {
    // A process for each: at every third, and at all of them, it is npm run acceptance:kills.
    const at = await killOnAllWays(await connect(), { url, pass: 3 });
    assert(at.length >= 5, at.join());
    context.diagnostic(`killed at ${at.length} points: ${at.join(', ')}`);
  },
  // The record is the same for all versions.
  [18],
);

/** Ends the session that runs a migration, and with it the whole server, which recovers: what happens when one crashes. */
async function crash(client: Client): Promise<void> {
  const rows = await rowsOf(
    client,
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'teal db' AND datname = current_database()",
  );
  const pid = Number(rows[0]?.['pid']);
  assert(pid > 1);
  process.kill(pid, 'SIGKILL');
}

onServers(
  'a server that crashes in the middle of expand, backfill and contract is waited for',
  async ({ url, connect }) => {
    const client = await connect();
    await client.query('CREATE TABLE users (id int PRIMARY KEY, name text, n int DEFAULT 0)');
    await client.query("INSERT INTO users SELECT i, 'n' || i FROM generate_series(1, 3000) i");
    const slowly = migration('m', {
      expand:
        'ALTER TABLE users ADD COLUMN a int; BEGIN; ALTER TABLE users ADD COLUMN b int; SELECT pg_sleep(1); COMMIT;',
      backfill: 'UPDATE users SET n = n + 1, a = 1',
      contract:
        'ALTER TABLE users DROP COLUMN name; BEGIN; ALTER TABLE users DROP COLUMN b; SELECT pg_sleep(1); COMMIT;',
    });
    for (const phase of ['expand', 'backfill', 'contract'] as const) {
      let crashing: Promise<void> | undefined;
      const other = await connect();
      const { events } = await run(
        {
          url,
          tell: (event) => {
            const isTime = event.type === 'progress' || (event.type === 'step-started' && event.step === 2);
            if (isTime) crashing ??= crash(other);
          },
        },
        slowly,
        phase,
      );
      await crashing;
      assert(only(events, 'reconnecting').length >= 1, phase);
    }
    const after = await connect();
    assert.deepEqual(await rowsOf(after, 'SELECT min(n), max(n), count(a)::int AS filled FROM users'), [
      { min: 1, max: 1, filled: 3000 },
    ]);
    assert.deepEqual(
      await rowsOf(
        after,
        "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped",
      ),
      [{ name: 'id' }, { name: 'n' }, { name: 'a' }],
    );
  },
);

onServers(
  'killed while an index is built: the next one waits for the server to notice, drops what is left, and builds it again',
  async ({ url, version, connect }) => {
    const client = await connect();
    await client.query('CREATE TABLE users (id int PRIMARY KEY, level int)');
    const holder = await connect();
    await holder.query('BEGIN; INSERT INTO users VALUES (1, 1)');
    const indexing: Victim = {
      url,
      name: 'm',
      files: { expand: 'CREATE INDEX CONCURRENTLY users_level ON users (level)' },
      phase: 'expand',
      survived: [],
      pass: 0,
    };
    // Told when it waits for who is in the way: the index is begun by then.
    const { points } = await killed({ ...indexing, survived: ['phase-started ', 'step-started 1'] });
    assert.deepEqual(points, ['waiting 1']);
    const { migrations } = await databaseStatus(url);
    assert.equal(
      migrations[0]?.phases[0]?.at?.what,
      'CREATE INDEX CONCURRENTLY users_level ON users (level)',
    );
    assert.deepEqual(
      await rowsOf(
        client,
        "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('users_level')",
      ),
      [{ valid: false }],
    );
    const going = run(
      {
        url,
        turnMs: 60_000,
        tell: ({ type }) => {
          if (type === 'step-started') void holder.query('COMMIT');
        },
      },
      migration('m', indexing.files),
      'expand',
    );
    const { events } = await going;
    assert.match(only(events, 'notice')[0]?.text ?? '', /users_level is invalid/, `PostgreSQL ${version}`);
    assert.deepEqual(
      await rowsOf(
        client,
        "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('users_level')",
      ),
      [{ valid: true }],
    );
  },
);
