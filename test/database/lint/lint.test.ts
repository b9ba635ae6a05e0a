import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { migrationsAt } from '../../../src/database/lint/files.ts';
import { filesBefore, lint, schemaOf, type LintReport } from '../../../src/database/lint/lint.ts';
import { phaseOf, releaseOf } from '../../../src/database/lint/phase.ts';
import { lintSarif } from '../../../src/database/lint/sarif.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { scratch } from '../../control/help.ts';
import { examples } from './examples.ts';

const parser = await loadParser();

function run(
  files: Readonly<Record<string, string>>,
  more: { readonly inTransaction?: boolean } = {},
): LintReport {
  return lint(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    { parser, version: 14, inTransaction: more.inTransaction ?? false },
  );
}

const places = ({ findings }: LintReport): readonly string[] =>
  findings.map(({ rule, file, line, column }) => `${file}:${line}:${column} ${rule}`);

test('a finding stands where its part of the statement begins, counted in characters, whatever stands before', () => {
  const text =
    '-- für später\nSELECT \'é\';\n\nALTER TABLE ONLY "größe".t /* wer, was */\n  ADD COLUMN a numeric(10, 2) CHECK (a > 0), DROP COLUMN b;\n';
  assert.deepEqual(places(run({ 'expand.sql': text })), [
    'expand.sql:5:3 add-column',
    'expand.sql:5:3 add-column-blocks',
    'expand.sql:5:46 drop-column',
  ]);
});

test('a file that cannot be read is told with its place, and the others are looked at', () => {
  const report = run({
    '1.sql': "SELECT 'ä';\nALTR TABLE t;",
    '2.sql': '\\connect shop\nSELECT 1;',
    'expand.sql': 'DROP TABLE t;',
  });
  assert.deepEqual(places(report), [
    '1.sql:2:1 syntax-error',
    '2.sql:1:1 syntax-error',
    'expand.sql:1:1 drop-table',
  ]);
  assert.match(report.findings[1]?.instead ?? '', /psql/);
});

test('an empty file, and one with comments only, is no mistake', () => {
  assert.deepEqual(places(run({ 'a.sql': '', 'b.sql': '-- nothing yet\n', 'c.sql': ' ;\n' })), []);
});

test('what comments allow is not told, but counted, with its reason', () => {
  const allowed = run({
    'expand.sql': `
      -- teal: allow drop-column because no version reads it since March
      ALTER TABLE t DROP COLUMN a;
      DROP TABLE u; -- teal: allow drop-table, drop-cascade because it is empty
      /* teal: allow drop-view because nobody reads it */ DROP VIEW v;
    `,
  });
  assert.deepEqual(places(allowed), []);
  assert.deepEqual(
    allowed.allowed.map(({ rule, reason }) => [rule, reason]),
    [
      ['drop-column', 'no version reads it since March'],
      ['drop-table', 'it is empty'],
      ['drop-view', 'nobody reads it'],
    ],
  );
});

test('a comment allows only what it names, where it stands, and only with a reason', () => {
  assert.deepEqual(
    places(
      run({
        'expand.sql':
          '-- teal: allow drop-table because it is empty\nALTER TABLE t DROP COLUMN a;\nDROP TABLE t;',
      }),
    ),
    ['expand.sql:2:15 drop-column', 'expand.sql:3:1 drop-table', 'expand.sql:1:1 allow-unused'],
  );
  for (const comment of [
    '-- teal: allow drop-table',
    '-- teal: allow',
    '-- teal: allow drop-table because',
    '-- teal: allow because I may',
  ])
    assert.deepEqual(
      places(run({ 'expand.sql': `${comment}\nDROP TABLE t;` })),
      ['expand.sql:2:1 drop-table', 'expand.sql:1:1 allow-invalid'],
      comment,
    );
  assert.deepEqual(
    places(run({ 'expand.sql': 'DROP TABLE t;\n-- teal: allow drop-view because of nothing' })),
    ['expand.sql:1:1 drop-table', 'expand.sql:2:1 allow-invalid'],
  );
});

