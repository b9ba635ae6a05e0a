import type { Edit } from './edit.ts';
import type { Json } from '../../config/features.ts';
import { markerText, type Marker } from './marker.ts';
import { above, type Code, type Name } from './program.ts';
import { cutFromList } from './replace.ts';
import type { Outcome, Rewriting } from './rule.ts';
import { isConst } from './static-value.ts';
import { removeStatement } from './statements.ts';
import { ts, type TS } from './syntax.ts';

/** `const on = <the value>`: puts the value wherever the name stands, and takes the declaration out. */
export function inlineConst(marker: Marker, { code }: Rewriting): Outcome {
  const declaration = marker.node.parent;
  if (!ts.isVariableDeclaration(declaration) || declaration.initializer !== marker.node) return null;
  if (!ts.isIdentifier(declaration.name) || !isPlace(declaration)) return null;
  const edits = inlineName(code, declaration.name, declaration, marker);
  return edits === null ? null : [...edits, removeDeclaration(code, declaration)];
}

/** Edits that put the value in place of every use of a name; null when one of them has to stay a name. */
export function inlineName(
  code: Code,
  name: TS.Identifier,
  declaration: TS.VariableDeclaration,
  marker: Marker,
): readonly Edit[] | null {
  if (isShared(marker.value) || isExported(declaration) || isSeenByOthers(code, declaration)) return null;
  if (code.declarations(name).length !== 1) return null;
  const uses = code.same(name).filter(({ node }) => node !== name);
  if (!uses.every((use) => mayInline(use, name, declaration))) return null;
  const text = markerText(marker.wrapping, marker.value, marker.seed);
  return uses.map(({ node }) => ({
    from: node.getStart(code.source),
    to: node.end,
    text: ts.isShorthandPropertyAssignment(node.parent) ? `${node.text}: ${text}` : text,
  }));
}

/** Objects are changed and compared by identity: one literal in many places would be many objects. */
function isShared(value: Json): boolean {
  return typeof value === 'object' && value !== null;
}

function isPlace(declaration: TS.VariableDeclaration): boolean {
  return ts.isVariableStatement(declaration.parent.parent);
}

export function isExported(declaration: TS.VariableDeclaration): boolean {
  const statement = declaration.parent.parent;
  return (
    ts.isVariableStatement(statement) &&
    (ts
      .getModifiers(statement)
      ?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DeclareKeyword) ??
      false)
  );
}

/** The outermost names of a classic script belong to every script of the page. */
export function isSeenByOthers(code: Code, declaration: TS.Node): boolean {
  return !code.isModule && above(declaration.parent, isScope)?.kind === ts.SyntaxKind.SourceFile;
}

function isScope(node: TS.Node): boolean {
  return ts.isFunctionLike(node) || ts.isSourceFile(node) || ts.isBlock(node);
}

function mayInline({ node }: Name, name: TS.Identifier, declaration: TS.VariableDeclaration): boolean {
  // Before its declaration a name is not that value yet.
  if (node.pos < declaration.end) return false;
  if (!isConst(declaration) && (isWritten(node) || !isSimplyAfter(node, declaration))) return false;
  const { parent } = node;
  return !ts.isTypeQueryNode(parent) && !ts.isExportSpecifier(parent) && node.text === name.text;
}

/** `var` is there before it has its value: only what comes after it in the same function, or in a function made there, is sure. */
function isSimplyAfter(node: TS.Identifier, declaration: TS.VariableDeclaration): boolean {
  if ((ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Let) !== 0) return true;
  const home = above(declaration, isFunctionOrFile);
  let at: TS.Node | undefined = above(node, isFunctionOrFile);
  while (at !== undefined && at !== home) {
    if (ts.isFunctionDeclaration(at)) return false;
    at = above(at.parent, isFunctionOrFile);
  }
  // Within a block it may be skipped.
  return declaration.parent.parent.parent === home || isBodyOf(declaration.parent.parent.parent, home);
}

function isBodyOf(block: TS.Node, home: TS.Node | undefined): boolean {
  return ts.isBlock(block) && block.parent === home;
}

function isFunctionOrFile(node: TS.Node): boolean {
  return ts.isFunctionLike(node) || ts.isSourceFile(node);
}

/** It is given another value somewhere. */
function isWritten(node: TS.Identifier): boolean {
  const { parent } = node;
  if (ts.isPrefixUnaryExpression(parent) || ts.isPostfixUnaryExpression(parent))
    return (
      parent.operator === ts.SyntaxKind.PlusPlusToken || parent.operator === ts.SyntaxKind.MinusMinusToken
    );
  if (ts.isForInStatement(parent) || ts.isForOfStatement(parent)) return parent.initializer === node;
  let at: TS.Node = node;
  while (isPattern(at.parent)) at = at.parent;
  const outer = at.parent;
  if ((ts.isForInStatement(outer) || ts.isForOfStatement(outer)) && outer.initializer === at) return true;
  if (!ts.isBinaryExpression(outer) || outer.left !== at) return false;
  const { kind } = outer.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function isPattern(node: TS.Node): boolean {
  return (
    ts.isParenthesizedExpression(node) ||
    ts.isArrayLiteralExpression(node) ||
    ts.isObjectLiteralExpression(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isShorthandPropertyAssignment(node) ||
    ts.isSpreadElement(node) ||
    ts.isSpreadAssignment(node)
  );
}

/** Takes one declared name out: the whole statement when it is the only one. */
export function removeDeclaration(code: Code, declaration: TS.VariableDeclaration): Edit {
  const list = declaration.parent as TS.VariableDeclarationList;
  if (list.declarations.length === 1) return removeStatement(code, list.parent as TS.VariableStatement);
  return cutFromList(code, declaration, list.declarations);
}
