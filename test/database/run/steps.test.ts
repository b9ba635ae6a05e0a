// What is read of files, decided of a record, and said of errors: no server needed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Phase } from '../../../src/config/database.ts';
import { etaOf, nextSize } from '../../../src/database/run/batch-plan.ts';
import { withoutValues } from '../../../src/database/run/blockers.ts';
import { leftOf } from '../../../src/database/run/order.ts';
import { pauseBefore } from '../../../src/database/run/patience.ts';
import { planOf } from '../../../src/database/run/plan.ts';
import { readSteps } from '../../../src/database/run/read-steps.ts';
import { isLost } from '../../../src/database/run/server-error.ts';
import type { Step } from '../../../src/database/run/step.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { TealError } from '../../../src/errors.ts';
import { migration } from './migration.ts';

const parser = await loadParser();
const read = (phase: Phase, sql: string): readonly Step[] =>
  readSteps(parser, { phase, sources: [{ sql, file: `${phase}.sql` }] });
const kinds = (steps: readonly Step[]): readonly string[] => steps.map(({ kind, what }) => `${kind} ${what}`);

test('a transaction is one step, a statement alone is one, and SET is in force for those behind it', () => {
  const steps = read(
    'expand',
    `-- why
SET search_path = shop;
BEGIN; ALTER TABLE a ADD COLUMN x int; -- and
ALTER TABLE a ADD COLUMN y int; COMMIT;
CREATE INDEX CONCURRENTLY i ON a (x);
ALTER TABLE a VALIDATE CONSTRAINT c; UPDATE a SET x = 1;`,
  );
  assert.deepEqual(kinds(steps), [
    'transaction ALTER TABLE a ADD COLUMN x int; ALTER TABLE a ADD COLUMN y int',
    'concurrent CREATE INDEX CONCURRENTLY i ON a (x)',
    'transaction ALTER TABLE a VALIDATE CONSTRAINT c',
    'transaction UPDATE a SET x = 1',
  ]);
  assert(steps.every(({ settings }) => settings.join() === 'SET search_path = shop'));
  assert.deepEqual(
    steps.map((step) => step.kind === 'transaction' && step.patient),
    [false, false, true, false],
  );
});

test('a backfill has batches and a query that verifies; undo takes statements about a table together', () => {
  assert.deepEqual(
    kinds(
      read(
        'backfill',
        `UPDATE users u SET a = (SELECT 1 WHERE true) WHERE u.a IS NULL OR b; DELETE FROM "T"; INSERT INTO a SELECT 1; UPDATE a SET b = 1 RETURNING c;
         SELECT count(*) FROM users`,
      ),
    ).map((each) => each.split(' ')[0]),
    ['batch', 'batch', 'transaction', 'transaction', 'verify'],
  );
  const [batch] = read('backfill', 'UPDATE ü SET "where" = (SELECT 1 WHERE true) WHERE ü.a IS NULL OR b');
  assert(batch?.kind === 'batch');
  assert.deepEqual(
    [batch.head, batch.condition, batch.alias],
    ['UPDATE ü SET "where" = (SELECT 1 WHERE true) ', ' ü.a IS NULL OR b', 'ü'],
  );
  assert.deepEqual(
    kinds(
      read(
        'undo',
        'DROP TRIGGER t ON a; ALTER TABLE a DROP COLUMN x; ALTER TABLE b DROP COLUMN y; DROP FUNCTION f();',
      ),
    ),
    [
      'transaction DROP TRIGGER t ON a; ALTER TABLE a DROP COLUMN x',
      'transaction ALTER TABLE b DROP COLUMN y',
      'transaction DROP FUNCTION f()',
    ],
  );
});

test('what cannot run as it is written is refused with its place', () => {
  for (const [sql, said] of [
    ['SELECT 1;\nALTER TABEL a', /expand\.sql:2: syntax error/],
    ['BEGIN; SELECT 1;', /no COMMIT/],
    ['SELECT 1; COMMIT;', /COMMIT without BEGIN/],
    ['BEGIN; BEGIN; COMMIT;', /BEGIN in a transaction/],
    ['BEGIN; ROLLBACK;', /take itself back/],
    ['BEGIN;\nDROP INDEX CONCURRENTLY i;\nCOMMIT', /expand\.sql:2: it cannot run in a transaction/],
    ['CREATE INDEX CONCURRENTLY ON a (b)', /without a name/],
    ['CREATE DATABASE d', /about the server/],
  ] as const)
    assert.throws(
      () => read('expand', sql),
      (error: unknown) =>
        error instanceof TealError && error.code === 'migration-invalid' && said.test(error.message),
      sql,
    );
});

test('comments, spaces and the end of lines are no change of a step', () => {
  const sum = (sql: string): string | undefined => read('expand', sql)[0]?.checksum;
  assert.equal(
    sum('ALTER TABLE a\r\n  ADD COLUMN b int -- why\r\n;'),
    sum('/* x */ ALTER TABLE a ADD COLUMN b int'),
  );
  assert.notEqual(sum("SELECT 'a b'"), sum("SELECT 'a  b'"));
});

