import { buildCommand, buildRouteMap } from '@stricli/core';
import { phases, type Phase } from '../config/database.ts';
import type { DbLintFlags } from './db-lint.ts';
import type { DbRunFlags } from './db-run.ts';
import type { DbStatusFlags } from './db-status.ts';
import type { MigrationFlags } from './shell/migration.ts';
import { guard, type Context } from './shell/context.ts';
import { making } from './making.ts';
import { proving, trying } from './proving.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';
import { briefs } from './text.ts';

const { url } = trying;

/** @throws Error with what was expected */
function phaseNamed(input: string): Phase {
  const phase = phases.find((each) => each === input);
  if (phase === undefined) throw new Error('expected expand, backfill, undo or contract');
  return phase;
}
const ordering = {
  ...is.common,
  wait: {
    kind: 'boolean',
    default: true,
    brief: 'Wait until it is done, telling each step; --no-wait only begins it',
  },
  timeout: { ...is.timeout, brief: 'How long it is waited for at most (exit 4)' },
  reason: is.reason,
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
        ['db/0007 --schema schema.sql', 'what is there: pg_dump --schema-only > schema.sql'],
        ['db --sarif', 'for code scanning, in CI'],
      ),
      parameters: {
        positional: {
          kind: 'array',
          parameter: is.argument('path', 'Files, and folders with .sql files; default: this folder'),
        },
        flags: {
          ...is.local,
          schema: is.textFlag(
            'paths',
            'SQL that tells what there is before, with commas: db/schema.sql, or a dump',
          ),
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
    contract: buildCommand<MigrationFlags, [string?], Context>({
      docs: docs(
        'db contract',
        ['shop', 'when no older version runs any more; waits until it is done'],
        ['shop --no-wait', 'the control plane goes on with it'],
      ),
      parameters: { positional: is.appArgument, flags: ordering },
      loader: async () => guard((await import('./db-contract.ts')).dbContract),
    }),
    undo: buildCommand<MigrationFlags, [string?], Context>({
      docs: docs('db undo', [
        'shop',
        'when the version that needs it is gone; what only that has written is kept aside',
      ]),
      parameters: { positional: is.appArgument, flags: ordering },
      loader: async () => guard((await import('./db-undo.ts')).dbUndo),
    }),
    ...proving,
  },
});
