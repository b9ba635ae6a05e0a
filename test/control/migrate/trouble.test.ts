// What goes wrong while a release's migration is under way, on real servers behind a wire that can be cut.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect as dial, createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Client } from 'pg';
import { lockKey } from '../../../src/database/run/ledger.ts';
import { onServers } from '../../database/server.ts';
import { atEnd } from '../../at-end.ts';
import { until } from '../help.ts';
import { policy, rename, secret, Shop } from './help.ts';

const change = { ...rename, undo: 'ALTER TABLE users DROP COLUMN full_name;' };

/** Keeps a row near the end, so that a backfill is under way until it is let go of. */
async function keeping(client: Client): Promise<() => Promise<unknown>> {
  await client.query('BEGIN; SELECT FROM users WHERE id = 1999 FOR UPDATE');
  return () => client.query('COMMIT');
}

/** Until the backfill has come to what somebody keeps. */
const isHeldUp = (shop: Shop): Promise<unknown> =>
  until('the backfill is held up', () => shop.deps.migrations.progress('shop')?.why?.includes('lock'));

const table = (rows: number): string => `
  CREATE TABLE users (id serial PRIMARY KEY, name text);
  INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, ${rows}) i;`;

/** A wire to the server that can be cut, so that nobody gets through. */
async function wire(
  t: TestContext,
  url: string,
): Promise<{ url: string; cut: () => void; mend: () => void }> {
  const to = new URL(url);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((socket) => {
    if (isCut) return void socket.destroy();
    const far = dial(Number(to.port), to.hostname);
    for (const each of [socket, far]) {
      sockets.add(each);
      each.on('error', () => undefined).on('close', () => sockets.delete(each));
    }
    socket.pipe(far).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  atEnd(t, async () => {
    cut();
    server.close();
    await once(server, 'close');
  });
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return { url: through.href, cut, mend: () => (isCut = false) };
}

onServers(
  'a server that is away fails expand, and keeps contract waiting until it is back',
  async ({ url, connect }, t) => {
    await (await connect()).query(table(10));
    const line = await wire(t, url);
    const shop = await Shop.open(t, policy({ url: await secret(t, line.url) }));
    line.cut();
    await shop.deploy('v2', change);
    await shop.migrates('expand');
    assert.equal(shop.status, 'aborted');
    assert.equal(shop.deps.apps.state('shop').release?.error?.code, 'database-unavailable');

    line.mend();
    await shop.releases('v3', change);
    line.cut();
    await assert.rejects(shop.migrates('contract'), { code: 'database-unavailable' });
    assert.deepEqual([shop.migration.stage, shop.migration.failed], ['contracting', null]);
    const seen = shop.deps.migrations.progress('shop');
    assert.equal(seen?.state, 'waiting');
    line.mend();
    await shop.migrates('contract');
    assert.equal(shop.migration.stage, 'contracted');
  },
);

onServers(
  'a server that goes away in the middle is waited for, and gone on with',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query(table(2000));
    const line = await wire(t, url);
    const shop = await Shop.open(t, policy({ url: await secret(t, line.url) }));
    await shop.deploy('v2', change);
    await shop.migrates('expand');
    const letGo = await keeping(client);
    const filling = shop.migrates('backfill');
    await isHeldUp(shop);
    line.cut();
    await until('it waits', () => shop.deps.migrations.progress('shop')?.why?.includes('went away'));
    line.mend();
    await letGo();
    await filling;
    assert.equal(shop.status, 'starting');
  },
);

onServers(
  'a lock that is never granted fails expand, and is waited for again by contract',
  async ({ url, connect }, t) => {
    const holder = await connect();
    await holder.query(table(10));
    const shop = await Shop.open(
      t,
      policy({ url: await secret(t, url), lockTimeoutMs: 50, lockDeadlineMs: 300 }),
    );
    const hold = async (): Promise<void> =>
      void (await holder.query('BEGIN; SELECT name FROM users LIMIT 1'));
    await shop.deploy('v2', change);
    await hold();
    await shop.migrates('expand');
    assert.equal(shop.status, 'aborted');
    const error = shop.deps.apps.state('shop').release?.error;
    assert.equal(error?.code, 'lock-not-granted');
    assert.match(error.remedy, /process \d+/);
    await holder.query('COMMIT');

    await shop.releases('v3', change);
    await hold();
    await assert.rejects(shop.migrates('contract'), { code: 'lock-not-granted' });
    assert.match(shop.deps.migrations.progress('shop')?.why ?? '', /got no lock/);
    await holder.query('COMMIT');
    await shop.migrates('contract');
    assert.equal(shop.migration.stage, 'contracted');
  },
  [18],
);

onServers(
  'what somebody has changed by hand stops contract, which a person has go on',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query(table(10));
    const shop = await Shop.open(t, policy({ url: await secret(t, url) }));
    await shop.releases('v2', change);
    await client.query('ALTER TABLE users RENAME COLUMN full_name TO whole_name');
    await shop.migrates('contract');
    assert.equal(shop.migration.failed?.code, 'schema-drift');
    assert.equal(shop.wished(), null, 'nobody tries it again by themselves');
    await client.query('ALTER TABLE users RENAME COLUMN whole_name TO full_name');
    await shop.asks('contract');
    await shop.migrates('contract');
    assert.equal(shop.migration.stage, 'contracted');
  },
  [18],
);

