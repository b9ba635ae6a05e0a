import { buildCommand, buildRouteMap } from '@stricli/core';
import type { DbLintFlags } from './db-lint.ts';
import { guard, type Context } from './shell/context.ts';
import { making } from './making.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';
import { briefs } from './text.ts';

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
  },
});
