// A server whose connections stand, and which does not answer any more: frozen, or its machine has lost its power.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as dial, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTo } from '../../../src/database/run/connection.ts';
import { databaseStatus } from '../../../src/database/run/status.ts';
import { TealError } from '../../../src/errors.ts';
import { dying, mute } from '../../control/migrate/deaf.ts';
import { onServers } from '../server.ts';
import { isLost } from '../../../src/database/run/server-error.ts';
import { code, migration, only, rowsOf, run, users } from './migration.ts';

/** A way to the server on which nothing moves while it is frozen. */
async function passage(
  url: string,
): Promise<{ url: string; freeze: () => void; thaw: () => void; close: () => void }> {
  const to = new URL(url);
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer((near) => {
    const far = dial(Number(to.port), to.hostname);
    near.pipe(far).pipe(near);
    for (const each of [near, far]) {
      sockets.add(each);
      each.on('error', () => undefined).on('close', () => [near, far].forEach((one) => one.destroy()));
    }
    if (frozen) stop(near, far);
  });
  const stop = (...which: readonly Socket[]): void => {
    for (const each of which) each.unpipe().pause();
  };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const through = new URL(url);
  through.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: through.href,
    freeze: () => {
      frozen = true;
      stop(...sockets);
    },
    thaw: () => {
      frozen = false;
      // What stood still meanwhile is not coming back: as after a restart of the machine.
      for (const each of sockets) each.destroy();
    },
    close: () => {
      server.close();
      for (const each of sockets) each.destroy();
    },
  };
}

/** No line is left to a server that does not answer. */
async function closed(open: () => number): Promise<void> {
  const until = performance.now() + 10_000;
  while (open() > 0) {
    assert(performance.now() < until, 'a line is left open');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const slow = migration('m', {
  expand: 'ALTER TABLE users ADD COLUMN a int; SELECT pg_sleep(1); ALTER TABLE users ADD COLUMN b int;',
});

onServers(
  'a server that only stands still is waited for as one that went away, and the phase goes on from there',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 3);
    const way = await passage(url);
    let isFirst = true;
    try {
      const { events } = await run(
        {
          url: way.url,
          askMs: 100,
          tell: (event) => {
            if (event.type === 'step-started' && event.step === 2 && isFirst) {
              isFirst = false;
              way.freeze();
            }
            if (event.type === 'reconnecting') way.thaw();
          },
        },
        slow,
        'expand',
      );
      assert.equal(only(events, 'reconnecting').length, 1);
      assert.deepEqual(await rowsOf(client, 'SELECT a, b FROM users LIMIT 1'), [{ a: null, b: null }]);
    } finally {
      way.close();
    }
  },
  [18],
);

onServers(
  'who stops a phase does not wait for a server that stands still',
  async ({ url, connect }) => {
    await users(await connect(), 3);
    const way = await passage(url);
    const stop = new AbortController();
    try {
      const tell = (event: { type: string; step?: number }): void => {
        if (event.type !== 'step-started' || event.step !== 2) return;
        way.freeze();
        // When the statement has been sent: before, nothing waits for an answer.
        setTimeout(() => stop.abort(), 300);
      };
      const startedAt = performance.now();
      await assert.rejects(
        run({ url: way.url, signal: stop.signal, tell }, slow, 'expand'),
        code('migration-interrupted'),
      );
      assert(performance.now() - startedAt < 60_000);
    } finally {
      way.close();
    }
  },
  [18],
);

onServers(
  'a server that ends sessions in which nothing is asked for is not taken for one that stands still',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 3);
    const hooked = migration('m', {});
    const expand = [{ run: 'sleep 3; echo ran' }];
    // While the command runs neither of the two sessions has anything to ask for.
    const impatient = new URL(url);
    impatient.searchParams.set('options', '-c idle_session_timeout=300ms');
    const { events } = await run(
      { url: impatient.href, askMs: 500, signal: AbortSignal.timeout(20_000) },
      { ...hooked, phases: { ...hooked.phases, expand } },
      'expand',
    );
    assert.deepEqual(
      only(events, 'output').map(({ line }) => line),
      ['ran'],
    );
    assert.equal(only(events, 'reconnecting').length, 0);
  },
  [18],
);

