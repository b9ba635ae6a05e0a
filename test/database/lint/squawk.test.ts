// squawk lints migrations too, and knows nothing of ours: where both have a rule they have to agree, or differ for a reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { read } from '../../project/tree.ts';
import { ours, theirs } from './squawk.ts';
import { differences, samples, shared } from './squawk-cases.ts';

const parser = await loadParser();
test('where squawk has the same rule it says the same, but for the differences that have a reason', async () => {
  const found = await theirs(samples);
  const differing: string[] = [];
  const met = new Set<string>();
  for (const [index, sql] of samples.entries()) {
    const own = ours(parser, sql);
    assert(!own.has('syntax-error'), sql);
    assert(!found[index]?.has('syntax-error'), sql);
    for (const { theirs: rule, ours: same, about } of shared) {
      const they = found[index]?.has(rule) === true;
      if (they) met.add(rule);
      if (they !== same.some((each) => own.has(each)) && about.test(sql)) differing.push(`${rule}: ${sql}`);
    }
  }
  assert.deepEqual(
    differing.toSorted(),
    differences.flatMap(({ rule, sql }) => sql.map((each) => `${rule}: ${each}`)).toSorted(),
  );
  const silent = shared.filter(({ theirs: rule }) => !met.has(rule));
  assert.deepEqual(silent, [], 'rules that no sample makes squawk say');
});

test('every difference has its reason in docs/database.md', () => {
  const page = read('docs/database.md');
  for (const { rule, reason } of differences)
    assert(page.includes(`| \`${rule}\` | ${reason} |`), `| \`${rule}\` | ${reason} |`);
});
