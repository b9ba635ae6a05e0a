import type { Debt } from '../../features/code/grace.ts';
import type { Reference } from '../../features/code/references.ts';
import type { Removal } from '../../features/code/remove.ts';
import { removalOf, saysOf } from '../../features/code/report.ts';
import type { Json } from '../../config/features.ts';
import type { View } from '../shell/terminal.ts';
import { renderBlock, type Row } from './block.ts';
import { glyph, paint, wrap } from './paint.ts';
import { clock, counted, duration } from './units.ts';

/** More places than that are read with --json. */
const shownPlaces = 20;

export interface Found {
  readonly flag: string;
  readonly references: readonly Reference[];
}

/** Every flag with the places that have to do with it. */
export function renderReferences(found: readonly Found[], view: View): string {
  if (found.length === 0)
    return 'The code asks for no flag that Teal can see. Own functions that do: --calls isEnabled';
  const lines = found.flatMap(({ flag, references }) => [
    `${paint(view, 'bold', flag)}  ${counted(references.length, 'place')}`,
    ...references.map((each) => `  ${place(each)}  ${wrap(each.what, view.width, 4)}${note(each, view)}`),
  ]);
  const [first] = found;
  return [...lines, '', `Next: teal flags remove ${first?.flag ?? ''} --dry-run --keep true`].join('\n');
}

function place({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${file}:${line}`;
}

function note({ kind }: Reference, view: View): string {
  return kind === 'evaluates' ? '' : paint(view, 'dim', kind === 'names' ? '  (its name)' : '  (text)');
}

/** Flags of ended releases with the code that still asks for them. */
export function renderDebts(found: readonly Debt[], flags: number, view: View): string {
  const overdue = found.filter((debt) => debt.overdue);
  const lines = found.flatMap((debt) => [
    `${glyph(view, debt.overdue ? 'failed' : 'warn')} ${wrap(saysOf(debt), view.width, 2)}`,
    `  ${due(debt, view)}`,
    `  → ${removalOf(debt)}`,
    ...debt.references
      .slice(0, shownPlaces)
      .map((each) => `  ${place(each)}  ${wrap(each.what, view.width, 4)}`),
    ...(debt.references.length > shownPlaces
      ? [`  and ${debt.references.length - shownPlaces} more: --json`]
      : []),
  ]);
  if (found.length === 0)
    return `${glyph(view, 'ok')} ${counted(flags, 'flag')} looked at: none of an ended release is left in the code.`;
  const [first] = overdue.length > 0 ? overdue : found;
  const verdict = overdue.length === 0 ? 'None is overdue.' : `${counted(overdue.length, 'flag')} overdue.`;
  return [...lines, '', `${verdict} Next: teal flags remove ${first?.state.flag ?? ''} --dry-run`].join('\n');
}

function due({ dueAt, overdue }: Debt, view: View): string {
  const text = overdue
    ? `overdue for ${duration(view.now - dueAt)}`
    : `has until ${clock(dueAt, view.now)} (${duration(dueAt - view.now)})`;
  return paint(view, 'dim', text);
}

export interface Removed {
  readonly flag: string;
  readonly keep: Json;
  readonly removal: Removal;
  /** The command that passed; null: none was run. */
  readonly check: string | null;
}

/** What a removal did, and what is left to a person. */
export function renderRemoval({ flag, keep, removal, check }: Removed, view: View): string {
  const { changed, calls, constants, refusals, left } = removal;
  const nothing = changed.size === 0;
  return renderBlock(
    {
      state: nothing || refusals.length > 0 ? 'warn' : 'ok',
      label: nothing ? 'Nothing to do' : 'Removed',
      value: nothing ? `the code does not ask for ${flag}` : `${flag}  kept ${JSON.stringify(keep)}`,
      rows: [
        ['Calls', nothing ? null : `${counted(calls, 'call')} in ${counted(changed.size, 'file')}`],
        ['Changed', nothing ? null : [...changed.keys()].join('\n')],
        ['Check', nothing ? null : check === null ? 'none: look at the changes' : `passed: ${check}`],
        ...places(
          'Refused',
          refusals.map((each) => `${place(each)}  ${each.what}: ${each.why}`),
        ),
        ...places(
          'Constant',
          constants.map((each) => `${place(each)}  ${each.what}`),
        ),
        ...places(
          'Left',
          left.map((each) => `${place(each)}  ${each.text}`),
        ),
        ['Next', nothing ? `teal flags refs --flag ${flag}` : 'git diff'],
      ],
    },
    view,
  );
}

function places(label: string, lines: readonly string[]): readonly Row[] {
  if (lines.length === 0) return [];
  const more = lines.length > shownPlaces ? [`and ${lines.length - shownPlaces} more: --json`] : [];
  return [[label, [...lines.slice(0, shownPlaces), ...more].join('\n')]];
}
