import type { Finding } from '../../database/prove/report.ts';
import type { Part, Proof } from '../../database/prove/proof.ts';
import type { View } from '../shell/terminal.ts';
import { glyph, paint, wrap } from './paint.ts';
import { count, counted } from './units.ts';

const shownStatements = 3;

/** What statements feel of a migration, with coverage; what is not known comes last, and is never left out. */
export function renderProven(
  { proof, fails }: { readonly proof: Proof; readonly fails: readonly string[] },
  view: View,
): string {
  const notes = proof.notes.map((note) => `${glyph(view, 'warn')} ${wrap(note, view.width, 2)}`);
  const end =
    fails.length === 0
      ? [`${glyph(view, 'ok')} Compatible, as far as these statements tell.`]
      : fails.map((why) => `${glyph(view, 'failed')} ${wrap(why, view.width, 2)}`);
  return [...proof.parts.flatMap((part) => describe(part, view)), ...notes, ...end].join('\n');
}

function describe({ of, schema, coverage, findings, unproven }: Part, view: View): readonly string[] {
  const who = of === 'live' ? 'The live version' : 'The candidate';
  const share = coverage.calls === 0 ? 100 : (100 * coverage.provenCalls) / coverage.calls;
  return [
    paint(view, 'bold', `${who} on the ${schema} schema`),
    `  ${wrap(`${coverage.proven} of ${counted(coverage.statements, 'statement')} proven, ${floor(share)} % of ${counted(coverage.calls, 'call')}; ${coverage.run} also run with synthetic values`, view.width, 2)}`,
    '',
    ...findings.flatMap((finding) => describeFinding(finding, view)),
    ...(unproven.length === 0 ? [] : [`${glyph(view, 'warn')} ${paint(view, 'bold', 'UNPROVEN')}`]),
    ...unproven.map(
      ({ text, calls, why }) =>
        `  ${wrap(`${short(text)} (${counted(calls, 'call')}): ${why}`, view.width, 4)}`,
    ),
    ...(unproven.length === 0 ? [] : ['']),
  ];
}

/** Never 100 % while something is missing. */
const floor = (share: number): string => String(Math.floor(share * 100) / 100);

function describeFinding({ verdict, what, check, rows, statements }: Finding, view: View): readonly string[] {
  const mark = verdict === 'broken' ? 'failed' : 'warn';
  const calls = statements.reduce((sum, each) => sum + each.calls, 0);
  const more = statements.length - shownStatements;
  return [
    `${glyph(view, mark)} ${paint(view, 'bold', verdict.toUpperCase())}  ${wrap(what, view.width, 2)}`,
    `  ${paint(view, 'dim', `${counted(statements.length, 'statement')}, ${counted(calls, 'call')}`)}`,
    ...statements.slice(0, shownStatements).map(({ text, role }) => {
      const by = role === null ? '' : `${role}: `;
      return `    ${wrap(`${by}${short(text)}`, view.width, 6)}`;
    }),
    ...(more > 0 ? [`    … and ${more} more (--json has all)`] : []),
    ...(check === null
      ? []
      : [
          `  ${paint(view, 'dim', 'rows')}    ${rows === null ? wrap(check, view.width, 10) : `${count(rows)} in the way now`}`,
        ]),
    '',
  ];
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}
