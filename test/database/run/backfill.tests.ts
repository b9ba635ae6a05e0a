// Backfills: by which keys they go, and for whom they pause.
import assert from 'node:assert/strict';
import { onServers } from '../server.ts';
import { code, migration, rowsOf, run, users } from './migration.ts';

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
