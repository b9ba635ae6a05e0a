import { buildCommand, buildRouteMap } from '@stricli/core';
import { roles } from '../config/control.ts';
import type { AuditExportFlags, AuditListFlags, AuditVerifyFlags } from './audit.ts';
import type { ContextAddFlags } from './context.ts';
import type { LoginFlags } from './login.ts';
import { guard, type CommonFlags, type Context, type LocalFlags } from './shell/context.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';
import { briefs } from './text.ts';
import type { TokenCreateFlags } from './token.ts';

const contextName = is.argument('name', 'What it is called');

/** The commands about who may come in, and where to, as `app.ts` has the others. */
export const accessing = {
  dashboard: buildCommand<CommonFlags, [], Context>({
    docs: docs('dashboard', ['', 'then open the link']),
    parameters: { flags: is.common },
    loader: async () => guard((await import('./dashboard.ts')).dashboard),
  }),
  login: buildCommand<LoginFlags, [], Context>({
    docs: docs(
      'login',
      ['--server https://teal.example.com', 'and use it from now on'],
      ['--context prod --token < token', 'with a token that an admin has made'],
    ),
    parameters: {
      flags: { ...is.common, token: is.switchFlag('Take a token from standard input') },
    },
    loader: async () => guard((await import('./login.ts')).login),
  }),
  logout: buildCommand<CommonFlags, [], Context>({
    docs: docs('logout', ['', 'of the context in use']),
    parameters: { flags: is.common },
    loader: async () => guard((await import('./login.ts')).logout),
  }),
  context: buildRouteMap({
    docs: { brief: briefs.context },
    routes: {
      list: buildCommand<LocalFlags, [], Context>({
        docs: docs('context list'),
        parameters: { flags: is.local },
        loader: async () => guard((await import('./context.ts')).contextList),
      }),
      use: buildCommand<LocalFlags, [string], Context>({
        docs: docs('context use', ['prod', 'from now on'], ['local', 'the teal.yaml around you again']),
        parameters: { positional: { kind: 'tuple', parameters: [contextName] }, flags: is.local },
        loader: async () => guard((await import('./context.ts')).contextUse),
      }),
      add: buildCommand<ContextAddFlags, [string, string], Context>({
        docs: docs('context add', ['prod https://teal.example.com', 'then: teal login --context prod']),
        parameters: {
          positional: {
            kind: 'tuple',
            parameters: [contextName, is.argument('url', 'Where it is: https://teal.example.com')],
          },
          flags: {
            ...is.local,
            ca: is.textFlag('file', 'PEM file of an authority of your own that issued its certificate'),
          },
        },
        loader: async () => guard((await import('./context.ts')).contextAdd),
      }),
      remove: buildCommand<LocalFlags, [string], Context>({
        docs: docs('context remove', ['prod', 'its token, too']),
        parameters: { positional: { kind: 'tuple', parameters: [contextName] }, flags: is.local },
        loader: async () => guard((await import('./context.ts')).contextRemove),
      }),
    },
  }),
  token: buildRouteMap({
    docs: { brief: briefs.token },
    routes: {
      create: buildCommand<TokenCreateFlags, [string], Context>({
        docs: docs(
          'token create',
          ['ci --role deployer --app shop', 'for a machine, of one app'],
          ['anna --role approver --as anna --expires 30d', 'for a person, by whose name approvals go'],
        ),
        parameters: {
          positional: { kind: 'tuple', parameters: [is.argument('name', 'What it is called')] },
          flags: {
            ...is.common,
            role: {
              kind: 'enum',
              values: roles,
              brief: 'viewer looks; deployer also deploys and goes back; approver also approves; admin all',
            },
            app: is.textsFlag('name', 'Only this app; may be repeated'),
            expires: {
              kind: 'parsed',
              parse: is.expiry,
              optional: true,
              placeholder: 'time',
              brief: 'How long it is good: 90d (default), 12h, or never',
            },
            as: is.textFlag('person', 'As whom it acts in history and approvals; default token:<name>'),
          },
        },
        loader: async () => guard((await import('./token.ts')).tokenCreate),
      }),
      list: buildCommand<CommonFlags, [], Context>({
        docs: docs('token list'),
        parameters: { flags: is.common },
        loader: async () => guard((await import('./token.ts')).tokenList),
      }),
      revoke: buildCommand<CommonFlags, [string], Context>({
        docs: docs('token revoke', ['ci', 'by its name, or the id that teal token list shows']),
        parameters: {
          positional: { kind: 'tuple', parameters: [is.argument('name', 'Its name, or its id')] },
          flags: is.common,
        },
        loader: async () => guard((await import('./token.ts')).tokenRevoke),
      }),
    },
  }),
  audit: buildRouteMap({
    docs: { brief: briefs.audit },
    routes: {
      list: buildCommand<AuditListFlags, [], Context>({
        docs: docs('audit list', ['--limit 100', 'the last hundred']),
        parameters: {
          flags: {
            ...is.common,
            limit: {
              kind: 'parsed',
              parse: is.whole,
              optional: true,
              placeholder: 'n',
              brief: 'How many; default 20',
            },
          },
        },
        loader: async () => guard((await import('./audit.ts')).auditList),
      }),
      verify: buildCommand<AuditVerifyFlags, [], Context>({
        docs: docs('audit verify', ['', 'exit 1 when an entry was changed, or is missing']),
        parameters: {
          flags: {
            ...is.common,
            expect: is.textFlag('hash', 'A head that was noted elsewhere: it has to be in the chain'),
          },
        },
        loader: async () => guard((await import('./audit.ts')).auditVerify),
      }),
      export: buildCommand<AuditExportFlags, [], Context>({
        docs: docs('audit export', ['--after 1200 >> audit.jsonl', 'what another system has not got yet']),
        parameters: {
          flags: {
            ...is.common,
            after: {
              kind: 'parsed',
              parse: is.whole,
              optional: true,
              placeholder: 'n',
              brief: 'Only those after this number',
            },
          },
        },
        loader: async () => guard((await import('./audit.ts')).auditExport),
      }),
    },
  }),
};
