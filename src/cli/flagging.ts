import { buildCommand, buildRouteMap } from '@stricli/core';
import type { FlagsCheckFlags } from './flags-check.ts';
import type { FlagsExportFlags, FlagsShowFlags } from './flags-list.ts';
import type { FlagsRefsFlags } from './flags-refs.ts';
import type { FlagsRemoveFlags } from './flags-remove.ts';
import { guard, type CommonFlags, type Context } from './shell/context.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';
import { briefs } from './text.ts';

const states = is.textFlag('file', 'The states of flags as JSON, instead of asking the control plane');
const calls = is.textFlag('names', 'Own functions that take a flag’s name and give its value, with commas');
const folder = { ...is.argument('dir', 'Default: this folder'), optional: true } as const;

/** The commands about feature flags in code, as `app.ts` has the others. */
export const flagging = buildRouteMap({
  docs: { brief: briefs.flags },
  routes: {
    list: buildCommand<CommonFlags, [string?], Context>({
      docs: docs('flags list', ['', 'of all apps'], ['shop', 'of one']),
      parameters: { positional: is.appArgument, flags: is.common },
      loader: async () => guard((await import('./flags-list.ts')).flagsList),
    }),
    show: buildCommand<FlagsShowFlags, [string], Context>({
      docs: docs('flags show', ['new-checkout', 'its stage, its values, who asks for it']),
      parameters: {
        positional: { kind: 'tuple', parameters: [is.argument('flag', 'The flag')] },
        flags: { ...is.common, app: is.textFlag('app', 'Of this app only') },
      },
      loader: async () => guard((await import('./flags-list.ts')).flagsShow),
    }),
    export: buildCommand<FlagsExportFlags, [string?], Context>({
      docs: docs('flags export', ['shop --flagd', 'for a provider that evaluates by itself']),
      parameters: {
        positional: is.appArgument,
        flags: { ...is.common, flagd: is.switchFlag('In the format of flagd, which is the only one') },
      },
      loader: async () => guard((await import('./flags-list.ts')).flagsExport),
    }),
    refs: buildCommand<FlagsRefsFlags, [string?], Context>({
      docs: docs(
        'flags refs',
        ['', 'every flag that the code asks for'],
        ['src --flag new-checkout', 'one flag, also in other languages'],
      ),
      parameters: {
        positional: { kind: 'tuple', parameters: [folder] },
        flags: { ...is.common, flag: is.textFlag('name', 'Only this one'), calls },
      },
      loader: async () => guard((await import('./flags-refs.ts')).flagsRefs),
    }),
    check: buildCommand<FlagsCheckFlags, [string?], Context>({
      docs: docs(
        'flags check',
        ['', 'exit 1 when one is overdue'],
        ['src --flags flags.json --format github', 'in CI, without a control plane'],
      ),
      parameters: {
        positional: { kind: 'tuple', parameters: [folder] },
        flags: {
          ...is.common,
          flags: states,
          calls,
          format: {
            kind: 'enum',
            values: ['text', 'github', 'sarif'],
            optional: true,
            brief: 'How it is told: text (default), annotations of GitHub Actions, SARIF',
          },
        },
      },
      loader: async () => guard((await import('./flags-check.ts')).flagsCheck),
    }),
    remove: buildCommand<FlagsRemoveFlags, [string, string?], Context>({
      docs: docs(
        'flags remove',
        ['new-checkout --dry-run', 'what would change, as a diff'],
        ['new-checkout src --keep true --check "npm test"', 'put back when the check fails'],
      ),
      parameters: {
        positional: { kind: 'tuple', parameters: [is.argument('flag', 'The flag'), folder] },
        flags: {
          ...is.common,
          keep: is.textFlag('value', 'The value that stays; default: what its release ended with'),
          flags: states,
          calls,
          dryRun: is.switchFlag('Only print the diff'),
          partial: is.switchFlag('Leave what is refused, and do the rest'),
          check: is.textFlag('command', 'Has to pass afterwards; default: the tests of package.json'),
          noCheck: is.switchFlag('Check nothing'),
          allowDirty: is.switchFlag('Also change files with uncommitted changes'),
        },
      },
      loader: async () => guard((await import('./flags-remove.ts')).flagsRemove),
    }),
  },
});