test('a whole file may be allowed something', () => {
  const text = '-- teal: allow-file drop-table because the app is not live yet\nDROP TABLE a;\nDROP TABLE b;';
  assert.deepEqual(places(run({ 'expand.sql': text })), []);
});

test('files tell each other what there is, in the order of their names as numbers', () => {
  const files = {
    'm/10.sql': "SET lock_timeout = '1s'; ALTER TABLE t ALTER a TYPE varchar(30);",
    'm/9.sql': 'CREATE TABLE t (a varchar(20));',
  };
  assert.deepEqual(places(run(files)), []);
  assert.deepEqual(places(run({ ...files, 'm/9.sql': 'CREATE TABLE t (a varchar(40));' })), [
    'm/10.sql:1:40 change-type',
    'm/10.sql:1:40 change-type-blocks',
  ]);
});

test('what expand has made is undone freely, and its checks are known in contract; undo changes nothing of that', () => {
  const release = {
    'db/7/expand.sql':
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; -- teal: allow add-check because a trigger fills it in',
    'db/7/backfill.sql': 'ALTER TABLE t VALIDATE CONSTRAINT c;',
    'db/7/undo.sql': 'ALTER TABLE t DROP CONSTRAINT c;',
    'db/7/contract.sql': 'ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t DROP CONSTRAINT c;',
  };
  assert.deepEqual(places(run(release)), []);
  assert.deepEqual(places(run({ ...release, 'db/7/backfill.sql': '' })), [
    'db/7/contract.sql:1:15 set-not-null-blocks',
  ]);
});

test('phases are told by file or folder, and only by whole words', () => {
  const names = {
    'db/7/expand.sql': 'expand',
    'db/0007_expand.sql': 'expand',
    'db/contract/0007.sql': 'contract',
    'db/7.undo.sql': 'undo',
    'db/expanded.sql': null,
    'contractors/1.sql': null,
    'expand/old/1.sql': null,
  };
  assert.deepEqual(Object.fromEntries(Object.keys(names).map((name) => [name, phaseOf(name)])), names);
  assert.equal(releaseOf('db/0007_expand.sql'), releaseOf('db/0007_contract.sql'));
  assert.equal(releaseOf('db/expand/7.sql'), releaseOf('db/contract/7.sql'));
  assert.notEqual(releaseOf('db/0007_expand.sql'), releaseOf('db/0008_contract.sql'));
});

test('the way back, which some tools keep in the same file, is left out', () => {
  for (const mark of ['-- migrate:down', '-- +goose Down', '---- create above / drop below ----'])
    assert.deepEqual(places(run({ 'm/1.sql': `CREATE TABLE t (a int);\n${mark}\nDROP TABLE u;` })), [], mark);
});

test('a tool that runs each file in a transaction is told', () => {
  const files = { 'm/1.sql': "SET lock_timeout = '1s'; CREATE INDEX CONCURRENTLY i ON t (a);" };
  assert.deepEqual(places(run(files)), []);
  assert.deepEqual(places(run(files, { inTransaction: true })), ['m/1.sql:1:26 concurrently-in-transaction']);
});

test('names that the server cuts off are found before it does', () => {
  const long = 'é'.repeat(32);
  assert.deepEqual(
    places(
      run({
        'm/1.sql': `CREATE TABLE t (${long} int, "${'x'.repeat(63)}" int);\n-- ${long}\nSELECT '${long}${long}';`,
      }),
    ),
    ['m/1.sql:1:17 identifier-too-long'],
  );
});

