import { buildCommand } from '@stricli/core';
import type { DbCollectFlags } from './db-collect.ts';
import type { DbProveFlags } from './db-prove.ts';
import type { DbSplitFlags } from './db-split.ts';
import { guard, type Context } from './shell/context.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';

/** Where statements come from, and where they are tried. */
export const trying = {
  url: is.textFlag(
    'url',
    'The database, or env:NAME for a variable that holds it; default: env:DATABASE_URL',
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

/** The commands that ask what statements of both versions feel, beside the others about databases. */
export const proving = {
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
} as const;
