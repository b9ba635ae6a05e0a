import { beginsLine, cut, indentAt, reindent, type Edit } from './edit.ts';
import { literalsOf } from './literals.ts';
import { walk, within, type Code } from './program.ts';
import { ts, type TS } from './syntax.ts';

/** The statements that a statement stands among; null where a lone statement stands, as after `else`. */
export function listOf(statement: TS.Node): TS.NodeArray<TS.Statement> | null {
  const { parent } = statement;
  const isList =
    ts.isBlock(parent) ||
    ts.isSourceFile(parent) ||
    ts.isModuleBlock(parent) ||
    ts.isCaseOrDefaultClause(parent);
  return isList ? parent.statements : null;
}

/** Text that goes on with a statement before it that ends without a semicolon; comments in front of it do not matter. */
export function continues(text: string): boolean {
  return /^(?:\s|\/\/.*|\/\*[\s\S]*?\*\/)*(?:[([`+-]|\/(?![/*]))/.test(text);
}

/** The statement before this one has no end of its own: neither a semicolon nor the brace of a block. */
export function isOpenBefore(code: Code, statement: TS.Node): boolean {
  const before = neighbour(statement, -1);
  return before !== undefined && code.text[before.end - 1] !== ';' && !endsInBlock(before);
}

/**
 * Whether one of these edits would stand right behind another and go on with it: each was made for the neighbour that the other changes, so that
 * they must not be made together.
 */
export function runTogether(text: string, chosen: readonly Edit[], group: readonly Edit[]): boolean {
  return group.some((one) => chosen.some((other) => joins(text, one, other) || joins(text, other, one)));
}

function joins(text: string, first: Edit, second: Edit): boolean {
  const gap = second.from < first.to ? null : text.slice(first.to, second.from);
  if (gap === null || gap.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '').trim() !== '') return false;
  // White space on either side of two that go would meet, which each alone would keep apart.
  if (gap === '' && first.text === '' && second.text === '') return true;
  if (!gap.includes('\n') && first.text !== '' && !/[,;}\s]$/.test(first.text)) return true;
  return continues(second.text === '' ? text.slice(second.to, second.to + 200) : second.text);
}

function endsInBlock(statement: TS.Statement): boolean {
  if (ts.isIfStatement(statement)) return endsInBlock(statement.elseStatement ?? statement.thenStatement);
  if (ts.isIterationStatement(statement, false))
    return !ts.isDoStatement(statement) && endsInBlock(statement.statement);
  if (ts.isLabeledStatement(statement)) return endsInBlock(statement.statement);
  return (
    ts.isBlock(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isTryStatement(statement) ||
    ts.isSwitchStatement(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isEnumDeclaration(statement)
  );
}

function neighbour(statement: TS.Node, step: -1 | 1): TS.Statement | undefined {
  const list = listOf(statement);
  return list?.[list.indexOf(statement as TS.Statement) + step];
}

/** Takes a statement out, with the comments right above it and, where it stands alone, with its lines. */
export function removeStatement(code: Code, statement: TS.Statement): Edit {
  if (listOf(statement) === null)
    return { from: statement.getStart(code.source), to: statement.end, text: '{}' };
  const after = neighbour(statement, 1);
  const rest = after === undefined ? '' : code.text.slice(after.getStart(code.source), after.end);
  if (continues(rest) && isOpenBefore(code, statement))
    return { from: statement.getStart(code.source), to: statement.end, text: ';' };
  return cut(code.text, attachedFrom(code, statement), endWithComment(code, statement));
}

/** Where the comments begin that belong to a statement: right above it, with no blank line in between, and not at the top of the file. */
function attachedFrom(code: Code, statement: TS.Node): number {
  const { text } = code;
  let from = statement.getStart(code.source);
  for (const range of (ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? []).toReversed()) {
    const between = text.slice(range.end, from);
    if (between.split('\n').length > 2) break;
    // What a tool or a lawyer reads at the top of a file is about the file.
    if (range.pos === 0) break;
    from = range.pos;
  }
  return from;
}

/** With the comment that follows on the same line. */
export function endWithComment(code: Code, statement: TS.Node): number {
  const ranges = ts.getTrailingCommentRanges(code.text, statement.end) ?? [];
  return ranges.at(-1)?.end ?? statement.end;
}

/** Puts the text of statements in the place of one, with semicolons where lines would run together. */
export function putStatements(code: Code, statement: TS.Statement, text: string): Edit {
  const list = listOf(statement);
  const before = list !== null && continues(text) && isOpenBefore(code, statement) ? ';' : '';
  const next = list === null ? undefined : neighbour(statement, 1);
  const after = next !== undefined && needsEnd(code, statement, next, text) ? ';' : '';
  return { from: statement.getStart(code.source), to: statement.end, text: before + text + after };
}

/** Without semicolons, one in front of a statement belongs to the statement before it, and would go with that. */
function needsEnd(code: Code, statement: TS.Statement, next: TS.Statement, text: string): boolean {
  if (/;\s*$/.test(text)) return false;
  const start = next.getStart(code.source);
  const sameLine = !code.text.slice(statement.end, start).includes('\n');
  return continues(code.text.slice(start, next.end)) || (sameLine && !/\}\s*$/.test(text));
}

/**
 * What stands between the braces of a block, moved to the indent of where it goes; empty when nothing does.
 * @param until an offset within the block where to stop
 */
export function insideOf(code: Code, block: TS.Block, target: TS.Node, until = block.end - 1): string {
  const open = block.getStart(code.source) + 1;
  const raw = code.text.slice(open, until);
  const lead = (/^[ \t]*\r?\n/.exec(raw) ?? /^[ \t]*/.exec(raw))?.[0].length ?? 0;
  const body = raw.slice(lead).trimEnd();
  const own = innerIndent(code, block) ?? /^[ \t]*/.exec(body)?.[0] ?? '';
  const fixed = literalsOf(code);
  const to = indentAt(code.text, target.getStart(code.source));
  return reindent(body, { from: own, to }, (offset) => fixed(open + lead + offset)).trimStart();
}

/** The indent of the first statement that begins a line; null when none does. */
function innerIndent(code: Code, block: TS.Block): string | null {
  for (const statement of block.statements) {
    const start = statement.getStart(code.source);
    if (beginsLine(code.text, start)) return indentAt(code.text, start);
  }
  return null;
}

/** The text of a lone statement, moved to the indent of where it goes. */
export function textOf(code: Code, node: TS.Node, target: TS.Node): string {
  const start = node.getStart(code.source);
  const indents = { from: indentAt(code.text, start), to: indentAt(code.text, target.getStart(code.source)) };
  const fixed = literalsOf(code);
  return reindent(code.text.slice(start, node.end), indents, (offset) => fixed(start + offset));
}

/** Whether what follows in the same list is never reached: the last thing that happens leaves. */
export function leaves(statement: TS.Statement | undefined): boolean {
  if (statement === undefined) return false;
  if (ts.isBlock(statement))
    return leaves(statement.statements.findLast((each) => !ts.isFunctionDeclaration(each)));
  if (ts.isIfStatement(statement)) return leaves(statement.thenStatement) && leaves(statement.elseStatement);
  return (
    ts.isReturnStatement(statement) ||
    ts.isThrowStatement(statement) ||
    ts.isBreakStatement(statement) ||
    ts.isContinueStatement(statement)
  );
}

/** A name that is declared within these nodes, and only there, but used elsewhere; null when there is none. */
export function usedElsewhere(code: Code, nodes: readonly TS.Node[]): string | null {
  const inside = (node: TS.Node): boolean => nodes.some((each) => within(node, each));
  for (const { node, symbol } of code.names) {
    if (symbol === undefined || !inside(node)) continue;
    const declarations = symbol.declarations ?? [];
    if (!declarations.some(inside) || !declarations.every(inside)) continue;
    if (code.same(node).some((other) => !inside(other.node))) return node.text;
  }
  return null;
}

/** Whether the braces around statements can go: none of the names they declare is in use around them. */
export function mayUnwrap(code: Code, statements: readonly TS.Statement[], from: TS.Node): boolean {
  const declared = new Set(statements.flatMap((statement) => lexicalNames(statement)));
  if (declared.size === 0) return true;
  const scope = scopeOf(from);
  return !code.names.some(
    ({ node }) => declared.has(node.text) && within(node, scope) && !within(node, from),
  );
}

function scopeOf(node: TS.Node): TS.Node {
  let at = node.parent;
  while (!ts.isFunctionLike(at) && !ts.isSourceFile(at) && !ts.isClassStaticBlockDeclaration(at))
    at = at.parent;
  return at;
}

/** What a block holds for itself. */
function lexicalNames(statement: TS.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    const isVar = (statement.declarationList.flags & ts.NodeFlags.BlockScoped) === 0;
    return isVar ? [] : statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  const named =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement);
  return named && statement.name !== undefined ? [statement.name.text] : [];
}

/** Every name that a pattern binds. */
function boundNames(name: TS.BindingName): readonly string[] {
  const names: string[] = [];
  walk(name, (node) => {
    if (
      ts.isIdentifier(node) &&
      (node === name || (ts.isBindingElement(node.parent) && node.parent.name === node))
    )
      names.push(node.text);
  });
  return names;
}
