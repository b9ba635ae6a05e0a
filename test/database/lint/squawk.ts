import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { lint } from '../../../src/database/lint/lint.ts';
import type { Parser } from '../../../src/database/sql/parser.ts';

const squawk = (
  createRequire(import.meta.url)('squawk-cli/js/index.js') as { getBinaryPath(): string }
).getBinaryPath();

/** What squawk finds in each sample, by the names of its rules. */
export async function theirs(
  samples: readonly string[],
  inTransaction = false,
): Promise<readonly ReadonlySet<string>[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'teal-squawk-'));
  try {
    const files = samples.map((_, index) => path.join(folder, `${index}.sql`));
    await Promise.all(files.map((file, index) => writeFile(file, `${samples[index]}\n`)));
    const options = ['--reporter=json', '--pg-version=14.0'];
    if (inTransaction) options.push('--assume-in-transaction');
    // It exits with 1 when it has found something.
    const out = await new Promise<string>((resolve, reject) =>
      execFile(squawk, [...options, ...files], { maxBuffer: 2 ** 26 }, (error, stdout) =>
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
export function ours(parser: Parser, text: string, inTransaction = false): ReadonlySet<string> {
  const { findings } = lint([{ path: '1.sql', text }], { parser, version: 14, inTransaction });
  return new Set(findings.map(({ rule }) => rule));
}
