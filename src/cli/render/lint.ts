import { blocks } from '../../database/lint/locks.ts';
import type { Finding, LintReport } from '../../database/lint/lint.ts';
import type { Level } from '../../database/lint/rule.ts';
import { sayLock } from '../../database/lint/say.ts';
import type { View } from '../shell/terminal.ts';
import { flow, glyph, paint, wrap } from './paint.ts';
import { counted } from './units.ts';

/** What was found in migrations: notes in one line each, everything else with its locks and the safe form. */
export function renderLint({ findings, allowed, files, statements }: LintReport, view: View): string {
  const count = (level: Level): number => findings.filter((each) => each.level === level).length;
  const [errors, warnings, notes] = [count('error'), count('warning'), count('note')];
  const looked = `${counted(statements, 'statement')} in ${counted(files, 'file')}`;
  const ignored = allowed.length === 0 ? '' : `, ${allowed.length} allowed by comments`;
  if (findings.length === 0) return `${glyph(view, 'ok')} ${looked}: nothing to say${ignored}.`;
  const tally = [counted(errors, 'error'), counted(warnings, 'warning'), counted(notes, 'note')].join(', ');
  const end = `${glyph(view, errors > 0 ? 'failed' : warnings > 0 ? 'warn' : 'ok')} ${looked}: ${tally}${ignored}.`;
  return [
    ...findings.flatMap((finding) => describe(finding, view)),
    wrap(end, view.width, 2),
    ...next(findings, view),
  ].join('\n');
}

function describe(finding: Finding, view: View): readonly string[] {
  const { rule, level, file, line, column, what, instead, locks } = finding;
  const mark = level === 'note' ? ' ' : glyph(view, level === 'error' ? 'failed' : 'warn');
  const head = `${mark} ${paint(view, 'bold', `${file}:${line}:${column}`)}  ${level}  ${rule}`;
  if (level === 'note') return [head, `  ${paint(view, 'dim', wrap(what, view.width, 2))}`, ''];
  const felt = locks.filter(({ mode }) => blocks(mode) !== 'nobody');
  return [
    head,
    `  ${wrap(what, view.width, 2)}`,
    ...felt.map((lock) => row('lock', sayLock(lock), view)),
    row('instead', instead, view),
    '',
  ];
}

const row = (label: string, text: string, view: View): string =>
  `  ${paint(view, 'dim', label.padEnd(8))} ${wrap(text, view.width, 11)}`;

/** What cannot be read nobody means so. The comment is one piece, to be copied. */
function next(findings: readonly Finding[], view: View): readonly string[] {
  const meant = findings.filter(({ rule }) => rule !== 'syntax-error');
  const worst = meant.find(({ level }) => level === 'error') ?? meant[0];
  if (worst === undefined) return [];
  const pieces = [
    ...'Where it is meant so, in front of the statement:'.split(' '),
    `-- teal: allow ${worst.rule} because <reason>`,
  ];
  return [`  ${flow(pieces, ' ', { width: view.width - 2, indent: 2 })}`];
}