test('locks are told with whom they block, and not of tables that nobody uses yet', () => {
  const { findings } = run({
    'expand.sql':
      'CREATE TABLE fresh (id int); ALTER TABLE fresh DROP COLUMN id; ALTER TABLE t ADD COLUMN a int REFERENCES u;',
  });
  const [column] = findings.filter(({ rule }) => rule === 'add-column');
  assert.deepEqual(column?.locks, [
    { on: 't', mode: 'AccessExclusive', work: 'moment' },
    { on: 'u', mode: 'ShareRowExclusive', work: 'moment' },
  ]);
});

test('SARIF has a rule for each result, places that exist, and what was allowed as suppressed', () => {
  const report = run({
    'db/a b/expand.sql': 'DROP TABLE t;\nDROP VIEW v; -- teal: allow drop-view because nobody reads it',
  });
  const log = lintSarif(report, '1.2.3') as {
    version: string;
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: {
        ruleId: string;
        level: string;
        message: { text: string };
        suppressions?: { kind: string; justification: string }[];
        locations: {
          physicalLocation: {
            artifactLocation: { uri: string };
            region: { startLine: number; startColumn: number };
          };
        }[];
      }[];
    }[];
  };
  assert.equal(log.version, '2.1.0');
  const [only] = log.runs;
  const ids = new Set(only?.tool.driver.rules.map(({ id }) => id));
  assert.equal(ids.size, only?.tool.driver.rules.length);
  assert.deepEqual(
    only?.results.map(({ ruleId, level, locations, suppressions }) => {
      assert(ids.has(ruleId));
      const { artifactLocation, region } = locations[0]?.physicalLocation ?? {};
      return [
        ruleId,
        level,
        artifactLocation?.uri,
        region?.startLine,
        suppressions?.[0]?.justification ?? null,
      ];
    }),
    [
      ['drop-table', 'error', 'db/a%20b/expand.sql', 1, null],
      ['drop-view', 'error', 'db/a%20b/expand.sql', 2, 'nobody reads it'],
    ],
  );
  assert.match(
    only?.results[0]?.message.text ?? '',
    /Lock: AccessExclusive on t for a moment: blocks reads and writes\nInstead: /,
  );
});

test('a check that only refuses NULL breaks the old version also on a new column, unless something fills it', () => {
  const column =
    'ALTER TABLE t ADD COLUMN a int; ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;';
  const rules = (text: string): readonly string[] =>
    run({ 'expand.sql': text }).findings.flatMap(({ rule, level }) => (level === 'note' ? [] : [rule]));
  assert.deepEqual(rules(column), ['add-check']);
  assert.deepEqual(
    rules(`${column} CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();`),
    [],
  );
  assert.deepEqual(rules(column.replace('int;', 'int DEFAULT 1;')), []);
});

test('who validates a check in front of SET NOT NULL is believed to have made it for that', () => {
  const text =
    "SET lock_timeout = '1s'; ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL;";
  assert.deepEqual(places(run({ 'm/1.sql': text })), []);
  assert.deepEqual(places(run({ 'm/1.sql': text.replace('t VALIDATE', 'u VALIDATE') })), [
    'm/1.sql:1:77 set-not-null',
    'm/1.sql:1:77 set-not-null-blocks',
  ]);
});

test('COMMIT without BEGIN is told, also where a tool has begun the transaction', () => {
  const files = { 'm/1.sql': 'SELECT 1; COMMIT;' };
  for (const inTransaction of [false, true])
    assert.deepEqual(places(run(files, { inTransaction })), ['m/1.sql:1:11 nested-transaction']);
});

