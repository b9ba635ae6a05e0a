import { applyEdits, fits, type Edit } from './edit.ts';
import { isExported, isSeenByOthers, removeDeclaration } from './inline.ts';
import { readCode, walk, within, type Code } from './program.ts';
import { isPure } from './purity.ts';
import { cutFromList } from './replace.ts';
import { removeStatement, runTogether } from './statements.ts';
import { ts, type TS } from './syntax.ts';
import { parameterRemoval, unusedParameters } from './unused-parameters.ts';

/** Names that JSX uses without naming them. */
const jsxNames = new Set(['React', 'Fragment', 'h', 'jsx']);
/** A name can be the last user of another one, that of a third …; chains are shorter than this. */
const mostRounds = 50;

/** The names that a file declares and never uses: what was so before is not for us to take out. */
export function unusedNames(code: Code): ReadonlySet<string> {
  const parameters = unusedParameters(code).map(({ name }) => name.getText(code.source));
  return new Set([...unusedDeclarations(code).map(({ name }) => name.text), ...parameters]);
}

/** Takes out imports, variables, functions, their parameters, classes and types that nothing uses any more, and that did have a use before. */
export function removeUnused(path: string, text: string, options: Options): string {
  let current = text;
  for (let round = 0; round < mostRounds; round++) {
    const code = readCode(path, current);
    const edits: Edit[] = [];
    for (const group of removals(code, options)) {
      if (fits(edits, group) && !runTogether(current, edits, group)) edits.push(...group);
    }
    if (edits.length === 0) return /^\s*\n/.test(text) ? current : current.replace(/^(?:[ \t]*\r?\n)+/, '');
    current = applyEdits(current, edits);
  }
  return current;
}

interface Options {
  readonly before: ReadonlySet<string>;
  /** What is exported, and may go all the same. */
  readonly exported?: ReadonlySet<string>;
}

/** Edits for each name that has become unused and can go. */
function removals(code: Code, { before, exported }: Options): readonly (readonly Edit[])[] {
  const groups: (readonly Edit[])[] = [];
  for (const declared of unusedDeclarations(code, exported)) {
    const edit = before.has(declared.name.text) ? null : removal(code, declared);
    if (edit !== null) groups.push([edit]);
  }
  for (const parameter of unusedParameters(code)) {
    const group = before.has(parameter.name.getText(code.source)) ? null : parameterRemoval(code, parameter);
    if (group !== null) groups.push(group);
  }
  return groups;
}

interface Declared {
  readonly name: TS.Identifier;
  readonly node: TS.Declaration;
}

function unusedDeclarations(code: Code, exported: ReadonlySet<string> = new Set()): readonly Declared[] {
  const hasJsx = /<[A-Za-z>]/.test(code.text);
  const found: Declared[] = [];
  for (const { node: name } of code.names) {
    const node = name.parent as TS.Declaration;
    if (!isRemovable(node) || node.name !== name) continue;
    const declarations = code.declarations(name);
    if (declarations.length !== 1 || (hasJsx && jsxNames.has(name.text))) continue;
    const free = exported.has(name.text) || !(isExportedDeclaration(node) || isSeenByOthers(code, node));
    if (!free || isAmbient(node)) continue;
    // A function that only calls itself is not used.
    if (code.same(name).every(({ node: use }) => use === name || (isOwnScope(node) && within(use, node))))
      found.push({ name, node });
  }
  return found;
}

function isRemovable(node: TS.Node): node is TS.NamedDeclaration & { readonly name: TS.Identifier } {
  return (
    ts.isImportSpecifier(node) ||
    ts.isImportClause(node) ||
    ts.isNamespaceImport(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isBindingElement(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node)
  );
}

function isOwnScope(node: TS.Node): boolean {
  return !ts.isVariableDeclaration(node) && !ts.isBindingElement(node);
}

function isExportedDeclaration(node: TS.Node): boolean {
  if (ts.isVariableDeclaration(node)) return ts.isVariableDeclarationList(node.parent) && isExported(node);
  if (ts.isBindingElement(node)) return isExportedDeclaration(patternOwner(node));
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false)
  );
}

