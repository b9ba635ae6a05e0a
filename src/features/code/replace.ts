import { cutElement, indentAt, reindent, type Edit } from './edit.ts';
import { literalsOf } from './literals.ts';
import { bare, type Code } from './program.ts';
import { continues, isOpenBefore } from './statements.ts';
import { ts, type TS } from './syntax.ts';

/**
 * Puts an expression in the place of one that contains it, or of a marker's parent, so that it means the same there: braces of JSX,
 * spreads, the object a method is called on, and what a statement may begin with are looked after.
 */
export function replaceExpression(
  code: Code,
  node: TS.Expression,
  kept: TS.Expression | string,
): readonly Edit[] {
  const outer = outermostParentheses(node);
  if (typeof kept === 'string') return [{ ...range(code, node), text: kept }];
  const inner = stripParentheses(kept);
  const around = outer.parent;
  if (ts.isJsxExpression(around) && isJsx(inner) && isChild(around))
    return [
      {
        ...range(code, around),
        text:
          commentsAround(code, node, kept)
            .map((each) => `{${each}}`)
            .join('') + textAt(code, inner, around),
      },
    ];
  if (ts.isJsxExpression(around) && ts.isJsxAttribute(around.parent) && isPlainText(inner))
    return [{ ...range(code, around), text: inner.getText(code.source) }];
  const flat = flattened(code, outer, inner);
  if (flat !== null) return flat;
  const target = mayDropParentheses(code, node, outer, kept) ? outer : node;
  const comments = commentsAround(code, node, kept);
  const text = [...comments, textAt(code, kept, target)].join(' ');
  return [{ ...range(code, target), text: guarded(code, target, outer, { node: inner, text }) }];
}

function range(code: Code, node: TS.Node): { readonly from: number; readonly to: number } {
  return { from: node.getStart(code.source), to: node.end };
}

export function outermostParentheses(node: TS.Expression): TS.Expression {
  let at = node;
  while (ts.isParenthesizedExpression(at.parent)) at = at.parent;
  return at;
}

function stripParentheses(node: TS.Expression): TS.Expression {
  let at = node;
  while (ts.isParenthesizedExpression(at)) at = at.expression;
  return at;
}

function isJsx(node: TS.Node): boolean {
  return ts.isJsxElement(node) || ts.isJsxSelfClosingElement(node) || ts.isJsxFragment(node);
}

/** A text that an attribute writes in the same way: there are no escapes in JSX, but entities. */
function isPlainText(node: TS.Expression): boolean {
  return ts.isStringLiteral(node) && !/[\\&\n]/.test(node.getText());
}

export function isChild(node: TS.JsxExpression): boolean {
  return ts.isJsxElement(node.parent) || ts.isJsxFragment(node.parent);
}

/** The text of a node, its lines moved to the indent of where it goes. */
function textAt(code: Code, node: TS.Node, target: TS.Node): string {
  const start = node.getStart(code.source);
  const indents = { from: indentAt(code.text, start), to: indentAt(code.text, target.getStart(code.source)) };
  const fixed = literalsOf(code);
  return reindent(code.text.slice(start, node.end), indents, (offset) => fixed(start + offset));
}

/** `...(on ? [a] : [])` → `a`, also in objects and arguments. */
function flattened(code: Code, outer: TS.Expression, inner: TS.Expression): readonly Edit[] | null {
  const spread = outer.parent;
  const isList =
    ts.isSpreadElement(spread) &&
    ts.isArrayLiteralExpression(inner) &&
    !inner.elements.some(ts.isOmittedExpression);
  const isObject =
    ts.isSpreadAssignment(spread) && ts.isObjectLiteralExpression(inner) && inner.properties.every(isPlain);
  if (!isList && !isObject) return null;
  const parts = ts.isArrayLiteralExpression(inner)
    ? inner.elements
    : (inner as TS.ObjectLiteralExpression).properties;
  if (parts.length === 0) return [cutSpread(code, spread)];
  const text = parts.map((part) => textAt(code, part, spread)).join(', ');
  return [{ ...range(code, spread), text }];
}