test('whatever stands together, in whatever order, every finding has a place in the file', () => {
  const all = Object.values(examples).flatMap(({ bad, safe, near }) =>
    [bad, safe, near].map((each) => (typeof each === 'string' ? each : each.sql)),
  );
  const piece = fc.oneof(
    fc.constantFrom(...all),
    fc.constantFrom('-- é\n', '/* ü */', '\n\n', ';', '-- teal: allow drop-table\n'),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.boolean(),
      fc.constantFrom('1.sql', 'expand.sql', 'contract.sql', 'undo.sql'),
      (pieces, inTransaction, path) => {
        const text = pieces.join(' ');
        const lines = text.split('\n');
        for (const { line, column, level, rule } of run({ [path]: text }, { inTransaction }).findings) {
          assert(['error', 'warning', 'note'].includes(level));
          const there = Array.from(lines[line - 1] ?? '');
          assert(column >= 1 && column <= there.length + 1, `${rule} at ${line}:${column}`);
          assert.notEqual(there[column - 1], ' ', `${rule} at ${line}:${column} of ${text}`);
        }
      },
    ),
    { numRuns: 200 },
  );
});

const findingsOf = (before: string, contract: string): readonly string[] =>
  run({ 'db/1.sql': before, 'db/7/contract.sql': contract }).findings.map(({ rule }) => rule);

test('what a view or a generated column stands on is found where its query says so, whatever names it has there', () => {
  const tables = 'CREATE TABLE t (id int, a int, b int); CREATE TABLE o (id int, a int, c int);';
  const stands: readonly string[] = [
    'CREATE VIEW v AS SELECT a FROM t',
    'CREATE VIEW v AS SELECT * FROM t',
    'CREATE VIEW v AS SELECT x.* FROM o, t AS x',
    'CREATE VIEW v AS SELECT o.c FROM o JOIN t ON t.a = o.id',
    'CREATE VIEW v AS SELECT c FROM o WHERE EXISTS (SELECT FROM t WHERE t.id = o.id AND t.a > 1)',
    'CREATE VIEW v AS WITH w AS (SELECT a AS z FROM t) SELECT z FROM w',
    'CREATE VIEW v AS SELECT c FROM o UNION SELECT a FROM public.t',
    'CREATE MATERIALIZED VIEW v AS SELECT max(a) FROM t',
    'CREATE VIEW v AS SELECT a FROM t; ALTER VIEW v RENAME TO w',
    'ALTER TABLE t RENAME a TO x; CREATE VIEW v AS SELECT x FROM t; ALTER TABLE t RENAME x TO a',
    'ALTER TABLE t RENAME TO s; CREATE VIEW v AS SELECT a FROM s; ALTER TABLE s RENAME TO t',
    'ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (a * 2) STORED',
  ];
  for (const sql of stands)
    assert(
      findingsOf(`${tables} ${sql};`, 'ALTER TABLE t DROP COLUMN a;').includes('still-used'),
      `found: ${sql}`,
    );
  const free: readonly string[] = [
    'CREATE VIEW v AS SELECT b FROM t',
    'CREATE VIEW v AS SELECT o.a FROM o JOIN t USING (id)',
    'CREATE VIEW v AS WITH t AS (SELECT a FROM o) SELECT a FROM t',
    'CREATE VIEW v AS SELECT b FROM t WHERE EXISTS (SELECT a FROM o)',
    'CREATE VIEW v AS SELECT z.a FROM t, LATERAL (SELECT 1 AS a) AS z',
    'CREATE VIEW v AS SELECT a FROM t; DROP VIEW v',
    'CREATE VIEW v AS SELECT a FROM t; CREATE OR REPLACE VIEW v AS SELECT b AS a FROM t',
    'ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (b * 2) STORED',
    'ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (a * 2) STORED; ALTER TABLE t DROP COLUMN g',
  ];
  for (const sql of free)
    assert(
      !findingsOf(`${tables} ${sql};`, 'ALTER TABLE t DROP COLUMN a;').includes('still-used'),
      `nothing: ${sql}`,
    );
  const view = `${tables} CREATE VIEW v AS SELECT a FROM t;`;
  assert(findingsOf(view, 'ALTER TABLE t ALTER a TYPE bigint;').includes('still-used'));
  assert(findingsOf(view, 'DROP TABLE t;').includes('still-used'));
  assert(!findingsOf(view, 'DROP TABLE t CASCADE;').includes('still-used'));
  assert(!findingsOf(view, 'ALTER TABLE t DROP COLUMN a CASCADE;').includes('still-used'));
  assert(!findingsOf(view, 'ALTER TABLE t RENAME a TO x;').includes('still-used'));
});

