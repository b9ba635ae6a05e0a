/** What teal plan says of the database. No server is there: it asks none. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { renderPlan } from '../../../src/cli/render/plan.ts';
import { planResult } from '../../../src/control/api/answers/plan.ts';
import { teal } from '../../../src/control/apps.ts';
import type { PlanResult } from '../../../src/control/contract.ts';
import { deploy } from '../../../src/control/deploy.ts';
import { known } from '../../../src/control/known.ts';
import { foresee } from '../../../src/control/plan/database.ts';
import { planGroup } from '../../../src/control/plan/group.ts';
import { plan } from '../../../src/control/plan/plan.ts';
import { parse } from 'valibot';
import { fakeDeps, type FakeDeps } from '../fakes.ts';
import { forever } from '../help.ts';
import { contract, expand, served, versions, type Versions } from './shop.ts';

const by = { actor: 'anna', reason: null };

async function planned(deps: FakeDeps, version: string): Promise<PlanResult> {
  const result = await plan(deps, 'shop', { version, ...by }, forever);
  return parse(planResult, result);
}

const shown = (result: PlanResult, width = 80): string =>
  renderPlan(result, { colour: false, width, unicode: true, now: Date.now() } as never);

/** v1, which knows of no migration, is live. */
async function live(t: TestContext, shop: Versions): Promise<FakeDeps> {
  const deps = await fakeDeps(t, shop.spec);
  const build = await shop.add('v1');
  await deps.apps.submit('shop', { type: 'deploy', build, promote: null }, teal);
  const ready = { type: 'environment-ready', colour: 'blue', version: 'v1' } as const;
  await deps.apps.submit('shop', { ...ready, size: 'preview' }, teal);
  await deps.apps.submit('shop', { ...ready, size: 'full' }, teal);
  await deps.apps.submit(
    'shop',
    { type: 'table-acknowledged', release: 'shop-1', live: 'blue', generation: 1 },
    teal,
  );
  assert.equal(deps.apps.state('shop').live, 'blue');
  return deps;
}

const renaming = {
  'db/0007-rename/expand.sql': expand,
  'db/0007-rename/backfill.sql': 'UPDATE users SET full_name = name WHERE full_name IS NULL;',
  'db/0007-rename/undo.sql': 'ALTER TABLE users DROP COLUMN full_name;',
  'db/0007-rename/contract.sql': contract,
};

