import { buildCommand, buildRouteMap } from '@stricli/core';
import { phases, type Phase } from '../database/lint/phase.ts';
import type { DbCollectFlags } from './db-collect.ts';
import type { DbLintFlags } from './db-lint.ts';
import type { DbProveFlags } from './db-prove.ts';
import type { DbRunFlags } from './db-run.ts';
import type { DbSplitFlags } from './db-split.ts';
import type { DbStatusFlags } from './db-status.ts';
import { guard, type Context } from './shell/context.ts';
import { making } from './making.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';
import { briefs } from './text.ts';

const url = is.textFlag(
  'url',
  'The database, or env:NAME for a variable that holds it; default: env:DATABASE_URL',
);

/** @throws Error with what was expected */
function phaseNamed(input: string): Phase {
  const phase = phases.find((each) => each === input);
  if (phase === undefined) throw new Error('expected expand, backfill, undo or contract');
  return phase;
}
/** Where statements come from, and where they are tried. */
const trying = {
  url: is.textFlag(
    'url',
    'The database; env:NAME takes it from a variable. Default: env:DATABASE_URL, where that is set',
  ),
  schema: is.textFlag(
    'path',
    'Files that make the schema, instead of the database: db/migrations,db/extra.sql',
  ),
  shadow: is.textFlag(
    'where',
    'createdb (on its server), pglite, in-place, or the address of an empty database',
  ),
  corpus: is.textsFlag(
    'file',
    'Statements of the live version: of teal db collect, .sql, folders; may be repeated',
  ),
  role: is.textsFlag('name', 'Take statements of this role of the database; may be repeated'),
} as const;

