import type { PlanDatabase } from '../../control/contract.ts';
import type { View } from '../shell/terminal.ts';
import { glyph, paint, wrap } from './paint.ts';
import { counted } from './units.ts';

/** So many findings are worth reading beside all else; the others are told by teal db lint. */
const shown = 3;

/** What a deploy would do to the database, below an empty line: each phase with its time, then what stands in its way or is said of it. */
export function renderDatabase(database: PlanDatabase, view: View): readonly string[] {
  const { migration, folder, phases, open, notes, lint } = database;
  const name = folder ?? migration;
  const row = (text: string, mark = ' '): string => `  ${mark} ${wrap(text, view.width, 4)}`;
  const lines = [
    ...phases.map(({ phase, when }) => `    ${phase.padEnd(10)}${wrap(when, view.width, 14)}`),
    ...(open === null
      ? []
      : [row(`${open.migration} of ${open.version} is not done yet: ${open.stage}`, glyph(view, 'warn'))]),
    ...notes.map((note) => row(note)),
    ...findings(lint?.findings ?? [], { folder, view }),
  ];
  // What it is refused with is told before, and leaves nothing to be said here.
  if (lines.length === 0) return [];
  return ['', `  ${paint(view, 'bold', 'Database')}${name === null ? '' : `  ${name}`}`, ...lines];
}

function findings(
  all: NonNullable<PlanDatabase['lint']>['findings'],
  { folder, view }: { readonly folder: string | null; readonly view: View },
): readonly string[] {
  const rest = all.slice(shown);
  const more = rest.length === 0 ? '' : `${counted(rest.length, 'more finding')}: `;
  return [
    ...all.slice(0, shown).map(({ level, file, line, rule, what }) => {
      const mark = glyph(view, level === 'error' ? 'failed' : 'warn');
      return `  ${mark} ${wrap(`${file}:${line} ${rule}: ${what}`, view.width, 4)}`;
    }),
    ...(all.length === 0 ? [] : [`    ${wrap(`${more}teal db lint ${folder ?? ''}`, view.width, 4)}`]),
  ];
}
