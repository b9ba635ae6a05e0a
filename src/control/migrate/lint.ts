import path from 'node:path';
import { migrationsAt } from '../../database/lint/files.ts';
import { lint, type LintReport } from '../../database/lint/lint.ts';
import { loadParser } from '../../database/sql/parser.ts';
import { oldestServer } from '../../database/sql/version.ts';
import type { Build } from '../../release/state.ts';
import { folderOf } from '../effects/workload.ts';
import { newestOf, type Newest } from './newest.ts';

/**
 * What the rules say of a version's migration, with those before it read for what they tell of the schema; places are from the folder
 * of the version. The server is not asked for its version: what is safe on the oldest is safe. Null: there is no SQL.
 * @throws TealError `parser-missing`
 */
export async function lintOf(build: Build, { folder }: Newest): Promise<LintReport | null> {
  if (folder === null) return null;
  const parser = await loadParser();
  const files = await migrationsAt(folderOf(build), [path.posix.dirname(folder)]);
  return lint(
    files.map((file) => ({ ...file, silent: !file.path.startsWith(`${folder}/`) })),
    { parser, version: oldestServer, inTransaction: false },
  );
}

/** One sentence about a build that is deployed with what breaks or blocks the live version; null: nothing is found, or nothing pending. */
export async function lintNote(build: Build): Promise<string | null> {
  if (build.migration === undefined || build.migration.phases.length === 0) return null;
  const newest = await newestOf(build);
  const report = newest === null ? null : await lintOf(build, newest);
  if (report === null) return null;
  const errors = report.findings.filter(({ level }) => level === 'error').length;
  if (errors === 0) return null;
  const found = errors === 1 ? 'one thing' : `${errors} things`;
  return `the rules find ${found} in ${build.migration.name} that would break or block the live version: teal plan ${build.spec.name} ${build.version}`;
}
