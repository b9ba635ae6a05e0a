import { putAndLeave } from './branch.ts';
import type { Json } from '../../config/features.ts';
import type { Marker } from './marker.ts';
import { above, type Code } from './program.ts';
import type { Outcome, Rewriting } from './rule.ts';
import { insideOf, leaves, listOf, mayUnwrap, removeStatement, textOf, usedElsewhere } from './statements.ts';
import { nothingOutside, staticValue } from './static-value.ts';
import { ts, type TS } from './syntax.ts';

/** A `switch` over the flag's value: keeps what the matching case runs into. */
export function switchOver(marker: Marker, { code }: Rewriting): Outcome {
  const { node } = marker;
  const whole = node.parent;
  if (marker.wrapping !== 'value' || !ts.isSwitchStatement(whole) || whole.expression !== node) return null;
  const { clauses } = whole.caseBlock;
  const index = matching(code, clauses, marker.value);
  if (index === undefined)
    return { why: 'a case is compared with something that is not written there', at: whole };
  const run = index === null ? [] : runFrom(clauses, index);
  const dropped = clauses.flatMap(({ statements }) => statements.filter((each) => !run.includes(each)));
  const name = usedElsewhere(
    code,
    dropped.filter((each) => !isBreak(each)),
  );
  if (name !== null)
    return { why: `${name} is declared in a case that would go, and used outside of it`, at: whole };
  if (run.some((each) => breaksOut(each, whole)))
    return { why: 'a break in the middle of the case that is kept', at: whole };
  if (run.length === 0) return [removeStatement(code, whole)];
  const text = run.map((each) => statementText(code, each, whole)).join(newline(code, whole));
  const lexical = !mayUnwrap(code, run, whole);
  const put =
    lexical || listOf(whole) === null ? `{${newline(code, whole)}${text}${newline(code, whole)}}` : text;
  return putAndLeave(code, whole, put, leavesAround(run.at(-1)));
}

/** The clause that is entered: null for none, undefined when a case before it is not a literal. */
function matching(
  code: Code,
  clauses: readonly TS.CaseOrDefaultClause[],
  value: Json,
): number | null | undefined {
  for (const [index, clause] of clauses.entries()) {
    if (ts.isDefaultClause(clause)) continue;
    const against = staticValue(clause.expression, code, nothingOutside);
    if (against === undefined) return undefined;
    if (against === value) return index;
  }
  const otherwise = clauses.findIndex((clause) => ts.isDefaultClause(clause));
  return otherwise === -1 ? null : otherwise;
}

/** Statements from a clause on until one leaves the switch; the `break` that does is not among them. */
function runFrom(clauses: readonly TS.CaseOrDefaultClause[], index: number): readonly TS.Statement[] {
  const run: TS.Statement[] = [];
  for (const { statements } of clauses.slice(index)) {
    for (const statement of statements) {
      if (isBreak(statement)) return run;
      run.push(statement);
      if (leaves(statement)) return run;
    }
  }
  return run;
}

/** Whether what stands behind the switch is never reached: a `break` at the end of a block only leaves the switch. */
function leavesAround(last: TS.Statement | undefined): boolean {
  if (last === undefined || !leaves(last)) return false;
  const inner = ts.isBlock(last) ? last.statements.at(-1) : last;
  return inner === undefined || !isBreak(inner);
}

function isBreak(statement: TS.Statement): boolean {
  return ts.isBreakStatement(statement) && statement.label === undefined;
}

/** Whether a `break` within would leave the switch, other than the last one of a block of its own. */
function breaksOut(statement: TS.Statement, whole: TS.SwitchStatement): boolean {
  const last = ts.isBlock(statement) ? statement.statements.at(-1) : undefined;
  let found = false;
  const visit = (node: TS.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isBreakStatement(node) && node.label === undefined && node !== last)
      found ||= above(node, takesBreak) === whole;
    ts.forEachChild(node, visit);
  };
  visit(statement);
  return found;
}

function takesBreak(node: TS.Node): boolean {
  return ts.isSwitchStatement(node) || ts.isIterationStatement(node, false);
}

/** Of a block what is inside, without the `break` at its end, when nothing keeps it a block. */
function statementText(code: Code, statement: TS.Statement, whole: TS.Statement): string {
  if (!ts.isBlock(statement)) return textOf(code, statement, whole);
  const last = statement.statements.at(-1);
  const until = last !== undefined && isBreak(last) ? last.getStart(code.source) : undefined;
  const body = insideOf(code, statement, whole, until);
  if (mayUnwrap(code, [...statement.statements], whole)) return body;
  return `{${newline(code, whole)}${body}${newline(code, whole)}}`;
}

function newline(code: Code, whole: TS.Node): string {
  const start = whole.getStart(code.source);
  const line = code.text.lastIndexOf('\n', start - 1) + 1;
  const indent = /^[ \t]*/.exec(code.text.slice(line, start))?.[0] ?? '';
  return `${code.text.includes('\r\n') ? '\r\n' : '\n'}${indent}`;
}
