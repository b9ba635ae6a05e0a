import { ts, type TS } from './syntax.ts';

/** The text of one file, parsed and bound: which name means which declaration. Positions are offsets into `text`. */
export interface Code {
  readonly path: string;
  readonly text: string;
  readonly source: TS.SourceFile;
  /** Every identifier that declares or refers to something by its scope: no property names, no labels. */
  readonly names: readonly Name[];
  /** The names that mean the same as this one, itself and declarations among them. */
  same(name: TS.Identifier): readonly Name[];
  declarations(name: TS.Identifier): readonly TS.Declaration[];
  /** What is declared outermost is seen by other files only where they import it. */
  readonly isModule: boolean;
}

export interface Name {
  readonly node: TS.Identifier;
  readonly symbol: TS.Symbol | undefined;
}

/** What the command reads by syntax; all else is text. */
const syntaxFile = /\.(?:[cm]?[jt]s|[jt]sx)$/;

export function isSyntaxFile(path: string): boolean {
  return syntaxFile.test(path) && !/\.d\.[cm]?ts$/.test(path);
}

/** Parses without binding: enough to look for literals. */
export function parse(path: string, text: string): TS.SourceFile {
  // JSX may be in any JavaScript file; in TypeScript its syntax would hide casts such as <T>x.
  const kind = /\.[cm]?ts$/.test(path) ? ts.ScriptKind.TS : ts.ScriptKind.TSX;
  const name = kind === ts.ScriptKind.TS ? '/code.ts' : '/code.tsx';
  return ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true, kind);
}

/** Parses and binds. One file at a time and no libraries: names are resolved, types never. */
export function readCode(path: string, text: string): Code {
  const source = parse(path, text);
  const program = ts.createProgram({ rootNames: [source.fileName], options, host: hostOf(source) });
  const checker = program.getTypeChecker();
  const names: Name[] = [];
  const bySymbol = new Map<TS.Symbol, Name[]>();
  walk(source, (node) => {
    if (!ts.isIdentifier(node) || !isName(node)) return;
    const symbol = symbolOf(checker, node);
    const name = { node, symbol };
    names.push(name);
    if (symbol === undefined) return;
    const group = bySymbol.get(symbol);
    if (group === undefined) bySymbol.set(symbol, [name]);
    else group.push(name);
  });
  const symbols = new Map(names.map(({ node, symbol }) => [node, symbol]));
  return {
    path,
    text,
    source,
    names,
    same: (name) => {
      const symbol = symbols.get(name);
      return symbol === undefined ? [] : (bySymbol.get(symbol) ?? []);
    },
    declarations: (name) => symbols.get(name)?.declarations ?? [],
    isModule: looksLikeModule(source),
  };
}

/** The first thing that is no valid syntax, or null. */
export function syntaxError(
  path: string,
  text: string,
): { readonly line: number; readonly column: number; readonly says: string } | null {
  const source = parse(path, text);
  const program = ts.createProgram({ rootNames: [source.fileName], options, host: hostOf(source) });
  const [first] = program.getSyntacticDiagnostics(source);
  if (first === undefined) return null;
  const says = ts.flattenDiagnosticMessageText(first.messageText, ' ');
  const { line, character } = source.getLineAndCharacterOfPosition(first.start);
  return { line: line + 1, column: character + 1, says };
}

