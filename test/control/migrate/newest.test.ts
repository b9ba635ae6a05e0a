import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { teal } from '../../../src/control/apps.ts';
import { deploy } from '../../../src/control/deploy.ts';
import { groupCommand } from '../../../src/control/group.ts';
import { newestOf } from '../../../src/control/migrate/newest.ts';
import { withMigration } from '../../../src/control/migrate/ready.ts';
import { plan } from '../../../src/control/plan/plan.ts';
import { TealError, type ErrorCode } from '../../../src/errors.ts';
import { nothing } from '../../../src/release/state.ts';
import { fakeDeps } from '../fakes.ts';
import { forever } from '../help.ts';
import { contract, expand, served, versions } from './shop.ts';

const state = nothing('shop');

const refused = (code: ErrorCode, says: RegExp) => (error: unknown) =>
  error instanceof TealError && error.code === code && says.test(`${error.message} ${error.remedy}`);

describe('the migration of a version', () => {
  test('is its newest folder that holds a phase, counted by number, with the phases that have work', async (t) => {
    const shop = await versions(t, ...served);
    const v1 = await shop.add('v1', {
      'db/0009-old/expand.sql': expand,
      'db/10-new/expand.sql': expand,
      'db/10-new/backfill.sql': '-- nothing to fill\n;\n',
      'db/10-new/contract.sql': `\uFEFF${contract}`,
      'db/11-notes/readme.md': 'x',
      'db/12.sql': 'SELECT 1;',
      'db/.13/expand.sql': expand,
    });
    assert.deepEqual(await newestOf(v1), { name: '10-new', folder: 'db/10-new' });
    assert.deepEqual((await withMigration(state, v1)).migration, {
      name: '10-new',
      phases: ['expand', 'contract'],
    });
  });

  test('has the phases of commands, too, and a backfill that brings back what undo keeps aside', async (t) => {
    const shop = await versions(t, ...served, 'run: { contract: ./clean.sh }');
    const v1 = await shop.add('v1', {
      'db/1/expand.sql': expand,
      'db/1/undo.sql': 'ALTER TABLE users DROP COLUMN full_name;',
    });
    assert.deepEqual((await withMigration(state, v1)).migration?.phases, [
      'expand',
      'backfill',
      'undo',
      'contract',
    ]);
  });

  test('is the version itself where commands do all the work', async (t) => {
    const shop = await versions(t, 'run: { expand: ./migrate.sh }');
    const { migration } = await withMigration(state, await shop.add('v7'));
    assert.deepEqual(migration, { name: 'v7', phases: ['expand'] });
  });

  test('is none where there is no folder, or none with a phase in it', async (t) => {
    const shop = await versions(t, ...served, 'run: { expand: ./migrate.sh }');
    const v1 = await shop.add('v1');
    assert.equal('migration' in (await withMigration(state, v1)), false);
    const v2 = await shop.add('v2', { 'db/a.sql': '' });
    assert.equal('migration' in (await withMigration(state, v2)), false);
  });

  test('is known by its name where nothing is left to do, and asked nothing more', async (t) => {
    const shop = await versions(t, 'url: env:TEAL_TEST_NO_SUCH_URL', 'migrations: db');
    const v1 = await shop.add('v1', { 'db/1/expand.sql': 'ALTER TABEL users;' });
    const done = { ...state, contracted: ['1'] };
    assert.deepEqual((await withMigration(done, v1)).migration, { name: '1', phases: [] });
    const v2 = await shop.add('v2', { 'db/2/expand.sql': '-- to be written\n' });
    assert.deepEqual((await withMigration(state, v2)).migration, { name: '2', phases: [] });
  });

  test('is refused where the folder is a file, or one of a single migration', async (t) => {
    const shop = await versions(t, ...served);
    await assert.rejects(
      withMigration(state, await shop.add('v1', { db: 'x' })),
      refused('migration-invalid', /^db of v1 is a file.*apps\.shop\.database\.migrations/),
    );
    await assert.rejects(
      withMigration(state, await shop.add('v2', { 'db/contract.sql': contract })),
      refused('migration-invalid', /^db of v2 holds contract\.sql itself/),
    );
  });

  test('is refused with the place where it cannot run as it is written', async (t) => {
    const shop = await versions(t, ...served);
    await assert.rejects(
      withMigration(state, await shop.add('v1', { 'db/1/expand.sql': `${expand}ALTER TABEL users;` })),
      refused('migration-invalid', /^db\/1\/expand\.sql:2: syntax error/),
    );
    await assert.rejects(
      withMigration(state, await shop.add('v2', { 'db/2/contract.sql': `BEGIN; ${contract}` })),
      refused('migration-invalid', /^db\/2\/contract\.sql:1: the transaction has no COMMIT/),
    );
  });

  test('is refused where the secret is missing, or holds no address, which is not told', async (t) => {
    const missing = await versions(t, 'url: env:TEAL_TEST_NO_SUCH_URL', 'migrations: db');
    const files = { 'db/1/expand.sql': expand };
    await assert.rejects(
      withMigration(state, await missing.add('v1', files)),
      refused('secret-missing', /the database is missing: TEAL_TEST_NO_SUCH_URL/),
    );
    const other = await versions(t, 'url: file:{folder}/v1/secret', 'migrations: db');
    await assert.rejects(
      withMigration(state, await other.add('v1', { ...files, secret: 'mysql://a:hunter22@b/c' })),
      (error) =>
        refused('usage', /no address of a PostgreSQL/)(error) &&
        !JSON.stringify(error).includes('hunter22') &&
        !(error as Error).message.includes('hunter22'),
    );
    const shadow = await versions(t, ...served, 'proof: { shadow: env:TEAL_TEST_NO_SUCH_URL }');
    await assert.rejects(
      withMigration(state, await shadow.add('v1', files)),
      refused('secret-missing', /the shadow database is missing/),
    );
  });
});

