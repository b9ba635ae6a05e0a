import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test, type TestContext } from 'node:test';
import pg from 'pg';
import type { Store } from '../../src/store/store.ts';
import { openPostgres, type PostgresDatabase } from '../../src/store/postgres/database.ts';
import { shownUrl } from '../../src/store/postgres/driver.ts';
import { behaviour, type Installation } from './behaviour.ts';
import { event } from './case.ts';
import { noPostgres, startPostgres, type PostgresServer } from './postgres-server.ts';
import { Wire } from './wire.ts';

const someone = { name: 'a', machine: 'here', address: '/a.sock' };
const hour = 3_600_000;

describe('PostgreSQL', { skip: noPostgres() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());

  let url: string | null = null;
  async function emptied(of: string): Promise<void> {
    const client = new pg.Client({ connectionString: of });
    await client.connect();
    await client.query('DROP SCHEMA IF EXISTS teal CASCADE');
    await client.end();
  }

  /** Every `open` is another process's view; all of them act for the one leader. */
  async function install(): Promise<Installation> {
    // A database for each case would take longer than all the cases.
    url ??= await server.database();
    await emptied(url);
    const opened: PostgresDatabase[] = [];
    const where = url;
    const open = async (): Promise<Store> => {
      const database = await openPostgres(where);
      opened.push(database);
      if (opened.length === 1) assert.equal(await database.leases.take(someone, hour), 1);
      return database.leading(1);
    };
    return {
      open,
      remove: async () => {
        await Promise.all(opened.map((database) => database.close()));
      },
    };
  }

  behaviour('PostgreSQL', install);

  async function opened(t: TestContext, url?: string): Promise<PostgresDatabase> {
    const database = await openPostgres(url ?? (await server.database()));
    t.after(() => database.close());
    return database;
  }

  async function leading(t: TestContext): Promise<{ database: PostgresDatabase; store: Store }> {
    const database = await opened(t);
    assert.equal(await database.leases.take(someone, hour), 1);
    return { database, store: database.leading(1) };
  }

  async function client(t: TestContext, url: string): Promise<pg.Client> {
    const made = new pg.Client({ connectionString: url });
    made.on('error', () => undefined);
    await made.connect();
    t.after(() => made.end().catch(() => undefined));
    return made;
  }

  test('of whoever is not leader any more nothing is written, whatever it is', async (t) => {
    const { database, store } = await leading(t);
    await store.append('shop', 0, [event('one'), event('two')]);
    await store.saveSnapshot('shop', { version: 1, shape: 1, state: 1 });
    await database.leases.release(1, false);
    assert.equal(await database.leases.take({ ...someone, name: 'b' }, hour), 2);
    const tick = { app: 'shop', release: 'shop-1', seq: 0, at: 1, data: {}, memory: {} };
    const refused = { code: 'not-leader', details: { term: 1, current: 2 } };
    await assert.rejects(store.append('shop', 2, [event('late')]), refused);
    // Also where it would be refused anyway: whoever asks is to ask the other one.
    await assert.rejects(store.append('shop', 7, [event('late')]), refused);
    await assert.rejects(store.saveSnapshot('shop', { version: 2, shape: 1, state: 2 }), refused);
    await assert.rejects(store.prune(Number.MAX_SAFE_INTEGER), refused);
    await assert.rejects(store.nextGeneration(), refused);
    await assert.rejects(store.secret('preview'), refused);
    await assert.rejects(store.evidence.save(tick), refused);
    await assert.rejects(store.evidence.keepNewest('shop', 0), refused);
    assert.equal((await database.reader.read('shop')).length, 2);
    assert.equal((await database.reader.snapshot('shop'))?.version, 1);
    await database.leading(2).append('shop', 2, [event('three')]);
  });

  test('every generation of a leader is above all that earlier leaders may still give', async (t) => {
    const { database, store } = await leading(t);
    const first = await store.nextGeneration();
    await database.leases.release(1, false);
    await database.leases.take(someone, hour);
    const next = await database.leading(2).nextGeneration();
    const late = await Promise.all(Array.from({ length: 100 }, () => store.nextGeneration()));
    assert.ok(first < Math.min(...late) && Math.max(...late) < next);
  });

  test('the lease: one has it, another only when it has run out or was given back', async (t) => {
    const url = await server.database();
    const [one, two] = [await opened(t, url), await opened(t, url)];
    assert.equal(await one.leases.look(), null);
    assert.equal(await one.leases.take(someone, 700), 1);
    assert.equal(await two.leases.take({ ...someone, name: 'b' }, 700), null);
    assert.equal(await one.leases.renew(1, hour), true);
    const seen = await two.leases.look();
    assert.ok(seen !== null && seen.leftMs > 700 && seen.leftMs <= hour && !seen.ended);
    assert.deepEqual([seen.name, seen.machine, seen.address, seen.term], ['a', 'here', '/a.sock', 1]);
    assert.ok(Math.abs(seen.since - Date.now()) < 60_000);
    await one.leases.release(1, false);
    assert.equal(await two.leases.take({ ...someone, name: 'b' }, 300), 2);
    assert.equal(await one.leases.renew(1, hour), false);
    await one.leases.release(1, true);
    assert.equal((await two.leases.look())?.ended, false, 'who does not lead gives nothing back');
    let taken: number | null = null;
    const until = performance.now() + 10_000;
    while (taken === null && performance.now() < until) taken = await one.leases.take(someone, hour);
    assert.equal(taken, 3);
    await one.leases.release(3, true);
    assert.equal((await two.leases.look())?.ended, true);
    assert.equal(
      await two.leases.take(someone, hour, 3),
      null,
      'who stood by takes nothing up that was ended',
    );
    assert.equal(await two.leases.take(someone, hour), 4);
  });

  test('a lease whose answer was lost is had by asking again, as a new term', async (t) => {
    const url = await server.database();
    const [one, two] = [await opened(t, url), await opened(t, url)];
    assert.equal(await one.leases.take(someone, hour), 1);
    assert.equal(await two.leases.take({ ...someone, name: 'b' }, hour), null);
    assert.equal(await one.leases.take(someone, hour), 2);
  });

  test('of many that want the lease at once one gets it', async (t) => {
    const url = await server.database();
    const all = await Promise.all(Array.from({ length: 6 }, () => opened(t, url)));
    for (let term = 1; term <= 5; term++) {
      const taken = await Promise.all(
        all.map(({ leases }, index) => leases.take({ ...someone, name: `${index}` }, hour)),
      );
      assert.deepEqual(
        taken.filter((each) => each !== null),
        [term],
      );
      await all[0]?.leases.release(term, false);
    }
  });

  test('a leader that was stopped in the middle of a transaction does not hold the lease up', async (t) => {
    const url = await server.database();
    const database = await opened(t, url);
    assert.equal(await database.leases.take(someone, 1), 1);
    const stopped = await client(t, url);
    await stopped.query('SET idle_in_transaction_session_timeout = 1000');
    await stopped.query('BEGIN');
    await stopped.query("SELECT term FROM teal.lease WHERE name = 'control' FOR SHARE");
    const began = performance.now();
    let term: number | null = null;
    while (term === null && performance.now() - began < 10_000) {
      term = await database.leases.take({ ...someone, name: 'b' }, hour).catch(() => null);
    }
    assert.equal(term, 2);
    assert.ok(performance.now() - began < 4_000, `it took ${performance.now() - began} ms`);
    await assert.rejects(stopped.query('COMMIT'));
  });

  test('an append whose answer was lost has happened once, and is answered', async (t) => {
    const wire = await Wire.to(server.port);
    t.after(() => wire.close());
    const url = new URL(await server.database());
    url.port = String(wire.port);
    const database = await opened(t, url.href);
    await database.leases.take(someone, hour);
    let unknown = 0;
    const store = database.leading(1, () => (unknown += 1));
    await store.append('shop', 0, [event('one')]);
    const cut = wire.cutAt('COMMIT');
    const stored = await store.append('shop', 1, [event('two', { data: { n: 2 } }), event('three')]);
    await cut;
    assert.deepEqual(await store.read('shop', 1), stored);
    assert.deepEqual(
      stored.map(({ version, type }) => [version, type]),
      [
        [2, 'two'],
        [3, 'three'],
      ],
    );
    const before = wire.cutAt('INSERT INTO teal.event');
    await assert.rejects(store.append('shop', 3, [event('four')]), { code: 'store-unavailable' });
    await before;
    assert.equal((await store.read('shop')).length, 3);
    assert.equal(unknown, 0);
    const forGood = wire.cutAt('COMMIT', true);
    const lost = store.append('shop', 3, [event('five')]);
    await forGood;
    await assert.rejects(lost, { code: 'store-unavailable', message: /is not known/ });
    assert.equal(unknown, 1, 'whoever has folded the log is told to read it again');
    wire.mend();
  });

  test('a server that is away is told as such, and used again when it is back', async (t) => {
    const wire = await Wire.to(server.port);
    t.after(() => wire.close());
    const url = new URL(await server.database());
    url.port = String(wire.port);
    const database = await opened(t, url.href);
    await database.leases.take(someone, hour);
    const store = database.leading(1);
    await store.append('shop', 0, [event('one')]);
    wire.cut();
    await assert.rejects(store.append('shop', 1, [event('two')]), { code: 'store-unavailable' });
    await assert.rejects(store.read('shop'), { code: 'store-unavailable' });
    await assert.rejects(database.leases.look(), { code: 'store-unavailable' });
    wire.mend();
    await store.append('shop', 1, [event('two')]);
    assert.equal((await database.leases.look())?.term, 1);
  });

  test('a renewal that hangs is given up in a second, and the next goes another way', async (t) => {
    const wire = await Wire.to(server.port);
    t.after(() => wire.close());
    const url = new URL(await server.database());
    url.port = String(wire.port);
    const database = await opened(t, url.href);
    await database.leases.take(someone, hour);
    wire.hold();
    const began = performance.now();
    await assert.rejects(database.leases.renew(1, hour), { code: 'store-unavailable' });
    assert.ok(performance.now() - began < 5_000);
    wire.release();
    assert.equal(await database.leases.renew(1, hour), true);
  });

  test('a server that cannot be reached, or refuses us, is told without the password', async () => {
    for (const url of [
      'postgres://anna:geheim@127.0.0.1:1/teal',
      `postgres://anna:geheim@127.0.0.1:${server.port}/nothing`,
      `postgres://anna:geheim@127.0.0.1:${server.port}/postgres`,
    ]) {
      await assert.rejects(openPostgres(url), (error: Error & { code: string }) => {
        assert.equal(error.code, 'store-unavailable', error.message);
        assert.ok(!JSON.stringify(error).includes('geheim'));
        return true;
      });
    }
    assert.equal(
      shownUrl('postgres://anna:geheim@db:5432/teal?sslmode=require'),
      'postgres://anna@db:5432/teal',
    );
  });

  test('a database of a newer Teal, with a gap, or that has lost its counter, is refused', async (t) => {
    const url = await server.database();
    const store = await openPostgres(url);
    await store.leases.take(someone, hour);
    await store.leading(1).append('shop', 0, [event('one'), event('two'), event('three')]);
    await store.close();
    const raw = await client(t, url);
    const refused = async (change: string, undo: string, expected: object): Promise<void> => {
      await raw.query(change);
      await assert.rejects(openPostgres(url), expected);
      await raw.query(undo);
    };
    await refused('UPDATE teal.schema SET version = 99', 'UPDATE teal.schema SET version = 2', {
      code: 'store-newer',
    });
    await refused(
      "UPDATE teal.counter SET value = 1 WHERE name = 'event'",
      "UPDATE teal.counter SET value = 3 WHERE name = 'event'",
      { code: 'store-unreadable' },
    );
    await refused('UPDATE teal.stream SET pruned = 1', 'UPDATE teal.stream SET pruned = 0', {
      code: 'store-unreadable',
    });
    await refused(
      "UPDATE teal.event SET reason = 'another' WHERE version = 2",
      'UPDATE teal.event SET reason = NULL WHERE version = 2',
      { code: 'store-unreadable', message: /event 2 of shop is not what was written/ },
    );
    await raw.query('DELETE FROM teal.event WHERE version = 2');
    await assert.rejects(openPostgres(url), {
      code: 'store-unreadable',
      message: /events of shop are missing/,
    });
  });

  test('two that open an empty database at once make its tables once', async (t) => {
    const url = await server.database();
    await Promise.all(Array.from({ length: 4 }, () => opened(t, url)));
  });
});

test('without the package pg it is said which package is missing, and how to get it', () => {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (name !== 'pg') return next(name, context);
      throw Object.assign(new Error('no pg'), { code: 'ERR_MODULE_NOT_FOUND' });
    } });`;
  const script = `import { openPostgres } from ${JSON.stringify(new URL('../../src/store/postgres/database.ts', import.meta.url).href)};
    await openPostgres('postgres://x/y').catch((error) => console.log(JSON.stringify(error)));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  const error = JSON.parse(stdout || JSON.stringify({ code: stderr })) as { code: string; remedy: string };
  assert.equal(error.code, 'package-missing');
  assert.match(error.remedy, /npm install pg/);
});
