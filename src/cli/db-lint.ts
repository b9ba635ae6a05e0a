import { version as ownVersion } from '../config/version.ts';
import { migrationsAt } from '../database/lint/files.ts';
import { filesBefore, lint, schemaOf } from '../database/lint/lint.ts';
import { lintSarif } from '../database/lint/sarif.ts';
import { loadParser } from '../database/sql/parser.ts';
import { oldestServer, serverVersions } from '../database/sql/version.ts';
import { renderLint } from './render/lint.ts';
import type { Context, LocalFlags, Result } from './shell/context.ts';

export interface DbLintFlags extends LocalFlags {
  readonly schema?: string;
  readonly serverVersion?: '14' | '15' | '16' | '17' | '18';
  readonly inTransaction?: boolean;
  readonly sarif?: boolean;
  readonly strict?: boolean;
}

/** Says what migrations block or break while two versions run; fails when something is an error. */
export async function dbLint(
  this: Context,
  flags: DbLintFlags,
  ...given: readonly string[]
): Promise<Result> {
  const parser = await loadParser();
  const files = await migrationsAt(this.cwd, given.length === 0 ? ['.'] : given);
  const version = serverVersions.find((each) => String(each) === flags.serverVersion) ?? oldestServer;
  const told =
    flags.schema === undefined ? [] : await migrationsAt(this.cwd, flags.schema.split(','), { every: true });
  const schema = schemaOf(filesBefore(told, files), parser);
  const report = lint(files, { parser, version, inTransaction: flags.inTransaction ?? false, schema });
  const fails = ({ level }: { readonly level: string }): boolean =>
    level === 'error' || (flags.strict === true && level === 'warning');
  return {
    json: flags.sarif === true ? lintSarif(report, ownVersion) : { serverVersion: version, ...report },
    text: (view) =>
      flags.sarif === true
        ? JSON.stringify(lintSarif(report, ownVersion), null, 2)
        : renderLint(report, view),
    exit: report.findings.some(fails) ? 1 : 0,
  };
}
