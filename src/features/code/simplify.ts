import type { Json } from '../../config/features.ts';
import { markerText, type Marker } from './marker.ts';
import { bare, type Code } from './program.ts';
import { isPure } from './purity.ts';
import { replaceExpression } from './replace.ts';
import { isTruthy, type Outcome, type Rewriting } from './rule.ts';
import { nothingOutside, staticValue } from './static-value.ts';
import { ts, type TS } from './syntax.ts';

/** What an expression around a known value comes to. */
export function simplify(marker: Marker, { code }: Rewriting): Outcome {
  const { node, wrapping } = marker;
  const { parent } = node;
  if (ts.isParenthesizedExpression(parent) || isCast(parent)) return become(code, parent, marker);
  if (ts.isAwaitExpression(parent)) return awaited(marker, code, parent);
  if (wrapping === 'promise') return settled(marker, code);
  if (wrapping === 'details') return member(marker, code);
  if (wrapping !== 'value') return null;
  if (ts.isPrefixUnaryExpression(parent) && parent.operator === ts.SyntaxKind.ExclamationToken)
    return become(code, parent, marker, !isTruthy(marker));
  if (ts.isConditionalExpression(parent) && parent.condition === node)
    return replaceExpression(code, parent, isTruthy(marker) ? parent.whenTrue : parent.whenFalse);
  if (ts.isCallExpression(parent) && isBooleanCall(parent, node))
    return become(code, parent, marker, isTruthy(marker));
  return ts.isBinaryExpression(parent) ? binary(marker, code, parent) : null;
}

/** `as`, `satisfies`, `!` and `<T>` say something to the type checker about a value that is now a literal. */
function isCast(node: TS.Node): node is TS.Expression {
  return (
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isTypeAssertionExpression(node)
  );
}

function isBooleanCall(call: TS.CallExpression, node: TS.Node): boolean {
  return (
    ts.isIdentifier(call.expression) &&
    call.expression.text === 'Boolean' &&
    call.arguments[0] === node &&
    call.arguments.length === 1
  );
}

function become(code: Code, node: TS.Expression, marker: Marker, value: Json = marker.value): Outcome {
  return replaceExpression(code, node, markerText(marker.wrapping, value, marker.seed));
}

function awaited(marker: Marker, code: Code, parent: TS.AwaitExpression): Outcome {
  const wrapping = marker.wrapping === 'value' || marker.wrapping === 'promise' ? 'value' : 'details';
  return replaceExpression(code, parent, markerText(wrapping, marker.value, marker.seed));
}

/** Where a promise is taken for its value anyway: returned by an async function, or waited for with others. */
function settled(marker: Marker, code: Code): Outcome {
  const { node } = marker;
  const { parent } = node;
  const returned = ts.isReturnStatement(parent) || (ts.isArrowFunction(parent) && parent.body === node);
  const among = ts.isArrayLiteralExpression(parent) && isPromiseAll(parent.parent);
  if (!(returned && isInAsyncFunction(node)) && !among) return null;
  return replaceExpression(code, node, markerText('value', marker.value, marker.seed));
}

export function isPromiseAll(node: TS.Node): node is TS.CallExpression {
  return (
    ts.isCallExpression(node) && node.expression.getText() === 'Promise.all' && node.arguments.length === 1
  );
}

function isInAsyncFunction(node: TS.Node): boolean {
  let at = node.parent;
  while (!ts.isFunctionLike(at)) {
    if (ts.isSourceFile(at)) return false;
    at = at.parent;
  }
  const generator = 'asteriskToken' in at && at.asteriskToken !== undefined;
  return !generator && isAsync(at);
}

export function isAsync(node: TS.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false)
  );
}

function member(marker: Marker, code: Code): Outcome {
  const { parent } = marker.node;
  if (!ts.isPropertyAccessExpression(parent) || parent.name.text !== 'value') return null;
  return replaceExpression(code, parent, markerText('value', marker.value, marker.seed));
}

function binary(marker: Marker, code: Code, parent: TS.BinaryExpression): Outcome {
  const { node, seed } = marker;
  const isLeft = parent.left === node;
  const other = isLeft ? parent.right : parent.left;
  const compared = comparison(marker, code, parent, other);
  if (compared !== undefined) return replaceExpression(code, parent, markerText('value', compared, seed));
  const decides = decidingValue(parent.operatorToken.kind, marker);
  if (decides === null) return null;
  if (isLeft)
    return replaceExpression(code, parent, decides ? markerText('value', marker.value, seed) : other);
  return decides ? absorbing(marker, code, parent, other) : neutral(code, parent, other);
}

/** Whether a value on the left is the result of `&&`, `||` or `??`; null for other operators. */
function decidingValue(operator: TS.SyntaxKind, marker: Marker): boolean | null {
  switch (operator) {
    case ts.SyntaxKind.AmpersandAmpersandToken:
      return !isTruthy(marker);
    case ts.SyntaxKind.BarBarToken:
      return isTruthy(marker);
    case ts.SyntaxKind.QuestionQuestionToken:
      return marker.value !== null;
    default:
      return null;
  }
}

