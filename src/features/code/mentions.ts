import { placeOf, walk, within, type Code } from './program.ts';
import { shortened, type Refusal, type Search, type Seed } from './seeds.ts';
import { isConst, staticText } from './static-value.ts';
import { ts, type TS } from './syntax.ts';

/**
 * Where the flag's name is handed to something other than a call that Teal knows: it may be asked for there, so removal is refused.
 * Names of properties and of types, as in the settings of a test's provider, ask for nothing and stay.
 */
export function mentionsOf(code: Code, search: Search, seeds: readonly Seed[]): readonly Refusal[] {
  const found: Refusal[] = [];
  const isAsked = (node: TS.Node): boolean => seeds.some((seed) => isKeyOf(node, seed.node));
  walk(code.source, (node) => {
    if (!isMention(node, code, search) || isAsked(node) || isQuiet(node)) return;
    found.push({
      ...placeOf(code, node),
      what: shortened(surroundings(node).getText(code.source)),
      why: 'the name goes to something that Teal does not know as a call for a flag; if it is one, name it with --calls',
      seed: null,
    });
  });
  return found;
}

/** It is the first argument of that call. */
function isKeyOf(node: TS.Node, call: TS.Node): boolean {
  if (!ts.isCallExpression(call)) return false;
  const [key] = call.arguments;
  return key !== undefined && within(node, key);
}

function isMention(node: TS.Node, code: Code, search: Search): boolean {
  if (ts.isStringLiteralLike(node)) return node.text === search.flag;
  if (ts.isIdentifier(node)) return isUse(node) && staticText(node, code, search.outside) === search.flag;
  const isMember = ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);
  return isMember && staticText(node, code, search.outside) === search.flag;
}

/** A name that is read, and does not only say what another file has. */
function isUse(node: TS.Identifier): boolean {
  const { parent } = node;
  if (ts.isImportSpecifier(parent) || ts.isImportClause(parent) || ts.isExportSpecifier(parent)) return false;
  if (ts.isVariableDeclaration(parent)) return parent.name !== node;
  if (ts.isPropertyAccessExpression(parent)) return false;
  return ts.isExpression(parent) || ts.isPropertyAssignment(parent) || ts.isStatement(parent);
}

/** Places where a name asks for nothing: it declares a constant, names a property, or is a type. */
function isQuiet(node: TS.Node): boolean {
  const { parent } = node;
  if (ts.isLiteralTypeNode(parent) || ts.isImportDeclaration(parent) || ts.isExternalModuleReference(parent))
    return true;
  if (ts.isPropertyAssignment(parent))
    return parent.name === node || (parent.initializer === node && isMember(parent));
  if (ts.isEnumMember(parent) || ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent))
    return true;
  if (ts.isMethodDeclaration(parent) || ts.isComputedPropertyName(parent)) return true;
  if (ts.isElementAccessExpression(parent)) return parent.argumentExpression === node;
  return isConstant(node);
}

/** `const NEW_CHECKOUT = 'new-checkout'`, also with `as const`. */
function isConstant(node: TS.Node): boolean {
  let at = node.parent;
  while (ts.isAsExpression(at) || ts.isSatisfiesExpression(at) || ts.isParenthesizedExpression(at))
    at = at.parent;
  return ts.isVariableDeclaration(at) && isConst(at) && ts.isStringLiteralLike(node);
}

/** A member of a constant object that holds names of flags. */
function isMember(property: TS.PropertyAssignment): boolean {
  let at: TS.Node = property.parent.parent;
  while (ts.isAsExpression(at) || ts.isSatisfiesExpression(at) || isFreeze(at)) at = at.parent;
  return ts.isVariableDeclaration(at);
}

function isFreeze(node: TS.Node): boolean {
  return ts.isCallExpression(node) && node.expression.getText() === 'Object.freeze';
}

function surroundings(node: TS.Node): TS.Node {
  return ts.isExpression(node.parent) || ts.isJsxAttribute(node.parent) ? node.parent : node;
}