/** `__proto__` in a literal sets the prototype, and methods with `super` belong to the literal they are written in. */
function isPlain(property: TS.ObjectLiteralElementLike): boolean {
  if (ts.isSpreadAssignment(property) || ts.isShorthandPropertyAssignment(property)) return true;
  return ts.isPropertyAssignment(property) && !/^['"]?__proto__['"]?$/.test(property.name.getText());
}

/** Takes a spread element or property out of its list. */
export function cutSpread(code: Code, spread: TS.Node): Edit {
  return cutFromList(code, spread, siblingsOf(spread));
}

export function cutFromList(code: Code, node: TS.Node, siblings: readonly TS.Node[]): Edit {
  const index = siblings.indexOf(node);
  const before = siblings[index - 1];
  const element = { start: node.getStart(code.source), end: node.end };
  return cutElement(code.text, element, before === undefined ? null : before.end);
}

function siblingsOf({ parent }: TS.Node): readonly TS.Node[] {
  if (ts.isArrayLiteralExpression(parent)) return parent.elements;
  if (ts.isObjectLiteralExpression(parent)) return parent.properties;
  return ts.isCallExpression(parent) || ts.isNewExpression(parent) ? (parent.arguments ?? []) : [];
}

/** Comments that stand right beside what is kept and would go with what is not; none may end a line here. */
function commentsAround(code: Code, node: TS.Expression, kept: TS.Expression): readonly string[] {
  const { text } = code;
  const from = node.getStart(code.source);
  const ranges = [
    ...(ts.getTrailingCommentRanges(text, kept.getFullStart()) ?? []),
    ...(ts.getLeadingCommentRanges(text, kept.getFullStart()) ?? []),
    ...(ts.getTrailingCommentRanges(text, kept.end) ?? []),
  ].filter(({ pos, end }) => pos >= from && end <= node.end);
  const unique = new Map(ranges.map((each) => [each.pos, each]));
  return [...unique.values()].flatMap(({ pos, end, kind }) => {
    const comment = text.slice(pos, end);
    if (kind === ts.SyntaxKind.MultiLineCommentTrivia) return [comment];
    return comment.includes('*/') ? [] : [`/* ${comment.slice(2).trim()} */`];
  });
}

/** Whether the parentheses around a place can go when what is kept stands there: they only held the flag's part together. */
function mayDropParentheses(
  code: Code,
  node: TS.Expression,
  outer: TS.Expression,
  kept: TS.Expression,
): boolean {
  if (outer === node) return false;
  const before = code.text.slice(outer.getStart(code.source), node.getStart(code.source));
  const after = code.text.slice(node.end, outer.end);
  if (!/^[(\s]*$/.test(before) || !/^[)\s]*$/.test(after)) return false;
  return isPrimary(kept) && takesPrimary(outer.parent, outer);
}

function isPrimary(node: TS.Expression): boolean {
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node))
    return (node.flags & ts.NodeFlags.OptionalChain) === 0;
  return (
    ts.isIdentifier(node) ||
    ts.isLiteralExpression(node) ||
    ts.isTemplateExpression(node) ||
    ts.isParenthesizedExpression(node) ||
    ts.isArrayLiteralExpression(node) ||
    isJsx(node)
  );
}

/** What an operand or a whole expression is part of; not what is called, created, or read a property of. */
function takesPrimary(parent: TS.Node, child: TS.Expression): boolean {
  if (ts.isBinaryExpression(parent)) return parent.operatorToken.kind !== ts.SyntaxKind.AsteriskAsteriskToken;
  if (ts.isCallExpression(parent)) return parent.expression !== child;
  return (
    ts.isVariableDeclaration(parent) ||
    ts.isReturnStatement(parent) ||
    ts.isArrowFunction(parent) ||
    ts.isJsxExpression(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isConditionalExpression(parent) ||
    ts.isTemplateSpan(parent) ||
    ts.isAwaitExpression(parent) ||
    ts.isArrayLiteralExpression(parent)
  );
}

interface Put {
  readonly node: TS.Expression;
  readonly text: string;
}

function guarded(code: Code, target: TS.Expression, outer: TS.Expression, put: Put): string {
  const { node, text } = put;
  const parent = outer.parent;
  // (on ? a.f : b.f)() calls f without an object; (a.f)() would call it on a. `delete` is about references in the same way.
  const asReference =
    (ts.isCallExpression(parent) && parent.expression === outer) ||
    (ts.isTaggedTemplateExpression(parent) && parent.tag === outer) ||
    ts.isDeleteExpression(parent);
  if (asReference && isReference(node)) return `0, ${text}`;
  const head = beginning(target, code);
  if (head === null) return text;
  const begins = text.replace(/^(?:\/\*[\s\S]*?\*\/\s*)+/, '');
  const wrapped = /^(?:\{|function\b|class\b|async\s+function\b|let\s*\[)/.test(begins) ? `(${text})` : text;
  return ts.isExpressionStatement(head) && continues(wrapped) && isOpenBefore(code, head)
    ? `;${wrapped}`
    : wrapped;
}

function isReference(node: TS.Expression): boolean {
  const inner = bare(node);
  return (
    ts.isPropertyAccessExpression(inner) ||
    ts.isElementAccessExpression(inner) ||
    (ts.isIdentifier(inner) && inner.text === 'eval')
  );
}

/** The statement, arrow function or default export that begins where this expression does. */
function beginning(node: TS.Expression, code: Code): TS.Node | null {
  const start = node.getStart(code.source);
  for (let at: TS.Node = node.parent; ; at = at.parent) {
    if (ts.isArrowFunction(at)) return at.body.getStart(code.source) === start ? at : null;
    if (ts.isExportAssignment(at)) return at.expression.getStart(code.source) === start ? at : null;
    if (ts.isExpressionStatement(at)) return at.getStart(code.source) === start ? at : null;
    if (ts.isStatement(at) || ts.isSourceFile(at)) return null;
  }
}