onServers(
  'a role without rights, and an extension that is not there, abort the release and say what is missing',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query(table(10));
    const name = `${new URL(url).pathname.slice(1)}_plain`;
    await client.query(`CREATE ROLE ${name} LOGIN`);
    const plain = new URL(url);
    plain.username = name;
    const shop = await Shop.open(t, policy({ url: await secret(t, plain.href) }));
    await shop.deploy('v2', change);
    await shop.migrates('expand');
    const error = shop.deps.apps.state('shop').release?.error;
    assert.equal(error?.code, 'database-rights');
    assert.match(error.remedy, /GRANT CREATE ON DATABASE/);

    const other = await Shop.open(t, policy({ url: await secret(t, url) }));
    await other.deploy('v2', { expand: 'CREATE EXTENSION not_there;' });
    await other.migrates('expand');
    assert.match(other.deps.apps.state('shop').release?.error?.message ?? '', /not_there/);
    await client.query(`DROP ROLE ${name}`);
  },
  [18],
);

onServers(
  'an expand that never began is none, and one that is given up says nothing',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query(table(2000));
    const line = await wire(t, url);
    const shop = await Shop.open(t, policy({ url: await secret(t, line.url) }));
    line.cut();
    await shop.deploy('v2', change);
    await shop.migrates('expand');
    assert.equal(shop.status, 'aborted');
    assert.equal(shop.migration.stage, 'undone', 'nothing came to the database, so it keeps nobody waiting');
    line.mend();

    await shop.deploy('v3', change);
    await shop.migrates('expand');
    const giveUp = new AbortController();
    const letGo = await keeping(client);
    const filling = shop.migrates('backfill', giveUp.signal);
    await isHeldUp(shop);
    giveUp.abort();
    await filling;
    assert.equal(shop.migration.stage, 'backfilling');
    assert.equal(shop.deps.migrations.progress('shop'), null);
    assert.equal(shop.status, 'migrating');
    await letGo();
    await shop.migrates('backfill');
    assert.equal(shop.status, 'starting');
  },
  [18],
);

onServers(
  'after kill -9 of the control plane the phase goes on where it was',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query(table(2000));
    const shop = await Shop.open(t, policy({ url: await secret(t, url) }));
    await shop.deploy('v2', change);
    await shop.migrates('expand');
    const letGo = await keeping(client);
    const file = path.join(shop.deps.config.data, 'teal.db');
    const victim = spawn(process.execPath, [path.join(import.meta.dirname, 'victim.ts'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [first] = (await once(victim.stdout, 'data')) as [Buffer];
    victim.kill('SIGKILL');
    await once(victim, 'exit');
    await letGo();
    assert.doesNotMatch(first.toString(), /done/);
    await shop.migrates('backfill');
    assert.equal(shop.status, 'starting');
    const { rows } = await client.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM users WHERE full_name = name',
    );
    assert.equal(rows[0]?.n, 2000);
  },
  [18],
);

onServers(
  'who waits for the turn proves nothing before it has it, and once then',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query(table(10));
    const proof = { shadow: 'in-place', corpus: ['queries.sql'], minCoverage: 98, failOn: 'risk' } as const;
    const shop = await Shop.open(t, policy({ url: await secret(t, url), proof }));
    const directory = await shop.deploy('v2', change);
    await writeFile(path.join(directory, 'queries.sql'), 'SELECT full_name FROM users;');
    await shop.migrates('expand');
    await shop.migrates('backfill');
    await shop.goLive();
    const proofs = async (): Promise<number> =>
      (await shop.events()).filter((each) => each.type === 'migration-proved' && each.before === 'contract')
        .length;
    await client.query(`SELECT pg_advisory_lock(${lockKey})`);
    const contracting = shop.migrates('contract');
    await until('it waits for the turn', async () => {
      const { rows } = await client.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'teal db' AND query LIKE '%pg_try_advisory_lock%'`,
      );
      return rows.length > 0;
    });
    assert.equal(await proofs(), 0);
    await client.query(`SELECT pg_advisory_unlock(${lockKey})`);
    await contracting;
    assert.equal(shop.migration.stage, 'contracted');
    assert.equal(await proofs(), 1);
  },
  [18],
);

onServers(
  'a release that is given up while its proof is under way ends that soon, and its next one begins anew',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query(table(10));
    const proof = { shadow: 'in-place', corpus: ['queries.sql'], minCoverage: 98, failOn: 'risk' } as const;
    const shop = await Shop.open(t, policy({ url: await secret(t, url), proof }));
    await writeFile(path.join(shop.folder('v1'), 'queries.sql'), 'SELECT name FROM users;');
    await shop.deploy('v2', { expand: 'SELECT pg_sleep(600); ALTER TABLE users ADD COLUMN full_name text;' });
    const giveUp = new AbortController();
    const proving = shop.migrates('expand', giveUp.signal);
    const asleep = async (): Promise<boolean> => {
      const { rows } = await client.query(
        "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(600)%'",
      );
      return rows.length > 0;
    };
    await until('it is tried', asleep);
    giveUp.abort();
    await proving;
    assert.equal(shop.status, 'migrating', 'who has given it up says what becomes of the release');
    assert.equal('expand' in shop.migration.proofs, false);
    await until('nothing of it is left', async () => !(await asleep()));
    await writeFile(
      path.join(shop.folder('v2'), 'db/0001-change/expand.sql'),
      'ALTER TABLE users ADD COLUMN full_name text;',
    );
    await shop.migrates('expand');
    assert.deepEqual([shop.migration.proofs.expand?.outcome, shop.status], ['green', 'starting']);
  },
  [18],
);
