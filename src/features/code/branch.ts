import type { Edit } from './edit.ts';
import type { Marker } from './marker.ts';
import type { Code } from './program.ts';
import { isTruthy, type Outcome, type Rewriting } from './rule.ts';
import {
  endWithComment,
  insideOf,
  leaves,
  listOf,
  mayUnwrap,
  putStatements,
  removeStatement,
  textOf,
  usedElsewhere,
} from './statements.ts';
import { ts, type TS } from './syntax.ts';

/** `if` and `while` whose condition is known: keeps the branch that is always taken, and drops what is then never reached. */
export function branch(marker: Marker, { code }: Rewriting): Outcome {
  const { node, wrapping } = marker;
  const { parent } = node;
  if (ts.isExpressionStatement(parent)) return [removeStatement(code, parent)];
  if (wrapping !== 'value') return null;
  if (ts.isWhileStatement(parent) && parent.expression === node)
    return isTruthy(marker) ? null : without(code, parent, [parent.statement]);
  if (!ts.isIfStatement(parent) || parent.expression !== node) return null;
  const [kept, dropped] = isTruthy(marker)
    ? [parent.thenStatement, parent.elseStatement]
    : [parent.elseStatement, parent.thenStatement];
  const stuck = stuckName(code, dropped === undefined ? [] : [dropped]);
  if (stuck !== null) return { why: stuck, at: parent };
  return keepStatement(code, parent, kept);
}

function without(code: Code, statement: TS.Statement, dropped: readonly TS.Node[]): Outcome {
  const stuck = stuckName(code, dropped);
  return stuck === null ? [removeStatement(code, statement)] : { why: stuck, at: statement };
}

function stuckName(code: Code, dropped: readonly TS.Node[]): string | null {
  const name = usedElsewhere(code, dropped);
  return name === null ? null : `${name} is declared in what would go, and used outside of it`;
}

function keepStatement(code: Code, whole: TS.IfStatement, kept: TS.Statement | undefined): readonly Edit[] {
  const { parent } = whole;
  if (listOf(whole) === null)
    return alone(code, whole, kept, ts.isIfStatement(parent) && parent.elseStatement === whole);
  if (kept === undefined || isNothing(code, kept)) return [removeStatement(code, whole)];
  const unwrapped = ts.isBlock(kept) && mayUnwrap(code, [...kept.statements], whole);
  const text = unwrapped ? insideOf(code, kept, whole) : textOf(code, kept, whole);
  return putAndLeave(code, whole, text, leaves(kept));
}

/** Empty, with no comment in it either. */
function isNothing(code: Code, statement: TS.Statement): boolean {
  if (ts.isEmptyStatement(statement)) return true;
  return (
    ts.isBlock(statement) && /^\{\s*\}$/.test(code.text.slice(statement.getStart(code.source), statement.end))
  );
}

/** Where one statement has to stand, as after `else` or in a loop without braces. */
function alone(
  code: Code,
  whole: TS.IfStatement,
  kept: TS.Statement | undefined,
  isElse: boolean,
): readonly Edit[] {
  const from = whole.getStart(code.source);
  if (kept === undefined || (isElse && isNothing(code, kept))) {
    const before = (whole.parent as TS.IfStatement).thenStatement;
    return isElse ? [{ from: before.end, to: whole.end, text: '' }] : [{ from, to: whole.end, text: '{}' }];
  }
  const text = textOf(code, kept, whole);
  // An `else` that follows would go to an `if` that is now the last thing before it.
  const wraps = !ts.isBlock(kept) && !(isElse && ts.isIfStatement(kept));
  return [{ from, to: whole.end, text: wraps ? `{ ${text} }` : text }];
}

/** Puts statements in the place of one; when the last of them leaves, what follows in the list goes, where nothing else needs it. */
export function putAndLeave(code: Code, whole: TS.Statement, text: string, left: boolean): readonly Edit[] {
  const put = putStatements(code, whole, text);
  const tail = left ? deadTail(code, whole) : [];
  const last = tail.at(-1);
  if (last === undefined) return [put];
  const end = endWithComment(code, last);
  const functions = tail.some((each) => ts.isFunctionDeclaration(each));
  if (!functions) return [{ ...put, to: end, text: put.text.trimEnd() }];
  return [
    put,
    ...tail.filter((each) => !ts.isFunctionDeclaration(each)).map((each) => removeStatement(code, each)),
  ];
}

/** The statements behind one that are never reached; none when something else uses what they declare. */
function deadTail(code: Code, statement: TS.Statement): readonly TS.Statement[] {
  const list = listOf(statement);
  if (list === null || ts.isSourceFile(statement.parent)) return [];
  const tail = list.slice(list.indexOf(statement) + 1);
  const gone = tail.filter((each) => !ts.isFunctionDeclaration(each));
  return gone.length === 0 || usedElsewhere(code, gone) !== null ? [] : tail;
}