describe('a plan', () => {
  test('has each phase of the migration with its time, and what the rules find', async (t) => {
    const shop = await versions(t, ...served);
    const deps = await live(t, shop);
    await shop.add('v2', renaming);
    const result = await planned(deps, 'v2');
    assert.deepEqual(result.refused, []);
    assert.deepEqual(
      result.database?.phases.map(({ phase, byItself }) => [phase, byItself]),
      [
        ['expand', true],
        ['backfill', true],
        ['undo', false],
        ['contract', true],
      ],
    );
    assert.deepEqual([result.database.migration, result.database.folder], ['0007-rename', 'db/0007-rename']);
    const text = shown(result);
    assert.match(
      text,
      /^ {2}Database {2}db\/0007-rename\n {4}expand {4}before the candidate starts, if the proof/m,
    );
    assert.match(text, /^ {4}backfill {2}before the candidate starts$/m);
    assert.match(text, /^ {4}undo {6}if the release is taken back, by teal db undo shop$/m);
    assert.match(text, /^ {4}contract {2}when the rollback window \(1h\) has closed and no older/m);
    assert.ok(text.indexOf('Database') < text.indexOf('1. promote'), text);
    assert.ok(text.split('\n').every((line) => line.length <= 80));
  });

  test('names what would break the live version, by place, gravest first, and refuses nothing for it', async (t) => {
    const shop = await versions(t, ...served);
    const deps = await live(t, shop);
    await shop.add('v2', {
      'db/1/expand.sql': 'CREATE TABLE users (id int PRIMARY KEY, name text);',
      'db/2/expand.sql': [
        'SET lock_timeout = 200;',
        'CREATE INDEX users_name ON users (name);',
        'ALTER TABLE users ALTER name SET NOT NULL;',
        'ALTER TABLE users RENAME name TO full_name;',
        'DROP VIEW people;',
      ].join('\n'),
    });
    const { refused, database, ...rest } = await planned(deps, 'v2');
    assert.deepEqual(refused, []);
    const findings = database?.lint?.findings ?? [];
    assert.ok(findings.length > 3);
    assert.ok(
      findings.every(({ file }) => file === 'db/2/expand.sql'),
      'that of before is only read',
    );
    const levels = findings.map(({ level }) => level);
    assert.deepEqual(levels, levels.toSorted(), 'errors first');
    assert.ok(findings.some(({ rule, line }) => rule === 'rename-column' && line === 4));
    const text = shown({ refused, database, ...rest });
    assert.equal(text.match(/^ {2}[✗!] db\/2\/expand\.sql:\d/gm)?.length, 3, text);
    assert.match(text, /\d more findings?: teal\s+db\s+lint\s+db\/2/);
  });

  test('has what the deploy would be refused with: what cannot run, and what is not done yet', async (t) => {
    const shop = await versions(t, ...served);
    const deps = await live(t, shop);
    await shop.add('v2', { 'db/1/expand.sql': `${expand}\nALTER TABEL users;` });
    const broken = await planned(deps, 'v2');
    assert.deepEqual(
      broken.refused.map(({ code }) => code),
      ['migration-invalid'],
    );
    assert.match(shown(broken), /✗ Refused now: db\/1\/expand\.sql:3: /);

    await shop.add('v3', renaming);
    await deploy(deps, 'shop', { version: 'v3' }, { by, signal: forever });
    await deps.apps.submit('shop', { type: 'abort', reason: null }, teal);
    const same = await planned(deps, 'v3');
    assert.equal(same.database?.open, null);
    assert.match(shown(same, 200), /0007-rename was begun by v3\. Only what is left of it runs\./);

    await shop.add('v4', { ...renaming, 'db/0008-more/expand.sql': expand });
    const second = await planned(deps, 'v4');
    assert.ok(second.refused.some(({ code }) => code === 'migration-open'));
    assert.deepEqual(second.database?.open, { migration: '0007-rename', version: 'v3', stage: 'expanding' });
    assert.match(shown(second, 200), /! 0007-rename of v3 is not done yet: expanding$/m);
  });

  test('says what is done, what was undone, and what is not known', async (t) => {
    const shop = await versions(t, ...served, 'contract: manual', 'undo: auto');
    const deps = await live(t, shop);
    const build = await shop.add('v2', renaming);
    const state = known(deps, 'shop');
    const done = await foresee({ ...state, contracted: ['0007-rename'] }, build);
    assert.deepEqual(done.database?.phases, []);
    assert.deepEqual(done.database.notes, ['0007-rename is done: it was contracted.']);
    assert.deepEqual(done.build.migration, { name: '0007-rename', phases: [] });

    const more = await shop.add('v4', {
      ...renaming,
      'db/0008/expand.sql': expand,
      'db/0009/expand.sql': expand,
    });
    const skipping = await foresee({ ...state, contracted: ['0007-rename'] }, more);
    assert.match(
      skipping.database?.notes[0] ?? '',
      /^0008 is left out, since a release runs the newest only/,
    );
    assert.equal(skipping.database?.migration, '0009');

    await deploy(deps, 'shop', { version: 'v2' }, { by, signal: forever });
    const { migration } = deps.apps.state('shop');
    assert.ok(migration);
    const undone = await foresee({ ...state, migration: { ...migration, stage: 'undone' } }, build);
    assert.deepEqual(undone.database?.notes, ['0007-rename was undone, and is begun once more.']);
    assert.match(undone.database.phases[3]?.when ?? '', /, by teal db contract shop$/);
    assert.deepEqual(undone.database.phases[2]?.byItself, true);

    const none = await foresee(state, await shop.add('v3'));
    assert.deepEqual(none.database?.notes, ['v3 brings no migration: db holds none.']);
    const missing = await foresee(state, { ...build, version: 'v9' });
    assert.deepEqual(missing.database?.notes, ['What v9 brings is known when its files are there.']);
  });

  test('that is refused says so once, and has no heading with nothing below it', async (t) => {
    const shop = await versions(t, ...served);
    const deps = await live(t, shop);
    await shop.add('v2', { ...renaming, 'db/0007-rename/expand.sql': 'ALTER TABEL users;' });
    const result = await planned(deps, 'v2');
    assert.equal(result.refused.length, 1);
    const text = shown(result);
    assert.match(text, /✗ Refused now: /);
    assert.doesNotMatch(text, /Database/);
    assert.doesNotMatch(text, /\n\n\n/);
  });

  test('of a group has it for each app', async (t) => {
    const shop = await versions(t, ...served);
    const deps = await fakeDeps(t, { ...shop.spec, group: 'all' });
    await shop.add('v1', renaming);
    const [one] = await planGroup(deps, 'all', { version: 'v1', ...by }, forever);
    assert.equal(one?.database?.migration, '0007-rename');
  });

  test('says what there is not without a server, and when going back does harm', async (t) => {
    const shop = await versions(t, 'run: { expand: ./migrate.sh }', 'rollback: unsafe');
    const deps = await live(t, shop);
    await shop.add('v2');
    const commands = await planned(deps, 'v2');
    assert.deepEqual([commands.database?.migration, commands.database?.folder], ['v2', null]);
    assert.equal(commands.database?.lint, null);
    const text = shown(commands, 200);
    assert.match(
      text,
      /Commands do all the work, since there is no url: rules, proof and generators are for Postgre/,
    );
    assert.match(text, /^ {2}! v1 cannot read what v2 writes \(database\.rollback: unsafe\): .* freezes/m);
    assert.match(text, /expand {4}before the candidate starts$/m, 'nothing is proven without a server');
  });
});
