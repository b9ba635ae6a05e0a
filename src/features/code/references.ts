import { mentionsOf } from './mentions.ts';
import { Exports } from './outside.ts';
import { packagesOf } from './packages.ts';
import { isSyntaxFile, placeOf, readCode, walk, within } from './program.ts';
import { findSeeds, shortened } from './seeds.ts';
import { loadSyntax, ts } from './syntax.ts';
import { textReferences } from './text-references.ts';

/** A place in the code that has to do with a flag. */
export interface Reference {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `evaluates`: asks for its value; `names`: has its name as a value of code; `text`: only says it, as a comment does. */
  readonly kind: 'evaluates' | 'names' | 'text';
  readonly what: string;
}

export interface ReferenceSearch {
  /** The project's own functions that take a flag's name and give its value. */
  readonly calls: readonly string[];
  readonly packages: readonly string[];
}

/**
 * Finds where a flag is used: JavaScript and TypeScript by their syntax, also where the name comes from a constant of another file;
 * all else by quoted text. The parser is loaded only when such a file has to be read.
 * @throws TealError `parser-missing`
 */
export async function findReferences(
  texts: ReadonlyMap<string, string>,
  flag: string,
  search: ReferenceSearch,
): Promise<readonly Reference[]> {
  const naming = [...texts].filter(([, text]) => text.includes(flag)).map(([file]) => file);
  const found = naming
    .filter((file) => !isSyntaxFile(file))
    .flatMap((file) => inText(file, texts.get(file) ?? '', flag));
  const code = naming.filter(isSyntaxFile);
  if (code.length > 0) {
    await loadSyntax();
    const exports = new Exports(texts);
    const names = new Set(code.flatMap((file) => constantsIn(file, texts.get(file) ?? '', flag)));
    const users = names.size === 0 ? [] : usersOf(names, texts, new Set(code));
    for (const file of [...code, ...users]) found.push(...inCode({ file, texts, exports, flag, search }));
  }
  return found.toSorted((a, b) =>
    a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1,
  );
}

function inText(file: string, text: string, flag: string): readonly Reference[] {
  return textReferences(text, flag).map(({ line, column, text: what, quoted }) => ({
    file,
    line,
    column,
    kind: quoted && !isProse(file) ? 'names' : 'text',
    what,
  }));
}

/** Where quotes are only typography, or settings say that there is a flag: neither asks for it. */
function isProse(file: string): boolean {
  return /\.(?:md|mdx|txt|adoc|rst|html?|json[5c]?|ya?ml|toml)$/i.test(file);
}

interface Place {
  readonly file: string;
  readonly texts: ReadonlyMap<string, string>;
  readonly exports: Exports;
  readonly flag: string;
  readonly search: ReferenceSearch;
}

function inCode({ file, texts, exports, flag, search }: Place): readonly Reference[] {
  const text = texts.get(file) ?? '';
  const code = readCode(file, text);
  const order = {
    flag,
    keep: true,
    calls: new Set(search.calls),
    packages: packagesOf(file, texts) ?? search.packages,
    outside: exports.seenFrom(file),
  };
  const seeds = findSeeds(code, order);
  const asked = seeds.map(({ node, line, column }): Reference => {
    return { file, line, column, kind: 'evaluates', what: shortened(node.getText(code.source)) };
  });
  const handed = mentionsOf(code, order, seeds).map(({ line, column, what }): Reference => {
    return { file, line, column, kind: 'names', what };
  });
  const keys = seeds.map(({ node }) => node);
  const literals: Reference[] = [];
  walk(code.source, (node) => {
    if (!ts.isStringLiteralLike(node) || node.text !== flag || keys.some((call) => within(node, call)))
      return;
    const place = placeOf(code, node);
    if (handed.some(({ line, column }) => line === place.line && column === place.column)) return;
    literals.push({ file, ...place, kind: 'names', what: shortened(node.parent.getText(code.source)) });
  });
  return [...asked, ...handed, ...literals];
}

/** Names by which other files can have the flag's name: constants, and members of objects and enums. */
function constantsIn(file: string, text: string, flag: string): readonly string[] {
  if (!/\bexport\b/.test(text)) return [];
  const code = readCode(file, text);
  const found: string[] = [];
  walk(code.source, (node) => {
    if (!ts.isStringLiteralLike(node) || node.text !== flag) return;
    let owner = node.parent;
    while (ts.isAsExpression(owner) || ts.isSatisfiesExpression(owner)) owner = owner.parent;
    if (!(ts.isVariableDeclaration(owner) || ts.isPropertyAssignment(owner) || ts.isEnumMember(owner)))
      return;
    if (ts.isIdentifier(owner.name)) found.push(owner.name.text);
  });
  return found;
}

function usersOf(
  names: ReadonlySet<string>,
  texts: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): readonly string[] {
  const words = [...names];
  return [...texts]
    .filter(
      ([file, text]) => isSyntaxFile(file) && !known.has(file) && words.some((word) => text.includes(word)),
    )
    .map(([file]) => file);
}
