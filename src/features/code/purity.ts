import { ts, type TS } from './syntax.ts';
import { bare } from './program.ts';

/** Calls that only give something: taken out with what used it. Reading `new Map` has no effect either. */
const pureCalls = new Set(['String', 'Number', 'Boolean', 'Symbol', 'require', 'useOpenFeatureClient']);
const pureMethods = new Set(['getClient']);
const pureClasses = new Set(['Map', 'Set', 'WeakMap', 'Date']);

/**
 * Nothing happens when it is not evaluated. Reading a variable or property is taken for that, as every reader of code does;
 * calls, assignments, `await` and `yield` are not.
 */
export function isPure(node: TS.Node): boolean {
  if (ts.isExpression(node) && bare(node) !== node) return isPure(bare(node));
  switch (node.kind) {
    case ts.SyntaxKind.Identifier:
    case ts.SyntaxKind.ThisKeyword:
    case ts.SyntaxKind.TrueKeyword:
    case ts.SyntaxKind.FalseKeyword:
    case ts.SyntaxKind.NullKeyword:
    case ts.SyntaxKind.StringLiteral:
    case ts.SyntaxKind.NumericLiteral:
    case ts.SyntaxKind.BigIntLiteral:
    case ts.SyntaxKind.RegularExpressionLiteral:
    case ts.SyntaxKind.NoSubstitutionTemplateLiteral:
    case ts.SyntaxKind.ArrowFunction:
    case ts.SyntaxKind.FunctionExpression:
    case ts.SyntaxKind.OmittedExpression:
    case ts.SyntaxKind.JsxText:
    case ts.SyntaxKind.MetaProperty:
      return true;
    case ts.SyntaxKind.PropertyAccessExpression:
    case ts.SyntaxKind.ElementAccessExpression:
    case ts.SyntaxKind.TemplateExpression:
    case ts.SyntaxKind.TemplateSpan:
    case ts.SyntaxKind.ArrayLiteralExpression:
    case ts.SyntaxKind.ConditionalExpression:
    case ts.SyntaxKind.TypeOfExpression:
    case ts.SyntaxKind.VoidExpression:
    case ts.SyntaxKind.SpreadElement:
    case ts.SyntaxKind.JsxElement:
    case ts.SyntaxKind.JsxSelfClosingElement:
    case ts.SyntaxKind.JsxFragment:
    case ts.SyntaxKind.JsxExpression:
      return every(node);
    default:
      return isPureOperation(node);
  }
}

function isPureOperation(node: TS.Node): boolean {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
    return !assigns && isPure(node.left) && isPure(node.right);
  }
  if (ts.isPrefixUnaryExpression(node)) {
    const writes =
      node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken;
    return !writes && isPure(node.operand);
  }
  if (ts.isObjectLiteralExpression(node)) return node.properties.every(isPureProperty);
  if (ts.isNewExpression(node))
    return isNamed(node.expression, pureClasses) && (node.arguments ?? []).every((each) => isPure(each));
  if (ts.isCallExpression(node)) return isKnownCall(node) && node.arguments.every((each) => isPure(each));
  return isTagPart(node) && every(node);
}

function isKnownCall({ expression }: TS.CallExpression): boolean {
  if (isNamed(expression, pureCalls)) return true;
  if (!ts.isPropertyAccessExpression(expression)) return false;
  return pureMethods.has(expression.name.text) && isPure(expression.expression);
}

/** Parts of JSX and tokens that other nodes consist of. */
function isTagPart(node: TS.Node): boolean {
  return (
    ts.isJsxOpeningElement(node) ||
    ts.isJsxClosingElement(node) ||
    ts.isJsxAttributes(node) ||
    ts.isJsxAttribute(node) ||
    ts.isJsxSpreadAttribute(node) ||
    ts.isJsxOpeningFragment(node) ||
    ts.isJsxClosingFragment(node) ||
    ts.isToken(node)
  );
}

function isPureProperty(property: TS.ObjectLiteralElementLike): boolean {
  const { name } = property;
  if (name !== undefined && ts.isComputedPropertyName(name) && !isPure(name.expression)) return false;
  if (ts.isPropertyAssignment(property)) return isPure(property.initializer);
  if (ts.isSpreadAssignment(property)) return isPure(property.expression);
  return true;
}

function isNamed(node: TS.Expression, names: ReadonlySet<string>): boolean {
  return ts.isIdentifier(node) && names.has(node.text);
}

function every(node: TS.Node): boolean {
  let pure = true;
  ts.forEachChild(node, (child) => {
    if (!ts.isToken(child) || ts.isIdentifier(child) || ts.isLiteralExpression(child)) pure &&= isPure(child);
    else if (ts.isExpression(child)) pure &&= isPure(child);
  });
  return pure;
}