test('undo saves what expand has added and it drops, unless the trigger of teal db new does', () => {
  const plan = planOf(
    parser,
    migration('m', {
      expand: `ALTER TABLE a ADD COLUMN x int, ADD COLUMN kept int; ALTER TABLE b ADD COLUMN y int; CREATE TABLE c (id int); ALTER TABLE d ADD COLUMN z int;
        CREATE TRIGGER teal_sync_d BEFORE INSERT ON d FOR EACH ROW EXECUTE FUNCTION f(); CREATE TRIGGER t BEFORE INSERT ON b FOR EACH ROW EXECUTE FUNCTION f();`,
      backfill: 'UPDATE d SET z = z; SELECT count(*) FROM d',
      undo: 'ALTER TABLE a DROP COLUMN x; ALTER TABLE b DROP COLUMN y; DROP TABLE c; ALTER TABLE d DROP COLUMN z',
    }),
  );
  assert.deepEqual(
    plan.steps.undo.flatMap((step) => (step.kind === 'save' ? [step.saves] : [])),
    [
      { table: 'a', columns: ['x'], followed: false },
      { table: 'b', columns: ['y'], followed: true },
      { table: 'c', columns: null, followed: false },
    ],
  );
  assert.deepEqual(
    plan.steps.backfill.map(({ kind }) => kind),
    ['batch', 'restore', 'restore', 'restore', 'verify'],
  );
});

test('undo saves a column that was added by hand beside those of teal db new, whoever writes the row meanwhile', () => {
  const sync =
    'ALTER TABLE a ADD COLUMN x int; CREATE TRIGGER teal_sync_a_x BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();';
  const saves = (backfill: string) =>
    planOf(
      parser,
      migration('m', {
        expand: `${sync} ALTER TABLE a ADD COLUMN z int;`,
        backfill,
        undo: 'ALTER TABLE a DROP COLUMN x; ALTER TABLE a DROP COLUMN z',
      }),
    ).steps.undo.flatMap((step) => (step.kind === 'save' ? [step.saves] : []));
  assert.deepEqual(saves('UPDATE a SET y = y'), [{ table: 'a', columns: ['z'], followed: false }]);
  assert.deepEqual(saves('UPDATE a SET y = y, z = 1'), [{ table: 'a', columns: ['z'], followed: true }]);
});

test('a phase that has begun cannot be skipped, and undo and contract rule each other out', () => {
  const all = planOf(
    parser,
    migration('m', {
      expand: 'SELECT 1',
      backfill: 'UPDATE a SET x = 1',
      undo: 'SELECT 1',
      contract: 'SELECT 1',
    }),
  ).steps;
  const of = (phases: readonly (readonly [Phase, 'done' | 'begun'])[], phase: Phase): string => {
    const ledger = {
      phases: phases.map(([name, state]) => ({
        round: 1,
        phase: name,
        steps: name === 'undo' ? 1 : 0,
        startedAt: 0,
        finishedAt: state === 'done' ? 1 : null,
        shape: [],
      })),
      steps: [],
    };
    try {
      const left = leftOf(ledger, phase, { ...all, ...(phase === 'undo' ? {} : { [phase]: [] }) });
      return `${left.round}${left.done ? ' done' : ''}`;
    } catch (error) {
      return (error as TealError).code;
    }
  };
  assert.equal(of([], 'expand'), '1');
  assert.equal(of([['expand', 'begun']], 'backfill'), 'migration-order');
  assert.equal(of([['expand', 'done']], 'contract'), 'migration-order');
  assert.equal(of([['expand', 'begun']], 'undo'), '1');
  assert.equal(
    of(
      [
        ['expand', 'done'],
        ['undo', 'begun'],
      ],
      'backfill',
    ),
    'migration-order',
  );
  assert.equal(
    of(
      [
        ['expand', 'done'],
        ['undo', 'begun'],
      ],
      'expand',
    ),
    'migration-order',
  );
  assert.equal(
    of(
      [
        ['expand', 'done'],
        ['undo', 'done'],
      ],
      'expand',
    ),
    '2',
  );
  assert.equal(
    of(
      [
        ['expand', 'done'],
        ['undo', 'done'],
      ],
      'undo',
    ),
    '1 done',
  );
  assert.equal(
    of(
      [
        ['expand', 'done'],
        ['backfill', 'done'],
        ['contract', 'begun'],
      ],
      'undo',
    ),
    'migration-order',
  );
  assert.equal(
    of(
      [
        ['expand', 'done'],
        ['backfill', 'done'],
        ['contract', 'begun'],
      ],
      'contract',
    ),
    '1',
  );
});

test('batches come to their time and stay within bounds; pauses grow and are never the same', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 20, noNaN: true }), (msPerRow) => {
      let size = 200;
      for (let turn = 0; turn < 40; turn++) size = nextSize(size, size * msPerRow, 100);
      const took = size * msPerRow;
      assert(size === 50_000 || size === 20 || (took > 50 && took < 200), `${size} rows in ${took} ms`);
    }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (tries, chance) => {
        const ms = pauseBefore(tries, chance);
        assert(ms >= 150 && ms <= 5000);
        assert(tries < 2 || pauseBefore(tries, 0) >= pauseBefore(tries - 1, 0));
      },
    ),
  );
  assert.equal(etaOf(250, 1000, 500), 1500);
  assert.equal(etaOf(1000, 900, 500), null);
});

test('what others run is said without values, and a connection that is lost is no failure of the statement', () => {
  assert.equal(
    withoutValues("SELECT * FROM users WHERE name = 'O''Hara' AND age > 42 AND a1 = $$x$$ AND b = 'unfinis"),
    "SELECT * FROM users WHERE name = '…' AND age > … AND a1 = '…' AND b = '…'",
  );
  const error = (code: string | undefined, message: string): Error =>
    Object.assign(new Error(message), { code });
  for (const lost of [
    error('57P01', 'terminating'),
    error('EPIPE', 'write'),
    error('ECONNREFUSED', ''),
    error(undefined, 'Connection terminated unexpectedly'),
  ])
    assert(isLost(lost), lost.message);
  for (const other of [error('23505', 'duplicate'), error('55P03', 'lock'), new Error('x')])
    assert(!isLost(other));
});
