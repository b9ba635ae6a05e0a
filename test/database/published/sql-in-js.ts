import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Node, Project, SyntaxKind, type SourceFile } from 'ts-morph';
import type { Statement } from '../../../src/database/prove/corpus.ts';
import type { Parser } from '../../../src/database/sql/parser.ts';

/** Known values of variables that stand in templates. */
export type Values = Readonly<Record<string, string>>;

const about = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt']);

/**
 * The statements that a program's JavaScript has as text: its strings and templates, with constants and the known values put in, as far
 * as they are SQL. A choice (`a ? b : c`) is taken both ways, all of one text the same way.
 */
export function sqlInScripts(parser: Parser, folder: string, values: Values): readonly Statement[] {
  const project = new Project({ useInMemoryFileSystem: true, compilerOptions: { allowJs: true } });
  const texts = new Set<string>();
  for (const file of globSync('**/*.js', { cwd: folder }).toSorted()) {
    const source = project.createSourceFile(file, readFileSync(path.join(folder, file), 'utf8'));
    for (const text of textsOf(source, values)) if (isStatement(parser, text)) texts.add(text);
  }
  return [...texts].map((text) => ({ text, calls: 1, role: null, searchPath: null }));
}

function textsOf(source: SourceFile, values: Values): readonly string[] {
  return source
    .getDescendants()
    .filter(
      (node) =>
        Node.isStringLiteral(node) ||
        Node.isNoSubstitutionTemplateLiteral(node) ||
        Node.isTemplateExpression(node),
    )
    .flatMap((node) => [true, false].map((first) => textOf(node, { values, first, deep: 0 })))
    .filter((text) => text !== null)
    .map((text) => text.trim().replace(/;$/, ''));
}

interface Reading {
  readonly values: Values;
  /** Which way choices go. */
  readonly first: boolean;
  readonly deep: number;
}

/** A constant that stands on another one, and that on a third: more are a circle. */
const deepest = 8;

/** @returns null: it cannot be told */
function textOf(node: Node, reading: Reading): string | null {
  if (Node.isStringLiteral(node) || Node.isNoSubstitutionTemplateLiteral(node)) return node.getLiteralText();
  if (reading.deep > deepest) return null;
  const deeper = { ...reading, deep: reading.deep + 1 };
  if (Node.isTemplateExpression(node)) return templateOf(node.getHead().getLiteralText(), node, deeper);
  if (Node.isConditionalExpression(node))
    return textOf(reading.first ? node.getWhenTrue() : node.getWhenFalse(), deeper);
  if (Node.isParenthesizedExpression(node)) return textOf(node.getExpression(), deeper);
  if (!Node.isIdentifier(node)) return null;
  const known = reading.values[node.getText()];
  if (known !== undefined) return known;
  const declared = node
    .getSourceFile()
    .getDescendantsOfKind(SyntaxKind.VariableDeclaration)
    .find((each) => each.getName() === node.getText())
    ?.getInitializer();
  return declared === undefined ? null : textOf(declared, deeper);
}

function templateOf(head: string, node: Node, reading: Reading): string | null {
  let text = head;
  for (const span of node.getDescendantsOfKind(SyntaxKind.TemplateSpan)) {
    if (span.getParent() !== node) continue;
    // A number that is counted up in the text is one of a parameter.
    const counted = Node.isPrefixUnaryExpression(span.getExpression());
    const value = counted ? String(9) : textOf(span.getExpression(), reading);
    if (value === null) return null;
    text += value + span.getLiteral().getLiteralText();
  }
  return text;
}

function isStatement(parser: Parser, text: string): boolean {
  if (!/^\s*(?:select|insert|update|delete|with)\b/i.test(text)) return false;
  const statements = parser.parse(text);
  if ('message' in statements || statements.length !== 1) return false;
  return Object.keys(statements[0]?.node ?? {}).some((kind) => about.has(kind));
}