const by = { actor: 'anna', reason: null };

describe('a deploy', () => {
  test('knows what the version brings for the database, and what the rules find in it', async (t) => {
    const shop = await versions(t, ...served);
    const deps = await fakeDeps(t, shop.spec);
    await shop.add('v1', { 'db/1/expand.sql': 'ALTER TABLE users RENAME name TO full_name;' });
    const { did } = await deploy(deps, 'shop', { version: 'v1' }, { by, signal: forever });
    const { release } = deps.apps.state('shop');
    assert.deepEqual(release?.build.migration, { name: '1', phases: ['expand'] });
    assert.match(did, /^deploying v1; the rules find .* in 1 that would break.*: teal plan shop v1$/);
  });

  test('with what cannot run is refused before anything begins', async (t) => {
    const shop = await versions(t, ...served);
    const deps = await fakeDeps(t, shop.spec);
    await shop.add('v1', { 'db/1/expand.sql': 'ALTER TABEL users;' });
    await assert.rejects(
      deploy(deps, 'shop', { version: 'v1' }, { by, signal: forever }),
      refused('migration-invalid', /db\/1\/expand\.sql:1/),
    );
    assert.equal(deps.apps.state('shop').release, null);
  });

  for (const [what, database] of [
    ['a server', served],
    ['commands alone', ['run: { expand: x }']],
    ['no database', null],
  ] as const) {
    test(`of which a secret is missing is refused before anything begins, with ${what}`, async (t) => {
      const shop = await versions(t, ...(database ?? served));
      const { database: policy, ...rest } = shop.spec;
      const missing = { kind: 'secret', source: 'env', name: 'TEAL_TEST_NO_SUCH_KEY' } as const;
      const roles = rest.roles.map((role) => ({ ...role, environment: { API_KEY: missing } }));
      const spec = { ...rest, roles, ...(database === null || !policy ? {} : { database: policy }) };
      const says = refused(
        'secret-missing',
        /API_KEY is missing: TEAL_TEST_NO_SUCH_KEY is not in Teal's env/,
      );
      const deps = await fakeDeps(t, spec);
      await shop.add('v1', { 'db/1/expand.sql': expand });
      await assert.rejects(deploy(deps, 'shop', { version: 'v1' }, { by, signal: forever }), says);
      assert.equal(deps.apps.state('shop').release, null);
      const planned = await plan(deps, 'shop', { version: 'v1', actor: 'anna' }, forever);
      assert.ok(planned.refused.some(({ code }) => code === 'secret-missing'));

      const grouped = await fakeDeps(t, { ...spec, group: 'all' });
      const body = { version: 'v1' };
      await assert.rejects(groupCommand(grouped, 'all', { name: 'deploy', body, by, signal: forever }), says);
      assert.equal(grouped.apps.state('shop').release, null);
    });
  }

  test('with a second migration is refused while the first is open', async (t) => {
    const shop = await versions(t, ...served);
    const deps = await fakeDeps(t, shop.spec);
    await shop.add('v1', { 'db/1/expand.sql': expand });
    await deploy(deps, 'shop', { version: 'v1' }, { by, signal: forever });
    await deps.apps.submit('shop', { type: 'abort', reason: null }, teal);
    await shop.add('v2', { 'db/2/contract.sql': contract });
    assert.equal(deps.apps.state('shop').migration?.name, '1');
    await assert.rejects(
      deploy(deps, 'shop', { version: 'v2' }, { by, signal: forever }),
      refused('migration-open', /^1, which came with v1/),
    );
  });

  test('after a contract is refused for who does not know the schema, and for nobody else', async (t) => {
    const shop = await versions(t, ...served);
    const deps = await fakeDeps(t, shop.spec);
    const files = { 'db/1/expand.sql': expand, 'db/1/contract.sql': contract };
    await shop.add('v1', files);
    await deploy(deps, 'shop', { version: 'v1' }, { by, signal: forever });
    const passed = { type: 'phase-passed', migration: '1', round: 1, steps: 1, ran: 1, ms: 1 } as const;
    await deps.apps.submit('shop', { ...passed, phase: 'expand' }, teal);
    await deps.apps.submit(
      'shop',
      { type: 'environment-ready', colour: 'blue', version: 'v1', size: 'preview' },
      teal,
    );
    await deps.apps.submit(
      'shop',
      { type: 'environment-ready', colour: 'blue', version: 'v1', size: 'full' },
      teal,
    );
    await deps.apps.submit(
      'shop',
      { type: 'table-acknowledged', release: 'shop-1', live: 'blue', generation: 1 },
      teal,
    );
    await deps.apps.submit('shop', { type: 'tick' }, teal);
    await deps.apps.submit('shop', { ...passed, phase: 'contract' }, teal);
    assert.deepEqual(deps.apps.state('shop').contracted, ['1']);

    await shop.add('v0');
    await assert.rejects(
      deploy(deps, 'shop', { version: 'v0' }, { by, signal: forever }),
      refused('schema-contracted', /^v0 does not know the database/),
    );
    await shop.add('v2', files);
    await deploy(deps, 'shop', { version: 'v2' }, { by, signal: forever });
    assert.equal(deps.apps.state('shop').release?.status, 'starting');
  });

  test('of a group knows it, too', async (t) => {
    const shop = await versions(t, ...served);
    const spec = { ...shop.spec, group: 'all' };
    const deps = await fakeDeps(t, spec);
    await shop.add('v1', { 'db/1/expand.sql': expand });
    await groupCommand(deps, 'all', { name: 'deploy', body: { version: 'v1' }, by, signal: forever });
    assert.deepEqual(deps.apps.state('shop').release?.build.migration, { name: '1', phases: ['expand'] });
  });

  test('is told with what the rules find in it, of a group as of an app', async (t) => {
    const shop = await versions(t, ...served);
    const found = /; the rules find one thing in 1 that would break .*: teal plan shop v1$/;
    await shop.add('v1', { 'db/1/expand.sql': 'DROP VIEW people;' });
    const alone = await fakeDeps(t, shop.spec);
    const one = await deploy(alone, 'shop', { version: 'v1' }, { by, signal: forever });
    assert.match(one.did, found);
    assert.match(`; ${one.note}`, found);
    const deps = await fakeDeps(t, { ...shop.spec, group: 'all' });
    const body = { version: 'v1' };
    const { apps } = await groupCommand(deps, 'all', { name: 'deploy', body, by, signal: forever });
    assert.match(apps[0]?.did ?? '', found);
    assert.match(`; ${apps[0]?.note}`, found);
  });
});
