import { buildCommand, buildRouteMap } from '@stricli/core';
import type { DoctorFlags } from './doctor.ts';
import type { ExplainFlags } from './explain.ts';
import type { HistoryFlags } from './history.ts';
import type { LogsFlags } from './logs.ts';
import type { PlanFlags } from './plan.ts';
import type { ProveFlags } from './prove.ts';
import { guard, type CommonFlags, type Context, type LocalFlags } from './shell/context.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';
import type { StatusFlags } from './status.ts';
import { briefs } from './text.ts';

/** The commands that change nothing, as `app.ts` has the others. */
export const looking = {
  explain: buildCommand<ExplainFlags, [string?], Context>({
    docs: docs(
      'explain',
      ['shop --user anna --group staff', 'where she is sent, and why'],
      ['shop --ip 203.0.113.7 --country DE', 'an address, or a place'],
      ['shop --user anna --feature new-checkout', 'and what she gets of a flag'],
    ),
    parameters: {
      positional: is.appArgument,
      flags: {
        ...is.common,
        ...is.somebody,
        feature: is.textFlag('flag', 'And what they get of this feature flag'),
      },
    },
    loader: async () => guard((await import('./explain.ts')).explain),
  }),
  plan: buildCommand<PlanFlags, [string, ...string[]], Context>({
    docs: docs(
      'plan',
      ['shop v2', 'steps, times, instances, and what would be refused'],
      ['shop v2 --log /var/log/nginx/access.log', 'with the people of that log'],
    ),
    parameters: {
      positional: is.versions,
      flags: {
        ...is.common,
        log: is.textFlag('file', 'An access log: combined format or JSON lines, also .gz'),
        promote: {
          kind: 'enum',
          values: ['auto', 'manual'],
          optional: true,
          brief: 'As teal deploy --promote would have it',
        },
      },
    },
    loader: async () => guard((await import('./plan.ts')).plan),
  }),
  preview: buildCommand<CommonFlags, [string?], Context>({
    docs: docs('preview', ['shop', 'print the link'], ['shop --json', 'link and header, for tests']),
    parameters: { positional: is.appArgument, flags: is.common },
    loader: async () => guard((await import('./preview.ts')).preview),
  }),
  status: buildCommand<StatusFlags, [string?], Context>({
    docs: docs('status', ['', 'every app'], ['shop --watch', 'one app, as it changes']),
    parameters: {
      positional: is.appArgument,
      flags: {
        ...is.common,
        watch: is.switchFlag('Go on showing it until Ctrl-C'),
        evidence: is.switchFlag('What the candidate is judged by, in figures'),
      },
    },
    loader: async () => guard((await import('./status.ts')).status),
  }),
  history: buildCommand<HistoryFlags, [string?], Context>({
    docs: docs(
      'history',
      ['shop --limit 20', 'the last twenty events'],
      ['--follow', 'every app, as it happens'],
    ),
    parameters: {
      positional: is.appArgument,
      flags: {
        ...is.common,
        follow: is.switchFlag('Go on until Ctrl-C'),
        evidence: is.textFlag('release', 'How this release was judged, such as shop-7'),
        limit: {
          kind: 'parsed',
          parse: is.whole,
          optional: true,
          placeholder: 'n',
          brief: 'How many; default 50',
        },
      },
    },
    loader: async () => guard((await import('./history.ts')).history),
  }),
  logs: buildCommand<LogsFlags, [string?], Context>({
    docs: docs(
      'logs',
      ['shop --follow', 'every instance'],
      ['shop --role worker --lines 20', 'the last lines of one role'],
      ['--access --status 5xx --follow', 'the requests that went wrong, as they do'],
    ),
    parameters: {
      positional: is.appArgument,
      flags: {
        ...is.common,
        role: is.textFlag('role', 'Only instances of this role'),
        instance: is.textFlag('id', 'Only this instance'),
        access: is.switchFlag('The access log of the router, of all apps unless one is named'),
        status: is.textFlag('codes', 'With --access: 404, 5xx, 400-403, or several with commas'),
        outcome: is.textFlag('outcome', 'With --access: failed, client-gone, refused, …'),
        follow: is.switchFlag('Go on until Ctrl-C'),
        lines: {
          kind: 'parsed',
          parse: is.whole,
          optional: true,
          placeholder: 'n',
          brief: 'How many; default 100',
        },
      },
    },
    loader: async () => guard((await import('./logs.ts')).logs),
  }),
  prove: buildCommand<ProveFlags, [string], Context>({
    docs: docs(
      'prove',
      ['http://127.0.0.1:8080/ --during "teal deploy shop v2 --wait"', 'was anything lost?'],
      ['http://127.0.0.1:8080/ --rps 500 --for 30s', 'a steady load'],
    ),
    parameters: {
      positional: { kind: 'tuple', parameters: [is.argument('url', 'Where the requests go')] },
      flags: {
        ...is.local,
        rps: {
          kind: 'parsed',
          parse: is.positive,
          optional: true,
          placeholder: 'n',
          brief: 'Requests per second; default 200',
        },
        connections: {
          kind: 'parsed',
          parse: is.positive,
          optional: true,
          placeholder: 'n',
          brief: 'Kept-alive connections; default 16',
        },
        for: {
          kind: 'parsed',
          parse: is.duration,
          optional: true,
          placeholder: 'duration',
          brief: 'How long without --during; default 10s',
        },
        during: is.textFlag('command', 'A shell command to run meanwhile'),
        versionHeader: is.textFlag('name', 'Response header that tells the version; default x-version'),
      },
    },
    loader: async () => guard((await import('./prove.ts')).prove),
  }),
  config: buildRouteMap({
    docs: { brief: briefs.config },
    routes: {
      check: buildCommand<LocalFlags, [string?], Context>({
        docs: docs('config check', ['', 'the nearest teal.yaml'], ['other.yaml', 'this one']),
        parameters: {
          positional: {
            kind: 'tuple',
            parameters: [{ ...is.argument('file', 'Default: the nearest teal.yaml'), optional: true }],
          },
          flags: is.local,
        },
        loader: async () => guard((await import('./config-check.ts')).configCheck),
      }),
    },
  }),
  doctor: buildCommand<DoctorFlags, [], Context>({
    docs: docs('doctor', ['', 'what is wrong'], ['--security', 'what is open, and to whom']),
    parameters: {
      flags: {
        ...is.common,
        security: is.switchFlag('What is open, and to whom; exit 1 where it must not be'),
      },
    },
    loader: async () => guard((await import('./doctor.ts')).doctor),
  }),
  version: buildCommand<LocalFlags, [], Context>({
    docs: docs('version'),
    parameters: { flags: is.local },
    loader: async () => guard((await import('./version.ts')).version),
  }),
};
