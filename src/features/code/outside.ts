import path from 'node:path/posix';
import { isSyntaxFile, parse } from './program.ts';
import { isConst, membersOf, type Exported, type Outside } from './static-value.ts';
import { ts, type TS } from './syntax.ts';

/** What is known of what files export; filled while flags are taken out of one after the other. */
export class Exports {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #values = new Map<string, ReadonlyMap<string, Exported>>();
  readonly #parsed = new Map<string, TS.SourceFile>();

  /** @param texts every file of the project by its path */
  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts;
  }

  /** @param values what a file exports, and what that always gives now */
  set(file: string, values: ReadonlyMap<string, Exported>): void {
    this.#values.set(file, values);
  }

  /** As seen by a file of the project. */
  seenFrom(file: string): Outside {
    return (specifier, name) => this.#find(file, specifier, name, 0);
  }

  #find(file: string, specifier: string, name: string, depth: number): Exported | null {
    const target = resolveImport(file, specifier, this.#texts);
    // Files that pass on what others export may do so in circles.
    if (target === null || depth > 8) return null;
    return (
      this.#values.get(target)?.get(name) ??
      this.#literal(target, name) ??
      this.#passedOn(target, name, depth)
    );
  }

  #literal(file: string, name: string): Exported | null {
    for (const statement of this.#source(file).statements) {
      if (!isExported(statement)) continue;
      if (ts.isEnumDeclaration(statement) && statement.name.text === name)
        return { kind: 'members', texts: membersOf(statement) ?? new Map() };
      if (!ts.isVariableStatement(statement)) continue;
      for (const declaration of statement.declarationList.declarations)
        if (ts.isIdentifier(declaration.name) && declaration.name.text === name) return textsOf(declaration);
    }
    return null;
  }

  #passedOn(file: string, name: string, depth: number): Exported | null {
    for (const statement of this.#source(file).statements) {
      if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined) continue;
      if (!ts.isStringLiteral(statement.moduleSpecifier)) continue;
      const from = statement.moduleSpecifier.text;
      const { exportClause } = statement;
      if (exportClause === undefined) {
        const found = this.#find(file, from, name, depth + 1);
        if (found !== null) return found;
      } else if (ts.isNamedExports(exportClause)) {
        const named = exportClause.elements.find((each) => each.name.text === name);
        if (named !== undefined)
          return this.#find(file, from, (named.propertyName ?? named.name).text, depth + 1);
      }
    }
    return null;
  }

  #source(file: string): TS.SourceFile {
    const known = this.#parsed.get(file);
    if (known !== undefined) return known;
    const source = parse(file, this.#texts.get(file) ?? '');
    this.#parsed.set(file, source);
    return source;
  }
}

function textsOf(declaration: TS.VariableDeclaration): Exported | null {
  const members = membersOf(declaration);
  if (members !== null) return { kind: 'members', texts: members };
  const { initializer } = declaration;
  const plain =
    initializer !== undefined && ts.isAsExpression(initializer) ? initializer.expression : initializer;
  return plain !== undefined && isConst(declaration) && ts.isStringLiteralLike(plain)
    ? { kind: 'text', text: plain.text }
    : null;
}

function isExported(statement: TS.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false)
  );
}

const endings = ['', '.ts', '.tsx', '.js', '.jsx', '.mts', '.mjs', '/index.ts', '/index.tsx', '/index.js'];

/** The file of the project that a relative import names, as TypeScript, Node and bundlers look for it; null for packages. */
function resolveImport(file: string, specifier: string, files: ReadonlyMap<string, string>): string | null {
  if (!specifier.startsWith('.')) return null;
  const base = path.join(path.dirname(file), specifier);
  const asTyped = base.replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
  for (const candidate of [base, asTyped, `${asTyped}x`])
    for (const ending of endings)
      if (files.has(candidate + ending) && isSyntaxFile(candidate + ending)) return candidate + ending;
  return null;
}
