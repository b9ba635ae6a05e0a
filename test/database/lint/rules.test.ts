import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lint, type LintReport, type SqlFile } from '../../../src/database/lint/lint.ts';
import { rules } from '../../../src/database/lint/rules.ts';
import { fileRules } from '../../../src/database/lint/lint.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { read } from '../../project/tree.ts';
import { examples } from './examples.ts';
import type { Case } from './examples/example.ts';

const parser = await loadParser();

function run(given: string | Case): LintReport {
  const {
    sql,
    given: earlier,
    release = {},
    phase = 'expand',
    version = 14,
    inTransaction = false,
  } = typeof given === 'string' ? ({ sql: given } satisfies Case as Case) : given;
  const files: SqlFile[] = [
    ...(earlier === undefined ? [] : [{ path: 'db/1.sql', text: earlier, silent: true }]),
    ...Object.entries(release).map(([name, text]) => ({ path: `db/7/${name}.sql`, text, silent: true })),
    { path: phase === null ? 'db/7.sql' : `db/7/${phase}.sql`, text: sql },
  ];
  return lint(files, { parser, version, inTransaction });
}

const named = (given: string | Case): readonly string[] => run(given).findings.map(({ rule }) => rule);

test('every rule has examples, and every example a rule', () => {
  assert.deepEqual(Object.keys(examples).toSorted(), rules.map(({ id }) => id).toSorted());
});

test('docs/database.md has a line for every rule, and none for others', () => {
  const [, section = ''] = read('docs/database.md').split('## Rules of `teal db lint`\n');
  const rows = (section.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` \| (.+) \|$/gm);
  assert.deepEqual(
    [...rows].map(([, id, title]) => [id, title]),
    [...rules.map(({ id, title }) => [id, title]), ...Object.entries(fileRules)],
  );
});

for (const [rule, { bad, safe, near }] of Object.entries(examples)) {
  describe(rule, () => {
    test('finds what is unsafe', () => {
      assert(named(bad).includes(rule), JSON.stringify(named(bad)));
    });
    test('lets the safe form pass', () => {
      assert(!named(safe).includes(rule));
      assert(!named(safe).includes('syntax-error'));
    });
    test('lets pass what only looks like it', () => {
      assert(!named(near).includes(rule));
      assert(!named(near).includes('syntax-error'));
    });
  });
}

test('what is proposed instead is said of every finding, and no finding leaves a value out', () => {
  for (const { bad } of Object.values(examples)) {
    for (const { what, instead } of run(bad).findings) {
      assert(what.length > 10 && instead.length > 3);
      assert.doesNotMatch(`${what} ${instead}`, /undefined|(?<!not-)\bnull\b|NaN|\[object/);
    }
  }
});