test('what contract drops and makes anew at once is no news, with the rights that it had', () => {
  const view = 'CREATE TABLE t (id int, a int); CREATE VIEW v AS SELECT id, a FROM t;';
  const late = (contract: string): readonly string[] =>
    findingsOf(view, contract).filter((rule) => rule === 'contract-adds');
  assert.deepEqual(
    late(
      'BEGIN; DROP VIEW v; ALTER TABLE t DROP COLUMN a; CREATE VIEW v AS SELECT id FROM t; GRANT SELECT ON v TO app; COMMIT;',
    ),
    [],
  );
  assert.deepEqual(late('CREATE OR REPLACE VIEW v AS SELECT id, a FROM t;'), []);
  assert.equal(late('DROP VIEW v; CREATE VIEW v AS SELECT id FROM t;').length, 1, 'it is away for a moment');
  assert.equal(late('BEGIN; DROP VIEW v; CREATE VIEW w AS SELECT id FROM t; COMMIT;').length, 1);
  assert.equal(late('GRANT SELECT ON v TO app;').length, 1);
});

test('beside phases a file that is neither one nor numbered is no migration; what is named is always taken', async (t) => {
  const folder = await scratch(t);
  const files = [
    '0001.sql',
    'V2__two.sql',
    '20260101-x/migration.sql',
    '0007-x/expand.sql',
    '0007-x/notes.sql',
    'queries.sql',
    'other/plain.sql',
  ];
  for (const file of files) {
    await mkdir(path.join(folder, 'db', path.dirname(file)), { recursive: true });
    await writeFile(path.join(folder, 'db', file), 'SELECT 1;');
  }
  const taken = async (given: readonly string[], every = false): Promise<readonly string[]> =>
    (await migrationsAt(folder, given, { every })).map(({ path: each }) => each).toSorted();
  assert.deepEqual(await taken(['db']), [
    'db/0001.sql',
    'db/0007-x/expand.sql',
    'db/20260101-x/migration.sql',
    'db/V2__two.sql',
    'db/other/plain.sql',
  ]);
  assert.deepEqual(await taken(['db/queries.sql']), ['db/queries.sql']);
  assert.equal((await taken(['db'], true)).length, files.length);
  await rm(path.join(folder, 'db/0007-x'), { recursive: true });
  assert.deepEqual(await taken(['db']), [
    'db/0001.sql',
    'db/20260101-x/migration.sql',
    'db/V2__two.sql',
    'db/other/plain.sql',
    'db/queries.sql',
  ]);
});

test('a schema tells what there is before; of a folder that holds the migration itself, what comes before that', () => {
  const schema = [
    { path: 'db/10/expand.sql', text: 'CREATE VIEW later AS SELECT a FROM t;' },
    { path: 'db/9/contract.sql', text: 'ALTER TABLE t DROP COLUMN a;' },
    { path: 'db/9/expand.sql', text: 'SELECT 1;' },
    { path: 'db/1.sql', text: 'CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;' },
  ];
  const looked = schema.filter(({ path: each }) => each.startsWith('db/9/'));
  assert.deepEqual(
    filesBefore(schema, looked).map(({ path: each }) => each),
    ['db/1.sql'],
  );
  assert.equal(filesBefore(schema, [{ path: 'other.sql', text: '' }]).length, 4);
  const { findings } = lint(looked, {
    parser,
    version: 14,
    inTransaction: false,
    schema: schemaOf(filesBefore(schema, looked), parser),
  });
  assert.deepEqual(
    findings.map(({ rule, what }) => [rule, what]),
    [['still-used', 'This cannot run: the view v stands on t.a.']],
  );
});
