// The phases of a migration, as a release has them done: on real servers, and by commands alone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { teal } from '../../../src/control/apps.ts';
import { onServers } from '../../database/server.ts';
import { app } from '../../release/story.ts';
import { scratch } from '../help.ts';
import { policy, rename, secret, Shop } from './help.ts';

onServers(
  'expand and backfill come before the candidate, contract when the old version is gone',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query('CREATE TABLE users (id serial PRIMARY KEY, name text)');
    await client.query("INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, 500) i");
    const shop = await Shop.open(t, policy({ url: await secret(t, url) }));
    await shop.deploy('v2', rename);
    assert.equal(shop.status, 'migrating');
    await shop.migrates('expand');
    await shop.migrates('backfill');
    assert.equal(shop.status, 'starting');
    assert.equal(shop.deps.migrations.progress('shop'), null);
    assert.deepEqual(
      (await client.query('SELECT count(*)::int AS n FROM users WHERE full_name = name')).rows,
      [{ n: 500 }],
    );
    await shop.goLive();
    await shop.migrates('contract');
    assert.equal(shop.migration.stage, 'contracted');
    const { rows } = await client.query(
      "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped",
    );
    assert.deepEqual(rows, [{ name: 'id' }, { name: 'full_name' }]);
  },
);

onServers(
  'a phase whose earlier ones have nothing to do needs none of them: a drop alone, a backfill alone and its undo',
  async ({ url, connect }, t) => {
    const client = await connect();
    await client.query('CREATE TABLE users (id serial PRIMARY KEY, name text, fax text)');
    await client.query("INSERT INTO users (name) VALUES (NULL), ('n')");
    const nameless = async (): Promise<unknown> =>
      (await client.query('SELECT count(*)::int AS n FROM users WHERE name IS NULL')).rows[0];
    const shop = await Shop.open(t, policy({ url: await secret(t, url) }));
    await shop.deploy('v2', { contract: 'ALTER TABLE users DROP COLUMN fax;' }, '0001-drop');
    await shop.goLive();
    await shop.migrates('contract');
    assert.equal(shop.migration.failed, null);
    assert.equal(shop.migration.stage, 'contracted');

    const backfill = "UPDATE users SET name = '' WHERE name IS NULL;";
    const undo = "UPDATE users SET name = NULL WHERE name = '';";
    for (const version of ['v3', 'v4']) {
      await shop.deploy(version, { backfill, undo }, '0002-fill');
      await shop.migrates('backfill');
      assert.equal(shop.migration.failed, null);
      assert.deepEqual(await nameless(), { n: 0 });
      await shop.deps.apps.submit('shop', { type: 'abort', reason: null }, teal);
      await shop.goAway();
      await shop.asks('undo');
      await shop.migrates('undo');
      assert.equal(shop.migration.stage, 'undone');
      assert.deepEqual(await nameless(), { n: 1 });
    }
  },
  [18],
);

onServers(
  'what fails half-way aborts the release, which says why without the address of the database',
  async ({ url, connect }, t) => {
    await (
      await connect()
    ).query('CREATE TABLE users (id serial PRIMARY KEY, name text); INSERT INTO users (name) VALUES (NULL)');
    const shop = await Shop.open(t, policy({ url: await secret(t, url) }));
    await shop.deploy('v2', {
      expand:
        'ALTER TABLE users ADD COLUMN one text;\nALTER TABLE users ADD CONSTRAINT named CHECK (name IS NOT NULL);',
    });
    await shop.migrates('expand');
    assert.equal(shop.status, 'aborted');
    const error = shop.deps.apps.state('shop').release?.error;
    assert.equal(error?.code, 'migration-failed');
    assert.match(error.message, /named/);
    assert.ok(!JSON.stringify(await shop.events()).includes(new URL(url).password || url));
  },
);

