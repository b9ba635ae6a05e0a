import { buildCommand, buildRouteMap } from '@stricli/core';
import type { StoreFlags } from './backup.ts';
import type { RestoreFlags } from './restore.ts';
import { guard, type Context } from './shell/context.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';
import type { MigrateFlags } from './store-migrate.ts';
import { briefs } from './text.ts';

const flags = {
  ...is.local,
  store: is.textFlag('store', 'Where the event log is; default: as teal.yaml says'),
} as const;

const replace = is.switchFlag(
  'An event log that is there already is put aside (a file) or removed (a database)',
);

/** The commands about the event log itself, as `app.ts` has the others. */
export const storing = {
  backup: buildCommand<StoreFlags, [string], Context>({
    docs: docs('backup', ['teal.backup', 'also while teal up runs']),
    parameters: { positional: { kind: 'tuple', parameters: [is.argument('file', 'A new file')] }, flags },
    loader: async () => guard((await import('./backup.ts')).backup),
  }),
  restore: buildCommand<RestoreFlags, [string], Context>({
    docs: docs(
      'restore',
      ['teal.backup', 'where nothing is yet'],
      ['teal.backup --replace', 'in place of what is there'],
    ),
    parameters: {
      positional: { kind: 'tuple', parameters: [is.argument('file', 'As teal backup has written it')] },
      flags: { ...flags, replace },
    },
    loader: async () => guard((await import('./restore.ts')).restore),
  }),
  store: buildRouteMap({
    docs: { brief: briefs.store },
    routes: {
      migrate: buildCommand<MigrateFlags, [], Context>({
        docs: docs(
          'store migrate',
          ['--to env:TEAL_DATABASE', 'the variable holds the URL'],
          ['--to sqlite', 'back to a file'],
        ),
        parameters: {
          flags: {
            ...flags,
            to: {
              kind: 'parsed',
              parse: String,
              placeholder: 'store',
              brief: 'sqlite, env:NAME or file:/path',
            },
            replace,
          },
        },
        loader: async () => guard((await import('./store-migrate.ts')).storeMigrate),
      }),
    },
  }),
};
