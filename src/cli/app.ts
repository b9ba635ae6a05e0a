import {
  buildApplication,
  buildCommand,
  buildRouteMap,
  type Application,
  type ApplicationText,
} from '@stricli/core';
import type { AbortFlags } from './abort.ts';
import type { ApplyFlags } from './apply.ts';
import type { ApproveFlags } from './approve.ts';
import type { RejectFlags } from './reject.ts';
import type { DeployFlags } from './deploy.ts';
import type { InitFlags } from './init.ts';
import type { MaintenanceFlags } from './maintenance.ts';
import type { PromoteFlags } from './promote.ts';
import type { RemoveFlags } from './remove.ts';
import type { RollbackFlags } from './rollback.ts';
import type { UpFlags } from './up.ts';
import type { WaitFlags } from './shell/release.ts';
import type { ScaleFlags } from './scale.ts';
import type { UpgradeFlags } from './upgrade.ts';
import { guard, type CommonFlags, type Context, type ReasonFlags } from './shell/context.ts';
import { accessing } from './accessing.ts';
import { flagging } from './flagging.ts';
import { migrating } from './migrating.ts';
import { looking } from './looking.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';
import { storing } from './storing.ts';
import { briefs } from './text.ts';

// Each command's code is loaded only when it runs; this table is what help and the parser need to know of it.
const routes = {
  init: buildCommand<InitFlags, [], Context>({
    docs: docs('init', ['', 'find out name and command from package.json'], ['--app shop', 'name the app']),
    parameters: {
      flags: {
        ...is.local,
        app: is.textFlag('name', 'Name of the app'),
        command: is.textFlag('command', 'How one instance is started'),
      },
    },
    loader: async () => guard((await import('./init.ts')).init),
  }),
  up: buildCommand<UpFlags, [], Context>({
    docs: docs('up', ['', 'Ctrl-C drains and stops everything; SIGTERM stops only the control plane']),
    parameters: {
      flags: {
        ...is.local,
        store: is.textFlag('store', 'Where the event log is: sqlite, env:NAME or file:/path'),
      },
    },
    loader: async () => guard((await import('./up.ts')).up),
  }),
  down: buildCommand<CommonFlags, [], Context>({
    docs: docs('down'),
    parameters: { flags: is.common },
    loader: async () => guard((await import('./down.ts')).down),
  }),
  upgrade: buildCommand<UpgradeFlags, [], Context>({
    docs: docs(
      'upgrade',
      ['--wait', 'to the Teal that this command is of'],
      ['--to /opt/teal-2', 'to another one on this machine'],
    ),
    parameters: {
      flags: {
        ...is.common,
        to: is.textFlag('path', 'Folder of the other Teal, or its bin/teal.js; default: this one'),
        drain: {
          kind: 'parsed',
          parse: is.duration,
          optional: true,
          placeholder: 'duration',
          brief: 'For open requests and streams; default: the longest drain.deadline of the apps',
        },
        wait: is.switchFlag('Wait until the routers before carry nothing any more, and say what was cut'),
        timeout: is.timeout,
      },
    },
    loader: async () => guard((await import('./upgrade.ts')).upgrade),
  }),
  apply: buildCommand<ApplyFlags, [], Context>({
    docs: docs('apply', ['--dry-run', 'only show the difference'], ['', 'show it and put it in force']),
    parameters: { flags: { ...is.common, dryRun: is.switchFlag('Only show what would change') } },
    loader: async () => guard((await import('./apply.ts')).apply),
  }),
  deploy: buildCommand<DeployFlags, [string, ...string[]], Context>({
    docs: docs(
      'deploy',
      ['shop v2 --from . --wait', 'the files of this directory, as v2'],
      ['shop v2 --from git:main', 'what the branch main holds'],
      ['shop v2 --promote manual --until ready', 'tested, and held for teal approve'],
      ['shop storefront=v2 api=v5', 'apps of the group shop, as one'],
    ),
    parameters: {
      positional: is.versions,
      flags: {
        ...is.common,
        from: is.textFlag('source', 'A directory, a .tgz or git:<ref>'),
        promote: {
          kind: 'enum',
          values: ['auto', 'manual'],
          optional: true,
          brief: 'Overrides release.promote of teal.yaml for this release',
        },
        onConflict: {
          kind: 'enum',
          values: ['refuse', 'queue', 'wait', 'supersede'],
          optional: true,
          brief:
            'While another deploy runs: refuse (default), leave it to Teal to do it afterwards, wait here, or do it instead',
        },
        wait: is.wait,
        until: is.until,
        timeout: is.timeout,
        reason: is.reason,
      },
    },
    loader: async () => guard((await import('./deploy.ts')).deploy),
  }),
  approve: buildCommand<ApproveFlags, [string?], Context>({
    docs: docs(
      'approve',
      ['shop', 'the step where it waits now'],
      ['shop --step 3', 'that step and no other'],
    ),
    parameters: {
      positional: is.appArgument,
      flags: {
        ...is.common,
        step: is.step,
        wait: is.wait,
        until: is.until,
        timeout: is.timeout,
        reason: is.reason,
      },
    },
    loader: async () => guard((await import('./approve.ts')).approve),
  }),
  reject: buildCommand<RejectFlags, [string?], Context>({
    docs: docs('reject', [
      'shop --reason "the logo is wrong"',
      'everyone stays on, or returns to, what is live',
    ]),
    parameters: { positional: is.appArgument, flags: { ...is.common, step: is.step, reason: is.reason } },
    loader: async () => guard((await import('./reject.ts')).reject),
  }),
  promote: buildCommand<PromoteFlags, [string?], Context>({
    docs: docs(
      'promote',
      ['shop', 'let it pass the approval'],
      ['shop --full', 'skip every step that is left'],
    ),
    parameters: {
      positional: is.appArgument,
      flags: {
        ...is.common,
        full: is.switchFlag('Skip the remaining steps'),
        wait: is.wait,
        until: is.until,
        timeout: is.timeout,
        reason: is.reason,
      },
    },
    loader: async () => guard((await import('./promote.ts')).promote),
  }),
  rollback: buildCommand<RollbackFlags, [string?], Context>({
    docs: docs(
      'rollback',
      ['shop', 'one word: nothing is asked'],
      ['--all', 'every app that has somewhere to go back to, in one switch'],
    ),
    parameters: {
      positional: is.appArgument,
      flags: {
        ...is.common,
        all: is.switchFlag('Every app that has somewhere to go back to, in one switch'),
        wait: is.wait,
        until: is.until,
        timeout: is.timeout,
        reason: is.reason,
      },
    },
    loader: async () => guard((await import('./rollback.ts')).rollback),
  }),
  abort: buildCommand<AbortFlags, [string?], Context>({
    docs: docs('abort', ['shop --reason "wrong build"', 'live traffic is not touched']),
    parameters: {
      positional: is.appArgument,
      flags: { ...is.common, wait: is.wait, timeout: is.timeout, reason: is.reason },
    },
    loader: async () => guard((await import('./abort.ts')).abort),
  }),
  retry: buildCommand<WaitFlags, [string?], Context>({
    docs: docs('retry', ['shop --wait', 'the same version again']),
    parameters: {
      positional: is.appArgument,
      flags: { ...is.common, wait: is.wait, until: is.until, timeout: is.timeout, reason: is.reason },
    },
    loader: async () => guard((await import('./retry.ts')).retry),
  }),
  pause: buildCommand<ReasonFlags, [string?], Context>({
    docs: docs('pause', ['shop', 'until teal resume shop']),
    parameters: { positional: is.appArgument, flags: { ...is.common, reason: is.reason } },
    loader: async () => guard((await import('./pause.ts')).pause),
  }),
  resume: buildCommand<ReasonFlags, [string?], Context>({
    docs: docs('resume', ['shop', 'go on where it was paused']),
    parameters: { positional: is.appArgument, flags: { ...is.common, reason: is.reason } },
    loader: async () => guard((await import('./resume.ts')).resume),
  }),
  scale: buildCommand<ScaleFlags, [string, number], Context>({
    docs: docs('scale', ['shop 4', 'four web instances'], ['shop 2 --role worker', 'two workers']),
    parameters: {
      positional: {
        kind: 'tuple',
        parameters: [
          is.argument('app', 'The app'),
          { parse: is.whole, placeholder: 'instances', brief: 'How many shall run' },
        ],
      },
      flags: { ...is.common, role: is.textFlag('role', 'Default: the first web role'), reason: is.reason },
    },
    loader: async () => guard((await import('./scale.ts')).scale),
  }),
  restart: buildCommand<ReasonFlags, [string?], Context>({
    docs: docs('restart', ['shop', 'the same version, fresh processes']),
    parameters: { positional: is.appArgument, flags: { ...is.common, reason: is.reason } },
    loader: async () => guard((await import('./restart.ts')).restart),
  }),
  maintenance: buildCommand<MaintenanceFlags, ['on' | 'off', string?], Context>({
    docs: docs(
      'maintenance',
      ['on shop --message "Back at 14:00"', '503 with this page for everyone; previews still pass'],
      ['off shop', 'serve again'],
    ),
    parameters: {
      positional: {
        kind: 'tuple',
        parameters: [
          { parse: is.onOff, placeholder: 'on|off', brief: 'Begin or end it' },
          ...is.appArgument.parameters,
        ],
      },
      flags: { ...is.common, message: is.textFlag('text', 'What people are told'), reason: is.reason },
    },
    loader: async () => guard((await import('./maintenance.ts')).maintenance),
  }),
  freeze: buildCommand<ReasonFlags, [string?], Context>({
    docs: docs('freeze', ['shop --reason "the fair"', 'until teal unfreeze shop']),
    parameters: { positional: is.appArgument, flags: { ...is.common, reason: is.reason } },
    loader: async () => guard((await import('./freeze.ts')).freeze),
  }),
  unfreeze: buildCommand<ReasonFlags, [string?], Context>({
    docs: docs('unfreeze', ['shop', 'steps go on with the time they had left']),
    parameters: { positional: is.appArgument, flags: { ...is.common, reason: is.reason } },
    loader: async () => guard((await import('./unfreeze.ts')).unfreeze),
  }),
  keys: buildRouteMap({
    docs: { brief: briefs.keys },
    routes: {
      rotate: buildCommand<ReasonFlags, [string?], Context>({
        docs: docs('keys rotate', ['shop', 'older keys go on verifying: nobody changes sides']),
        parameters: { positional: is.appArgument, flags: { ...is.common, reason: is.reason } },
        loader: async () => guard((await import('./keys-rotate.ts')).keysRotate),
      }),
    },
  }),
  remove: buildCommand<RemoveFlags, [string], Context>({
    docs: docs(
      'remove',
      ['shop', 'asks for the name to be typed'],
      ['shop --yes-remove shop', 'where nobody can be asked'],
    ),
    parameters: {
      positional: { kind: 'tuple', parameters: [is.argument('app', 'The app')] },
      flags: {
        ...is.common,
        yesRemove: is.textFlag('app', 'The same name again: proof that it is meant'),
        reason: is.reason,
      },
    },
    loader: async () => guard((await import('./remove.ts')).remove),
  }),
  ...looking,
  flags: flagging,
  db: migrating,
  ...accessing,
  ...storing,
};

/** @param text every message of the parser */
export function buildApp(text: ApplicationText): Application<Context> {
  return buildApplication(buildRouteMap({ routes, docs: { brief: briefs.up } }), {
    name: 'teal',
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: {
      caseStyle: 'convert-camel-to-kebab',
      disableAnsiColor: true,
      onlyRequiredInUsageLine: true,
    },
    localization: { text },
  });
}