function isAmbient(node: TS.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword) ?? false)
  );
}

function patternOwner(element: TS.BindingElement): TS.Node {
  let at: TS.Node = element;
  while (ts.isBindingElement(at) || ts.isObjectBindingPattern(at) || ts.isArrayBindingPattern(at))
    at = at.parent;
  return at;
}

/** How a declaration can go without anything else happening or not happening; null when it has to stay. */
function removal(code: Code, { node }: Declared): Edit | null {
  if (ts.isImportSpecifier(node) || ts.isNamespaceImport(node) || ts.isImportClause(node))
    return importRemoval(code, node);
  if (ts.isVariableDeclaration(node)) return variableRemoval(code, node);
  if (ts.isBindingElement(node)) return elementRemoval(code, node);
  if (ts.isEnumDeclaration(node))
    return node.members.every(({ initializer }) => initializer === undefined || isPure(initializer))
      ? removeStatement(code, node)
      : null;
  if (ts.isClassDeclaration(node)) return isQuietClass(node) ? removeStatement(code, node) : null;
  return ts.isStatement(node) ? removeStatement(code, node) : null;
}

function importRemoval(
  code: Code,
  node: TS.ImportSpecifier | TS.NamespaceImport | TS.ImportClause,
): Edit | null {
  const clause = ts.isImportSpecifier(node)
    ? node.parent.parent
    : ts.isNamespaceImport(node)
      ? node.parent
      : node;
  const whole = clause.parent;
  if (!ts.isImportDeclaration(whole)) return null;
  const { name, namedBindings } = clause;
  if (ts.isImportSpecifier(node) && node.parent.elements.length > 1)
    return cutFromList(code, node, node.parent.elements);
  if (node !== clause && name === undefined) return removeStatement(code, whole);
  if (node === clause) {
    if (namedBindings === undefined) return removeStatement(code, whole);
    return { from: name?.getStart(code.source) ?? 0, to: namedBindings.getStart(code.source), text: '' };
  }
  return { from: name?.end ?? 0, to: namedBindings?.end ?? 0, text: '' };
}

function variableRemoval(code: Code, node: TS.VariableDeclaration): Edit | null {
  if (!ts.isVariableDeclarationList(node.parent) || !ts.isVariableStatement(node.parent.parent)) return null;
  const quiet = node.initializer === undefined || isPure(node.initializer);
  return quiet ? removeDeclaration(code, node) : null;
}

/** One name of a pattern. With a rest beside it, the rest would get more than before. */
function elementRemoval(code: Code, node: TS.BindingElement): Edit | null {
  const pattern = node.parent;
  if (node.dotDotDotToken !== undefined || (node.initializer !== undefined && !isPure(node.initializer)))
    return null;
  if (node.propertyName !== undefined && ts.isComputedPropertyName(node.propertyName)) return null;
  if (!ts.isObjectBindingPattern(pattern)) return null;
  if (pattern.elements.some(({ dotDotDotToken }) => dotDotDotToken !== undefined)) return null;
  if (pattern.elements.length > 1) return cutFromList(code, node, pattern.elements);
  return ts.isVariableDeclaration(pattern.parent) ? variableRemoval(code, pattern.parent) : null;
}

/** Nothing runs where the class is declared. */
function isQuietClass(node: TS.ClassDeclaration): boolean {
  if (node.heritageClauses?.some(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)) return false;
  let quiet = true;
  walk(node, (part) => {
    if (ts.isDecorator(part) || ts.isClassStaticBlockDeclaration(part)) quiet = false;
    if (ts.isComputedPropertyName(part) && !isPure(part.expression)) quiet = false;
    const isStatic =
      ts.isPropertyDeclaration(part) &&
      (ts.getModifiers(part)?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) ?? false);
    if (isStatic && part.initializer !== undefined && !isPure(part.initializer)) quiet = false;
  });
  return quiet;
}
