/** Commands about the migration of a release, and what is told of it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { widthOf } from '../../src/cli/render/paint.ts';
import { renderApp } from '../../src/cli/render/status.ts';
import type { AppStatus, MigrationView } from '../../src/control/contract.ts';
import { TealError } from '../../src/errors.ts';
import { start, teal, until } from './cli.ts';
import { app, FakeControl, now, release } from './fake.ts';

process.env['TZ'] = 'UTC';
const wide = { width: 80, colour: false, now };

let fake: FakeControl;
before(async () => {
  fake = await FakeControl.start();
});
after(() => fake.close());
beforeEach(() => fake.reset());

const migration = (more: Partial<MigrationView> = {}): MigrationView => ({
  name: '0007-rename',
  version: 'v42',
  release: 'shop-7',
  round: 1,
  phases: ['expand', 'undo', 'contract'],
  stage: 'ready',
  since: now,
  olds: ['v41'],
  failed: null,
  proofs: {},
  unsafe: null,
  says: 'no older version runs any more: teal db contract shop',
  until: null,
  command: 'contract',
  progress: null,
  ...more,
});

const over = release({ status: 'completed', ended: true, step: null });
const having = (more: Partial<MigrationView>): AppStatus =>
  app({ release: over, migration: migration(more) });

const failure = {
  code: 'lock-not-granted',
  message: 'users was not to be had for 10 min',
  remedy: 'end what holds it',
  details: {},
} as const;

test('db contract waits by itself, tells what happens, and ends when it is done', async () => {
  fake.apps = [having({})];
  fake.onCommand = () => {
    fake.apps = [having({ stage: 'contracting', says: 'contract is about to begin', command: null })];
    return 'contracting 0007-rename';
  };
  const running = start(fake.directory, ['db', 'contract', 'shop', '--reason', 'v41 is gone']);
  await until('it follows', () => fake.followers > 0);
  assert.deepEqual(
    fake.calls.filter(({ method }) => method === 'POST').map(({ path, body }) => [path, body]),
    [['/v1/apps/shop/contract', { reason: 'v41 is gone' }]],
  );
  fake.emit('contract of 0007-rename is done: 2 steps, 0.1 s');
  await until('it is told', () => running.said().includes('2 steps'));
  const says = 'all 9 statements of v42 work without it';
  const proof = { outcome: 'green', says, statements: 9, coverage: 1, broken: 0, risk: 0 } as const;
  const proofs = { contract: { ...proof, clientVisible: 0, unproven: 0, findings: [], unsafe: null } };
  fake.apps = [having({ stage: 'contracted', says: 'contracted', command: null, proofs })];
  fake.emit('done');
  const { code, out } = await running.finished;
  assert.equal(code, 0);
  assert.equal(
    out,
    [
      '✓ Contracted      shop  0007-rename',
      '  Proof           all 9 statements of v42 work without it',
      '  Next            teal status shop',
      '',
    ].join('\n'),
  );
});

test('db undo fails with the error of the phase, and says what it was', async () => {
  fake.onCommand = () => {
    fake.apps = [having({ stage: 'undoing', failed: failure })];
    return 'undoing';
  };
  fake.apps = [having({})];
  const { code, out, err } = await teal(fake.directory, 'db', 'undo');
  assert.deepEqual([code, out], [1, '']);
  assert.match(
    err,
    /✗ users was not to be had for 10 min\n {2}end what holds it\n {2}code: lock-not-granted/,
  );
  const json = await teal(fake.directory, 'db', 'undo', 'shop', '--json');
  assert.equal(json.code, 1);
  assert.equal((JSON.parse(json.out) as { error: { code: string } }).error.code, 'lock-not-granted');
});

test('--no-wait only begins it; --timeout gives up waiting; a refusal is told as it is', async () => {
  fake.apps = [having({})];
  fake.onCommand = () => {
    fake.apps = [having({ stage: 'contracting', says: 'contract goes on when v41 is gone', command: null })];
    return 'contracting 0007-rename';
  };
  const begun = await teal(fake.directory, 'db', 'contract', 'shop', '--no-wait');
  assert.equal(begun.code, 0);
  assert.match(begun.out, /^… Contracting +shop {2}0007-rename\n {2}Done +contracting 0007-rename\n/);
  const late = await teal(fake.directory, 'db', 'contract', 'shop', '--timeout', '300ms');
  assert.equal(late.code, 4);
  assert.match(late.err, /contract was not done within 0\.3 s; it goes on/);
  fake.onCommand = () => {
    throw new TealError('wrong-state', "shop can't contract 0007-rename now: v41 still runs.", {
      remedy: 'teal status shop',
    });
  };
  const refused = await teal(fake.directory, 'db', 'contract', 'shop');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /v41 still runs/);
});

test('what is done already needs no waiting, and another round is the end of the one before', async () => {
  fake.apps = [having({ stage: 'undone', says: 'undone', command: null })];
  assert.match((await teal(fake.directory, 'db', 'undo', 'shop')).out, /^✓ Undone/);
  fake.apps = [having({ stage: 'undoing' })];
  const running = start(fake.directory, ['db', 'undo', 'shop']);
  await until('it follows', () => fake.followers > 0);
  fake.apps = [having({ stage: 'expanding', round: 2 })];
  fake.emit('deploying v43');
  assert.equal((await running.finished).code, 0);
});

test('the status has a line for the database, and one for what it waits for', () => {
  const text = renderApp(
    app({
      release: release({ status: 'migrating', step: null }),
      migration: migration({
        stage: 'backfilling',
        round: 2,
        says: 'backfill 2/3 41 %: users.full_name; paused: p99 is 900 ms',
        command: null,
      }),
    }),
    wide,
  );
  assert.match(text, /^ {2}release +shop-7 {2}v41 → v42 {2}migrating {2}for 12 s$/m);
  assert.match(text, /^ {2}database {2}0007-rename {2}backfilling {2}round 2$/m);
  assert.match(text, /^ {12}backfill 2\/3 41 %: users\.full_name; paused: p99 is 900 ms$/m);
  const window = renderApp(
    app({ migration: migration({ until: now + 60_000, says: 'contract waits for the rollback window' }) }),
    wide,
  );
  assert.match(window, /^ {2}database {2}0007-rename {2}ready {2}until in 60 s$/m);
});

test('a failure is told once, before everything else; what is over, not at all', () => {
  const failed = having({
    stage: 'contracting',
    failed: failure,
    says: `contract failed: ${failure.message}`,
  });
  const text = renderApp(failed, wide);
  assert.match(text, /^! shop/);
  assert.match(text, /^ {2}✗ 0007-rename: users was not to be had for 10 min$/m);
  const own = app({
    release: release({ status: 'aborted', ended: true, error: failure }),
    migration: migration({ stage: 'expanding', failed: failure, says: `expand failed: ${failure.message}` }),
  });
  assert.equal(renderApp(own, wide).split('not to be had').length, 2);
  assert.doesNotMatch(renderApp(having({ stage: 'contracted', release: 'shop-5' }), wide), /database/);
});

test('a database that fails what is live puts the app among those in trouble, however long ago it was contracted', () => {
  const harm = 'the database was contracted (0007-rename): statements of v41 may fail on it';
  const [blue, release] = [app().environments.blue, null];
  const contracted = migration({ stage: 'contracted', release: 'shop-5', says: 'contracted: v41 does not' });
  const told = app({ environments: { blue, green: null }, release, migration: contracted, harm });
  assert.match(
    renderApp(told, wide),
    /^! shop [^]*\n {2}database {2}0007-rename {2}contracted\n {12}! the data/,
  );
  assert.doesNotMatch(renderApp(told, wide), /v41 does not/, 'said once');
  assert.match(renderApp({ ...told, harm: null }, wide), /^✓ shop/);
});

test('a way back that does harm says so, and fits a narrow terminal', () => {
  const harm = 'the database was contracted for v42 (0007-rename): statements of v41 may fail on it';
  const text = renderApp(
    app({ release: over, version: 'v42', rollback: { to: 'v41', how: 'start-first', harm } }),
    {
      ...wide,
      width: 40,
    },
  );
  assert.match(text.replaceAll(/\s+/g, ' '), /rollback to v41 .*! the database was contracted for v42/);
  assert.ok(
    text.split('\n').every((line) => widthOf(line) <= 40),
    text,
  );
});