test('without a server commands do all the work, in the folder of their version, and are told what they are for', async (t) => {
  const file = path.join(await scratch(t), 'ran');
  const run = `echo "$TEAL_APP $TEAL_VERSION $TEAL_PHASE $TEAL_MIGRATION" >> ${file}`;
  const shop = await Shop.open(
    t,
    policy({ migrations: null, run: { expand: run, contract: `${run}; pwd >> ${file}` } }),
  );
  const directory = await shop.deploy('v2', {}, 'v2');
  await shop.migrates('expand');
  await shop.goLive();
  await shop.migrates('contract');
  assert.deepEqual((await readFile(file, 'utf8')).trim().split('\n'), [
    'shop v2 expand v2',
    'shop v2 contract v2',
    directory,
  ]);
  assert.equal(shop.migration.stage, 'contracted');
});

test('a command has what its app is told, and what it prints when it fails is told without secrets', async (t) => {
  const key = await secret(t, 'open-sesame');
  const shop = await Shop.open(
    t,
    policy({ migrations: null, run: { expand: 'echo "it is broken: $SHOP_KEY"; exit 3' } }),
    key === null ? {} : { SHOP_KEY: key },
  );
  await shop.deploy('v2', {}, 'v2');
  await shop.migrates('expand');
  const error = shop.deps.apps.state('shop').release?.error;
  assert.match(error?.message ?? '', /exit code 3[^]*\nit is broken: \[SHOP_KEY\]/);
  assert.ok(!JSON.stringify(await shop.events()).includes('sesame'));
});

test('a command has nothing of Teal that its app is not told, and what belongs to others is told by nobody', async (t) => {
  const address = 'postgres://x:0therPW@h/d';
  process.env['TEAL_TEST_OTHER_URL'] = address;
  process.env['DATABASE_URL'] = 'postgres://teal@elsewhere/own';
  t.after(() => {
    delete process.env['TEAL_TEST_OTHER_URL'];
    delete process.env['DATABASE_URL'];
  });
  const out = path.join(await scratch(t), 'environment');
  const prints = `env > ${out}; cat ${out}; echo "it has ${address}, 0therPW"; exit 3`;
  const shop = await Shop.open(t, policy({ migrations: null, run: { expand: prints } }), {
    SHOP_SAYS: { kind: 'plain', value: 'hello' },
  });
  const other = { kind: 'secret', source: 'env', name: 'TEAL_TEST_OTHER_URL' } as const;
  const config = { ...app({}, [{ environment: { DATABASE_URL: other } }]), name: 'other' };
  await shop.deps.apps.submit('other', { type: 'apply', config }, teal);
  await shop.deploy('v2', {}, 'v2');
  await shop.migrates('expand');
  const names = (await readFile(out, 'utf8')).split('\n').map((line) => line.split('=')[0]);
  for (const name of ['PATH', 'HOME', 'SHOP_SAYS', 'TEAL_PHASE']) assert.ok(names.includes(name), name);
  for (const name of ['TEAL_TEST_OTHER_URL', 'DATABASE_URL', 'NODE_TEST_CONTEXT'])
    assert.ok(!names.includes(name), name);
  const error = shop.deps.apps.state('shop').release?.error;
  assert.match(error?.message ?? '', /\nit has \[env:TEAL_TEST_OTHER_URL\], \[password\]$/);
  assert.ok(!JSON.stringify(await shop.events()).includes('0therPW'));
});

test('of a secret that a long output is cut in, no rest is told', async (t) => {
  const value = 'open-sesame'.repeat(30);
  const key = await secret(t, value);
  const often = 'for i in $(seq 60); do echo "$SHOP_KEY"; done; exit 3';
  const shop = await Shop.open(
    t,
    policy({ migrations: null, run: { expand: often } }),
    key === null ? {} : { SHOP_KEY: key },
  );
  await shop.deploy('v2', {}, 'v2');
  await shop.migrates('expand');
  assert.ok(!JSON.stringify(await shop.events()).includes('sesame'));
});

test('a command is done when it has ended, whatever it has left behind with its output open', async (t) => {
  const left = 'sleep 300 & setsid sleep 300 & echo $! > left; sleep 0.5; exit 0';
  const shop = await Shop.open(t, policy({ migrations: null, run: { expand: left } }));
  const directory = await shop.deploy('v2', {}, 'v2');
  await shop.migrates('expand');
  assert.equal(shop.status, 'starting');
  process.kill(Number(await readFile(path.join(directory, 'left'), 'utf8')));
});