/** `x && false`, `x || true`: known where only truth is asked for, and x has no effect that would be missed. */
function absorbing(marker: Marker, code: Code, parent: TS.BinaryExpression, other: TS.Expression): Outcome {
  if (parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken || !isPure(other)) return null;
  if (!isTruthTested(parent) && !isBoolean(other)) return null;
  const known = isTruthy(marker);
  return replaceExpression(code, parent, markerText('value', known, marker.seed));
}

/** `x && true`, `x || false`: the same as x where only truth is asked for, or x is a boolean. */
function neutral(code: Code, parent: TS.BinaryExpression, other: TS.Expression): Outcome {
  const operator = parent.operatorToken.kind;
  if (operator === ts.SyntaxKind.QuestionQuestionToken) return null;
  const around = parent.parent;
  // (x && true) && y is x && y, whatever x is: what is false stays what it was.
  const chained =
    ts.isBinaryExpression(around) && around.left === parent && around.operatorToken.kind === operator;
  const alike = chained || isTruthTested(parent) || isBoolean(other);
  return alike ? replaceExpression(code, parent, other) : null;
}

/** The value of a comparison, or undefined when it is none, or not known. */
function comparison(
  marker: Marker,
  code: Code,
  parent: TS.BinaryExpression,
  other: TS.Expression,
): boolean | undefined {
  const against = isUndefined(other) ? { value: undefined } : staticOrNothing(other, code);
  if (against === null) return undefined;
  const [left, right] =
    parent.left === marker.node ? [marker.value, against.value] : [against.value, marker.value];
  switch (parent.operatorToken.kind) {
    case ts.SyntaxKind.EqualsEqualsEqualsToken:
      return left === right;
    case ts.SyntaxKind.ExclamationEqualsEqualsToken:
      return left !== right;
    case ts.SyntaxKind.EqualsEqualsToken:
      return looselyEqual(left, right);
    case ts.SyntaxKind.ExclamationEqualsToken:
      return !looselyEqual(left, right);
    default:
      return ordered(parent.operatorToken.kind, left, right);
  }
}

function ordered(operator: TS.SyntaxKind, left: unknown, right: unknown): boolean | undefined {
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  switch (operator) {
    case ts.SyntaxKind.LessThanToken:
      return left < right;
    case ts.SyntaxKind.LessThanEqualsToken:
      return left <= right;
    case ts.SyntaxKind.GreaterThanToken:
      return left > right;
    case ts.SyntaxKind.GreaterThanEqualsToken:
      return left >= right;
    default:
      return undefined;
  }
}

function looselyEqual(left: unknown, right: unknown): boolean {
  // The code compares loosely, so it has to be done here as well.
  return left == right;
}

function staticOrNothing(node: TS.Expression, code: Code): { readonly value: Json } | null {
  const value = staticValue(node, code, nothingOutside);
  return value === undefined ? null : { value };
}

function isUndefined(node: TS.Expression): boolean {
  const inner = bare(node);
  return ts.isIdentifier(inner) && inner.text === 'undefined';
}

/** Only the truth of an expression counts where it stands. */
function isTruthTested(node: TS.Expression): boolean {
  const { parent } = node;
  if (ts.isParenthesizedExpression(parent)) return isTruthTested(parent);
  // Nothing takes the value of a statement.
  if (ts.isExpressionStatement(parent)) return true;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent))
    return parent.expression === node;
  if (ts.isForStatement(parent) || ts.isConditionalExpression(parent)) return parent.condition === node;
  if (ts.isPrefixUnaryExpression(parent)) return parent.operator === ts.SyntaxKind.ExclamationToken;
  if (ts.isCallExpression(parent)) return isBooleanCall(parent, node);
  if (!ts.isBinaryExpression(parent)) return false;
  const { kind } = parent.operatorToken;
  const logical = kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken;
  return logical && isTruthTested(parent);
}

/** Its value is a boolean, as its form tells. */
function isBoolean(node: TS.Expression): boolean {
  const inner = bare(node);
  if (inner.kind === ts.SyntaxKind.TrueKeyword || inner.kind === ts.SyntaxKind.FalseKeyword) return true;
  if (ts.isPrefixUnaryExpression(inner)) return inner.operator === ts.SyntaxKind.ExclamationToken;
  if (ts.isCallExpression(inner))
    return ts.isIdentifier(inner.expression) && inner.expression.text === 'Boolean';
  if (!ts.isBinaryExpression(inner)) return false;
  const { kind } = inner.operatorToken;
  if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken)
    return isBoolean(inner.left) && isBoolean(inner.right);
  return (
    (kind >= ts.SyntaxKind.EqualsEqualsToken && kind <= ts.SyntaxKind.ExclamationEqualsEqualsToken) ||
    (kind >= ts.SyntaxKind.LessThanToken && kind <= ts.SyntaxKind.GreaterThanEqualsToken) ||
    kind === ts.SyntaxKind.InKeyword ||
    kind === ts.SyntaxKind.InstanceOfKeyword
  );
}
