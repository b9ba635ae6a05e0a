// What waits for whom: locks, another run, an interrupt.
import assert from 'node:assert/strict';
import type { TealError } from '../../../src/errors.ts';
import { onServers } from '../server.ts';
import { code, migration, rowsOf, run, users } from './migration.ts';

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
  'two at once: the second waits its turn, and says who has it',
  async ({ url, connect }) => {
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
  },
  // Advisory locks are the same in all versions.
  [18],
);

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
  },
);
