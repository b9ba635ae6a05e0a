import type { Json } from '../../config/features.ts';
import { bare, type Code } from './program.ts';
import { ts, type TS } from './syntax.ts';

/** What a name means that another file exports, as far as a flag is concerned. */
export type Exported =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'members'; readonly texts: ReadonlyMap<string, string> }
  /** A function that only gives the flag's value: the value after removal, and whether it comes as a promise. */
  | { readonly kind: 'wrapper'; readonly value: Json; readonly promised: boolean }
  | { readonly kind: 'constant'; readonly value: Json };

/** Looks into the file that an import names; null when it is not one of the project's, or has nothing of that name to say. */
export type Outside = (specifier: string, name: string) => Exported | null;

export const nothingOutside: Outside = () => null;

/** The text that an expression always is: a literal, a constant, a member of a constant object or enum, also imported. */
export function staticText(node: TS.Expression, code: Code, outside: Outside): string | null {
  const value = staticValue(node, code, outside);
  return typeof value === 'string' ? value : null;
}

/** The primitive that an expression always is; undefined when that is not known. */
export function staticValue(node: TS.Expression, code: Code, outside: Outside): Json | undefined {
  const inner = bare(node);
  if (ts.isStringLiteralLike(inner)) return inner.text;
  if (ts.isNumericLiteral(inner)) return Number(inner.text.replaceAll('_', ''));
  switch (inner.kind) {
    case ts.SyntaxKind.TrueKeyword:
      return true;
    case ts.SyntaxKind.FalseKeyword:
      return false;
    case ts.SyntaxKind.NullKeyword:
      return null;
    default:
  }
  if (ts.isIdentifier(inner)) return valueOfName(inner, code, outside);
  if (ts.isPropertyAccessExpression(inner))
    return valueOfMember(inner.expression, inner.name.text, code, outside);
  if (ts.isElementAccessExpression(inner)) {
    const key = staticValue(inner.argumentExpression, code, outside);
    return typeof key === 'string' ? valueOfMember(inner.expression, key, code, outside) : undefined;
  }
  return undefined;
}

function valueOfName(name: TS.Identifier, code: Code, outside: Outside): Json | undefined {
  const [declaration, more] = code.declarations(name);
  if (declaration === undefined || more !== undefined) return undefined;
  if (ts.isVariableDeclaration(declaration)) {
    const constant = isConst(declaration) && declaration.initializer !== undefined;
    return constant ? literalValue(declaration.initializer) : undefined;
  }
  const found = importOf(declaration, outside);
  return found?.kind === 'text' ? found.text : undefined;
}

/** Only what is written there: a constant that is another constant is not followed, so that nothing runs in circles. */
function literalValue(node: TS.Expression): Json | undefined {
  const inner = bare(node);
  if (ts.isStringLiteralLike(inner)) return inner.text;
  if (ts.isNumericLiteral(inner)) return Number(inner.text.replaceAll('_', ''));
  return undefined;
}

function valueOfMember(owner: TS.Expression, key: string, code: Code, outside: Outside): Json | undefined {
  const name = bare(owner);
  if (!ts.isIdentifier(name)) return undefined;
  const [declaration, more] = code.declarations(name);
  if (declaration === undefined || more !== undefined) return undefined;
  const own = membersOf(declaration);
  if (own !== null) return own.get(key);
  if (ts.isNamespaceImport(declaration)) {
    const specifier = specifierOf(declaration);
    const found = specifier === null ? null : outside(specifier, key);
    return found?.kind === 'text' ? found.text : undefined;
  }
  const found = importOf(declaration, outside);
  return found?.kind === 'members' ? found.texts.get(key) : undefined;
}

/** Texts by name, of an enum or of a constant object literal that nobody is seen to change. */
export function membersOf(declaration: TS.Node): ReadonlyMap<string, string> | null {
  const texts = new Map<string, string>();
  if (ts.isEnumDeclaration(declaration)) {
    for (const { name, initializer } of declaration.members) {
      const value = initializer === undefined ? undefined : literalValue(initializer);
      if (typeof value === 'string' && !ts.isComputedPropertyName(name)) texts.set(name.text, value);
    }
    return texts;
  }
  if (!ts.isVariableDeclaration(declaration) || !isConst(declaration)) return null;
  const literal = declaration.initializer === undefined ? null : frozenLiteral(declaration.initializer);
  if (literal === null) return null;
  for (const property of literal.properties) {
    if (!ts.isPropertyAssignment(property)) continue;
    const value = literalValue(property.initializer);
    if (
      typeof value === 'string' &&
      (ts.isIdentifier(property.name) || ts.isStringLiteralLike(property.name))
    )
      texts.set(property.name.text, value);
  }
  return texts;
}

/** `{…}`, `{…} as const`, `Object.freeze({…})`. */
function frozenLiteral(node: TS.Expression): TS.ObjectLiteralExpression | null {
  const inner = bare(node);
  if (ts.isObjectLiteralExpression(inner)) return inner;
  if (!ts.isCallExpression(inner) || inner.expression.getText() !== 'Object.freeze') return null;
  const [first] = inner.arguments;
  const literal = first === undefined ? null : bare(first);
  return literal !== null && ts.isObjectLiteralExpression(literal) ? literal : null;
}

export function isConst(declaration: TS.VariableDeclaration): boolean {
  return (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;
}

/** What the declaration of an imported name means in the file it comes from. */
export function importOf(declaration: TS.Node, outside: Outside): Exported | null {
  const specifier = specifierOf(declaration);
  if (specifier === null) return null;
  if (ts.isImportSpecifier(declaration))
    return outside(specifier, (declaration.propertyName ?? declaration.name).text);
  return ts.isImportClause(declaration) ? outside(specifier, 'default') : null;
}

function specifierOf(declaration: TS.Node): string | null {
  for (let at: TS.Node | undefined = declaration; at !== undefined; at = at.parent) {
    if (ts.isImportDeclaration(at))
      return ts.isStringLiteral(at.moduleSpecifier) ? at.moduleSpecifier.text : null;
  }
  return null;
}

/** The name under which an imported thing is exported where it comes from, and from where; null for a name of this file. */
export function importedAs(
  name: TS.Identifier,
  code: Code,
): { readonly name: string; readonly from: string } | null {
  for (const declaration of code.declarations(name)) {
    const from = specifierOf(declaration);
    if (from === null) continue;
    if (ts.isImportSpecifier(declaration))
      return { name: (declaration.propertyName ?? declaration.name).text, from };
    return { name: ts.isImportClause(declaration) ? 'default' : '*', from };
  }
  return null;
}