/** The commands about databases, as `app.ts` has the others. */
export const migrating = buildRouteMap({
  docs: { brief: briefs.db },
  routes: {
    lint: buildCommand<DbLintFlags, readonly string[], Context>({
      docs: docs(
        'db lint',
        ['db/migrations', 'exit 1 when something breaks or blocks the live version'],
        ['db/0007/expand.sql --server-version 17', 'for a server of that version'],
        ['db --sarif', 'for code scanning, in CI'],
      ),
      parameters: {
        positional: {
          kind: 'array',
          parameter: is.argument('path', 'Files, and folders with .sql files; default: this folder'),
        },
        flags: {
          ...is.local,
          serverVersion: {
            kind: 'enum',
            values: ['14', '15', '16', '17', '18'],
            optional: true,
            brief: 'Major version of PostgreSQL; default: 14, since what is safe there is safe later',
          },
          inTransaction: is.switchFlag('The migration tool runs each file in one transaction'),
          sarif: is.switchFlag('Print SARIF 2.1.0'),
          strict: is.switchFlag('Fail for warnings too'),
        },
      },
      loader: async () => guard((await import('./db-lint.ts')).dbLint),
    }),
    new: making,
    run: buildCommand<DbRunFlags, [Phase, string], Context>({
      docs: docs(
        'db run',
        ['expand db/0007-rename', 'what the new version needs; the database is DATABASE_URL'],
        ['backfill db/0007-rename', 'the rows of before'],
        ['undo db/0007-rename', 'takes expand back; what only the new version has written is kept aside'],
        ['expand db/0008 --run "npx prisma migrate deploy"', 'with another tool'],
      ),
      parameters: {
        positional: {
          kind: 'tuple',
          parameters: [
            { parse: phaseNamed, placeholder: 'phase', brief: 'expand, backfill, undo or contract' },
            is.argument('folder', 'The folder of the migration: its name is what the database knows it by'),
          ],
        },
        flags: {
          ...is.local,
          url,
          run: is.textsFlag('command', 'Run this too, after the file of the phase; may be repeated'),
          lockTimeout: {
            ...is.timeout,
            brief: 'How long one try waits for a lock, and everybody else behind it; default: 200ms',
          },
          deadline: { ...is.timeout, brief: 'How long it is tried again; default: 10m' },
          force: is.switchFlag('Go on in spite of what the pre-flight finds'),
          acceptDrift: is.switchFlag('Go on although somebody has changed the schema by hand'),
        },
      },
      loader: async () => guard((await import('./db-run.ts')).dbRun),
    }),
    status: buildCommand<DbStatusFlags, [], Context>({
      docs: docs('db status', ['', 'of DATABASE_URL'], ['--url env:ADMIN_URL', 'of another variable']),
      parameters: { flags: { ...is.local, url } },
      loader: async () => guard((await import('./db-status.ts')).dbStatus),
    }),
    prove: buildCommand<DbProveFlags, readonly string[], Context>({
      docs: docs(
        'db prove',
        ['db/0007 --corpus blue.jsonl', 'statements that teal db collect has written'],
        [
          'db/0007 --role app_blue --check',
          'those that the server has counted; counts rows that are in the way',
        ],
        [
          'db/0007 --corpus blue.jsonl --candidate green.jsonl',
          "the candidate's too, also on the contracted schema",
        ],
        ['db/0007 --schema db/migrations --corpus queries.sql --shadow pglite', 'in CI, without any server'],
      ),
      parameters: {
        positional: {
          kind: 'array',
          parameter: is.argument('path', 'Files and folders of the migration; default: db'),
        },
        flags: {
          ...is.local,
          ...trying,
          candidate: is.textsFlag('file', 'Statements of the candidate; may be repeated'),
          candidateRole: is.textsFlag('name', 'Take statements of the candidate from this role'),
          check: is.switchFlag('Count rows that are in the way, in the database itself'),
          failOn: {
            kind: 'enum',
            values: ['broken', 'risk', 'client-visible'],
            optional: true,
            brief: 'The mildest verdict that makes the exit code 1; default: risk',
          },
          minCoverage: {
            kind: 'parsed',
            parse: is.positive,
            optional: true,
            placeholder: 'percent',
            brief: 'Calls that have to be proven; default: 98',
          },
        },
      },
      loader: async () => guard((await import('./db-prove.ts')).dbProve),
    }),
    split: buildCommand<DbSplitFlags, [string], Context>({
      docs: docs(
        'db split',
        ['migrations/0007.sql', 'by rules'],
        [
          'migrations/0007.sql --corpus blue.jsonl --schema db/schema.sql --out db/0007',
          'by what statements feel; writes the files',
        ],
      ),
      parameters: {
        positional: { kind: 'tuple', parameters: [is.argument('file', 'A migration as any tool writes it')] },
        flags: {
          ...is.local,
          ...trying,
          out: is.textFlag('folder', 'Where expand.sql, backfill.sql and contract.sql are written'),
        },
      },
      loader: async () => guard((await import('./db-split.ts')).dbSplit),
    }),
    collect: buildCommand<DbCollectFlags, readonly string[], Context>({
      docs: docs(
        'db collect',
        ['--role app_blue --out blue.jsonl', 'adds what the server has counted since the last time'],
        ['--role app_blue --out blue.jsonl --for 24h', 'keeps looking, since servers throw statements out'],
        ['queries.sql --out queries.jsonl', 'statements of files, without their values'],
      ),
      parameters: {
        positional: {
          kind: 'array',
          parameter: is.argument('file', 'Files with SQL; default: the database'),
        },
        flags: {
          ...is.local,
          url: trying.url,
          role: is.textsFlag('name', 'Only statements of this role; may be repeated'),
          out: { kind: 'parsed', parse: String, placeholder: 'file', brief: 'The file that it is added to' },
          every: {
            kind: 'parsed',
            parse: is.duration,
            optional: true,
            placeholder: 'duration',
            brief: 'How often to look; default: 30s',
          },
          for: {
            kind: 'parsed',
            parse: is.duration,
            optional: true,
            placeholder: 'duration',
            brief: 'How long; default: one look',
          },
        },
      },
      loader: async () => guard((await import('./db-collect.ts')).dbCollect),
    }),
  },
});