onServers(
  'that the session which only watches is ended says nothing of the one that works',
  async ({ url, connect }) => {
    const client = await connect();
    await users(client, 3);
    const ending = setInterval(() => {
      client
        .query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'teal db (watching)' AND datname = current_database()",
        )
        .then(
          ({ rowCount }) => (ended += rowCount ?? 0),
          () => undefined,
        );
    }, 300);
    let ended = 0;
    try {
      const { events } = await run(
        { url, askMs: 150, signal: AbortSignal.timeout(20_000) },
        migration('m', { expand: 'SELECT pg_sleep(3); ALTER TABLE users ADD COLUMN a int;' }),
        'expand',
      );
      assert.equal(only(events, 'reconnecting').length, 0);
      assert(ended > 1, 'it was opened anew, and ended again');
    } finally {
      clearInterval(ending);
    }
  },
  [18],
);

onServers(
  'what is recorded is asked for in bounded time, wherever the server goes silent',
  async ({ url, connect }, t) => {
    await users(await connect(), 3);
    await run({ url }, slow, 'expand');
    const silent = [
      await mute(t),
      await dying(t, url, 'pg_backend_pid'),
      await dying(t, url, 'to_regclass'),
      await dying(t, url, 'FROM _teal.step'),
    ];
    for (const { url: deaf, open } of silent) {
      const startedAt = performance.now();
      await assert.rejects(databaseStatus(deaf, 500), (error: unknown) => {
        code('database-unavailable')(error);
        assert.match(
          (error as TealError).message,
          /^The database \w+ at 127\.0\.0\.1:\d+ did not answer within 0\.5 s$/,
        );
        return true;
      });
      assert(performance.now() - startedAt < 10_000);
      await closed(open);
    }
    assert.equal((await databaseStatus(url)).migrations.length, 1);
  },
  [18],
);

onServers(
  'a connection whose first question is not answered is as one that was lost, and is not kept',
  async ({ url }, t) => {
    const { url: deaf, open } = await dying(t, url, 'pg_backend_pid');
    await assert.rejects(connectTo(deaf, 'test', { answerMs: 200 }), (error: unknown) => {
      assert(isLost(error));
      assert.match((error as Error).message, /no answer within 0\.2 s/);
      return true;
    });
    await closed(open);
  },
  [18],
);

onServers(
  'what is asked before the first step is asked again while the server may come back, and no longer',
  async ({ url, connect }) => {
    await users(await connect(), 3);
    const gone = new TealError('database-unavailable', 'It did not answer', { remedy: 'wait' });
    let asked = 0;
    const comesBack = async (): Promise<void> => {
      asked += 1;
      if (asked < 3) throw gone;
    };
    const { events } = await run({ url, first: comesBack }, slow, 'expand');
    assert.equal(asked, 3);
    assert.equal(only(events, 'reconnecting').length, 1);
    const other = migration('n', { expand: 'ALTER TABLE users ADD COLUMN c int' });
    const startedAt = performance.now();
    const never = (): Promise<void> => Promise.reject(gone);
    await assert.rejects(run({ url, first: never, reconnectMs: 1000 }, other, 'expand'), (error: unknown) => {
      code('database-unavailable')(error);
      assert.match((error as TealError).message, /went away and did not come back: It did not answer$/);
      return true;
    });
    assert(performance.now() - startedAt < 20_000);
    const red = new TealError('migration-unproven', 'It is not', { remedy: 'mend it' });
    await assert.rejects(
      run({ url, first: () => Promise.reject(red) }, other, 'expand'),
      code('migration-unproven'),
    );
  },
  [18],
);
