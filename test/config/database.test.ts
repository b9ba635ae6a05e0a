import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { App } from '../../src/config/config.ts';
import { diffConfig } from '../../src/config/diff.ts';
import { checkConfig, parseConfig } from '../../src/config/load.ts';

const file = (...lines: readonly string[]): string =>
  [
    'apps:',
    '  shop:',
    '    run: { process: { command: x } }',
    ...(lines.length === 0 ? [] : ['    database:']),
    ...lines.map((line) => `      ${line}`),
  ].join('\n');

function shop(...lines: readonly string[]): App {
  const app = parseConfig(file(...lines), '/srv/teal.yaml').apps['shop'];
  assert.ok(app);
  return app;
}

const least = ['url: env:SHOP_ADMIN_URL', 'migrations: db'];

test('what is said of a database becomes the typed form, with its defaults', () => {
  assert.equal('database' in shop(), false, 'and nothing is recorded of apps without one');
  assert.deepEqual(shop(...least).database, {
    url: { kind: 'secret', source: 'env', name: 'SHOP_ADMIN_URL' },
    migrations: 'db',
    run: {},
    roles: null,
    contract: 'auto',
    undo: 'manual',
    rollback: 'safe',
    lockTimeoutMs: 200,
    lockDeadlineMs: 600_000,
    batchMs: 100,
    pauseAt: { errorPercent: 5, p99Ms: null },
    proof: { shadow: 'auto', corpus: [], minCoverage: 98, failOn: 'risk' },
  });
});

test('every key of a database takes effect', () => {
  const all = shop(
    'url: file:secrets/admin',
    'migrations: ./prisma/db/',
    'run: { expand: npx prisma migrate deploy, contract: make clean }',
    'roles: { blue: app_blue, green: app_green }',
    'contract: manual',
    'undo: auto',
    'rollback: unsafe',
    'lock-timeout: 100ms',
    'lock-deadline: 1m',
    'batch: 50ms',
    'pause-at: { errors: none, p99: 800ms }',
    'proof: { shadow: file:secrets/shadow, corpus: [db/queries.sql], min-coverage: 90, fail-on: broken }',
  );
  assert.deepEqual(all.database, {
    url: { kind: 'secret', source: 'file', name: '/srv/secrets/admin' },
    migrations: 'prisma/db',
    run: { expand: 'npx prisma migrate deploy', contract: 'make clean' },
    roles: { blue: 'app_blue', green: 'app_green' },
    contract: 'manual',
    undo: 'auto',
    rollback: 'unsafe',
    lockTimeoutMs: 100,
    lockDeadlineMs: 60_000,
    batchMs: 50,
    pauseAt: { errorPercent: null, p99Ms: 800 },
    proof: {
      shadow: { kind: 'secret', source: 'file', name: '/srv/secrets/shadow' },
      corpus: ['db/queries.sql'],
      minCoverage: 90,
      failOn: 'broken',
    },
  });
});

test('without an address commands do all the work, and nothing is proven', () => {
  const { database } = shop('run: { expand: ./migrate.sh up }', 'contract: manual');
  assert.deepEqual(
    [database?.url, database?.migrations, database?.proof, database?.contract, database?.run],
    [null, null, null, 'manual', { expand: './migrate.sh up' }],
  );
});

test('an address without a password may be written down, and a proof turned off', () => {
  const { database } = shop('url: postgres://deployer@db.internal/shop', 'migrations: db', 'proof: off');
  assert.deepEqual(database?.url, { kind: 'plain', value: 'postgres://deployer@db.internal/shop' });
  assert.equal(database.proof, null);
});

test('a lock timeout that everybody feels draws a warning', () => {
  const [problem, ...more] = checkConfig(file(...least, 'lock-timeout: 10s'), '/srv/teal.yaml');
  assert.deepEqual(more, []);
  assert.deepEqual(
    [problem?.severity, problem?.path, problem?.got],
    ['warning', 'apps.shop.database.lock-timeout', '10s'],
  );
});

test('an address that is wrong is told together with what is wrong beside it', () => {
  const problems = checkConfig(
    file('url: db.internal', 'migrations: db', 'roles: { blue: app, green: app }'),
    '/srv/teal.yaml',
  );
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['apps.shop.database.url', 'apps.shop.database.roles.green'],
  );
});

test('what changes about a database is told by its keys: how it is worked at now, what a version brings next', () => {
  const after = shop(
    'url: file:/run/admin',
    'migrations: sql',
    'rollback: unsafe',
    'batch: 50ms',
    'run: { expand: migrate }',
    'proof: off',
  );
  assert.deepEqual(
    diffConfig(shop(...least), after).map(({ path, before, after: now, effect }) => [
      path,
      before,
      now,
      effect,
    ]),
    [
      ['database.url', 'secret env:SHOP_ADMIN_URL', 'secret file:/run/admin', 'now'],
      ['database.migrations', 'db', 'sql', 'next release'],
      ['database.run.expand', null, 'migrate', 'now'],
      ['database.rollback', 'safe', 'unsafe', 'next release'],
      ['database.batch', '100ms', '50ms', 'now'],
      ['database.proof', 'on', 'off', 'now'],
      ['database.proof.shadow', 'auto', null, 'now'],
      ['database.proof.corpus', '[]', null, 'now'],
      ['database.proof.min-coverage', '98 %', null, 'now'],
      ['database.proof.fail-on', 'risk', null, 'now'],
    ],
  );
  assert.deepEqual(diffConfig(after, after), []);
});