/** Calls for a node and all below it, in the order of the text. */
export function walk(node: TS.Node, visit: (node: TS.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** The first node, itself or above, for which the test holds. */
export function above(node: TS.Node, test: (node: TS.Node) => boolean): TS.Node | undefined {
  for (let at: TS.Node | undefined = node; at !== undefined; at = at.parent) if (test(at)) return at;
  return undefined;
}

export function within(node: TS.Node, outer: TS.Node): boolean {
  return node.pos >= outer.pos && node.end <= outer.end;
}

/** Parentheses and what only the type checker sees taken off. */
export function bare(node: TS.Expression): TS.Expression {
  let inner = node;
  while (
    ts.isParenthesizedExpression(inner) ||
    ts.isAsExpression(inner) ||
    ts.isSatisfiesExpression(inner) ||
    ts.isNonNullExpression(inner) ||
    ts.isTypeAssertionExpression(inner)
  ) {
    inner = inner.expression;
  }
  return inner;
}

/** Where a node begins, from 1 as editors count. */
export function placeOf(
  { source }: Pick<Code, 'source'>,
  node: TS.Node,
): { readonly line: number; readonly column: number } {
  const { line, character } = source.getLineAndCharacterOfPosition(node.getStart(source));
  return { line: line + 1, column: character + 1 };
}

const options = {
  noLib: true,
  noResolve: true,
  types: [],
  target: 99,
  jsx: 1,
  // Without it the outermost names of a file without imports would be looked for among the globals of the language.
  moduleDetection: 3,
} as const satisfies TS.CompilerOptions;

function hostOf(source: TS.SourceFile): TS.CompilerHost {
  return {
    fileExists: (name) => name === source.fileName,
    readFile: () => undefined,
    getSourceFile: (name) => (name === source.fileName ? source : undefined),
    getDefaultLibFileName: () => '/lib.d.ts',
    writeFile: () => undefined,
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
  };
}

function symbolOf(checker: TS.TypeChecker, node: TS.Identifier): TS.Symbol | undefined {
  const { parent } = node;
  const symbol = ts.isShorthandPropertyAssignment(parent)
    ? checker.getShorthandAssignmentValueSymbol(parent)
    : ts.isExportSpecifier(parent)
      ? checker.getExportSpecifierLocalTargetSymbol(parent)
      : checker.getSymbolAtLocation(node);
  return symbol === undefined ? undefined : checker.getExportSymbolOfSymbol(symbol);
}

/** Declares or refers by scope. What follows a dot, names a property or a label, does not. */
function isName(node: TS.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isBindingElement(parent)) return parent.propertyName !== node;
  if (ts.isImportSpecifier(parent)) return parent.propertyName !== node;
  if (ts.isExportSpecifier(parent)) return (parent.propertyName ?? parent.name) === node;
  if (isTag(parent)) return parent.tagName !== node || /^[^a-z]/.test(node.text);
  return !namesMember(parent, node);
}

function isTag(
  node: TS.Node,
): node is TS.JsxOpeningElement | TS.JsxSelfClosingElement | TS.JsxClosingElement {
  return ts.isJsxOpeningElement(node) || ts.isJsxSelfClosingElement(node) || ts.isJsxClosingElement(node);
}

function namesMember(parent: TS.Node, node: TS.Identifier): boolean {
  switch (parent.kind) {
    case ts.SyntaxKind.PropertyAssignment:
    case ts.SyntaxKind.PropertyDeclaration:
    case ts.SyntaxKind.PropertySignature:
    case ts.SyntaxKind.MethodDeclaration:
    case ts.SyntaxKind.MethodSignature:
    case ts.SyntaxKind.GetAccessor:
    case ts.SyntaxKind.SetAccessor:
    case ts.SyntaxKind.EnumMember:
    case ts.SyntaxKind.JsxAttribute:
    case ts.SyntaxKind.NamedTupleMember:
      return (parent as TS.NamedDeclaration).name === node;
    case ts.SyntaxKind.LabeledStatement:
    case ts.SyntaxKind.BreakStatement:
    case ts.SyntaxKind.ContinueStatement:
      return (parent as TS.LabeledStatement).label === node;
    case ts.SyntaxKind.MetaProperty:
    case ts.SyntaxKind.JsxNamespacedName:
    case ts.SyntaxKind.NamespaceExport:
    case ts.SyntaxKind.ImportAttribute:
      return true;
    default:
      return false;
  }
}

/** A classic script shares its outermost names with every other script of a page. */
function looksLikeModule(source: TS.SourceFile): boolean {
  const marked = source.statements.some(
    (statement) =>
      ts.isImportDeclaration(statement) ||
      ts.isImportEqualsDeclaration(statement) ||
      ts.isExportDeclaration(statement) ||
      ts.isExportAssignment(statement) ||
      (ts.canHaveModifiers(statement) &&
        (ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false)),
  );
  return marked || /\b(?:require\s*\(|module\.exports|exports\.)/.test(source.text);
}
