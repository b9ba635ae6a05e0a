// squawk lints migrations too, and knows nothing of ours: where both have a rule they have to agree, or differ for a reason.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { lint } from '../../../src/database/lint/lint.ts';
import { loadParser } from '../../../src/database/sql/parser.ts';
import { read } from '../../project/tree.ts';
import { differences, samples, shared } from './squawk-cases.ts';

const parser = await loadParser();
const squawk = (
  createRequire(import.meta.url)('squawk-cli/js/index.js') as { getBinaryPath(): string }
).getBinaryPath();

/** What squawk finds in each sample, by the names of its rules. */
async function theirs(): Promise<readonly ReadonlySet<string>[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'teal-squawk-'));
  try {
    const files = samples.map((_, index) => path.join(folder, `${index}.sql`));
    await Promise.all(files.map((file, index) => writeFile(file, `${samples[index]}\n`)));
    // It exits with 1 when it has found something.
    const out = await new Promise<string>((resolve, reject) =>
      execFile(
        squawk,
        ['--reporter=json', '--pg-version=14.0', ...files],
        { maxBuffer: 2 ** 26 },
        (error, stdout) =>
          stdout === '' ? reject(error ?? new Error('squawk says nothing')) : resolve(stdout),
      ),
    );
    const found = JSON.parse(out) as { file: string; rule_name: string }[];
    return files.map(
      (file) => new Set(found.filter((each) => each.file === file).map(({ rule_name: name }) => name)),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What Teal finds in an ordinary migration. */
function ours(text: string): ReadonlySet<string> {
  const { findings } = lint([{ path: '1.sql', text }], { parser, version: 14, inTransaction: false });
  return new Set(findings.map(({ rule }) => rule));
}

test('where squawk has the same rule it says the same, but for the differences that have a reason', async () => {
  const found = await theirs();
  const differing: string[] = [];
  const met = new Set<string>();
  for (const [index, sql] of samples.entries()) {
    const own = ours(sql);
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
