// What waits for whom: locks, another run, an interrupt.
import assert from 'node:assert/strict';
import type { RunEvent } from '../../../src/database/run/options.ts';
import type { TealError } from '../../../src/errors.ts';
import { onServers } from '../server.ts';
import { code, migration, only, rowsOf, run, users } from './migration.ts';

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
  'the pre-flight waits for a lock as patiently as a step does, and names who holds it',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 10);
    const holder = await connect();
    await holder.query("SET application_name = 'vacuum'; BEGIN; LOCK TABLE users");
    const adding = migration('m', { expand: 'ALTER TABLE users ADD COLUMN a int' });
    const startedAt = performance.now();
    const late = setTimeout(() => void holder.query('COMMIT').catch(() => undefined), 15_000);
    await assert.rejects(
      run({ url, patience: { lockTimeoutMs: 100, deadlineMs: 1000 } }, adding, 'expand'),
      (error: unknown) => {
        code('lock-not-granted')(error);
        const { message, remedy, details } = error as TealError;
        assert.match(message, /^The pre-flight of expand got no lock in \d+ tries over 1 s$/);
        assert.match(
          remedy,
          /process \d+ \(postgres, vacuum\), idle in transaction for \d\.\d s: .*LOCK TABLE users/,
        );
        assert((details['tries'] as number) > 1);
        return true;
      },
    );
    clearTimeout(late);
    assert(performance.now() - startedAt < 10_000, 'the deadline holds for it, too');
    const { events } = await run({ url, tell: letGo(holder) }, adding, 'expand');
    assert.equal(only(events, 'waiting')[0]?.step, 0);
    assert.equal(only(events, 'waiting')[0]?.blockers[0]?.application, 'vacuum');
  },
);

/** Who is told to be in the way goes out of it. */
const letGo =
  (holder: { query: (sql: string) => Promise<unknown> }) =>
  ({ type }: RunEvent): void => {
    if (type === 'waiting') holder.query('COMMIT').catch(() => undefined);
  };

/** Takes the table while a step runs that only sleeps, and lets it go when it is told to be in the way. */
const takes =
  (holder: Parameters<typeof letGo>[0], steps: readonly number[]) =>
  (event: RunEvent): void => {
    if (event.type === 'step-started' && steps.includes(event.step))
      holder.query('BEGIN; LOCK TABLE users').catch(() => undefined);
    letGo(holder)(event);
  };

onServers(
  'also what is asked of a table before its rows are filled, by a verify, and at the end waits patiently',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 10);
    const holder = await connect();
    const sleeps = 'DO $$ BEGIN PERFORM pg_sleep(0.7); END $$';
    const slow = migration('m', {
      expand: `ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD CHECK (a > 0); ${sleeps};`,
      backfill: `${sleeps}; UPDATE users SET a = 1 WHERE a IS NULL; ${sleeps}; SELECT count(*) FROM users WHERE a IS NULL;`,
    });
    const waits = async (
      phase: 'expand' | 'backfill',
      sleeping: readonly number[],
    ): Promise<readonly number[]> => {
      const { events } = await run({ url, tell: takes(holder, sleeping) }, slow, phase);
      return [...new Set(only(events, 'waiting').map((each) => each.step))];
    };
    assert.deepEqual(await waits('expand', [3]), [0]);
    assert.deepEqual(await waits('backfill', [1, 3]), [2, 4]);
    assert.deepEqual(await rowsOf(client, 'SELECT min(a), max(a) FROM users'), [{ min: 1, max: 1 }]);
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
