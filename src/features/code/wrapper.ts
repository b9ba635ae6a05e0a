import type { Json } from '../../config/features.ts';
import { markerText, readMarker, type Marker } from './marker.ts';
import { isExported, isSeenByOthers, removeDeclaration } from './inline.ts';
import type { Code } from './program.ts';
import { isPure } from './purity.ts';
import type { Outcome, Rewriting } from './rule.ts';
import { isAsync } from './simplify.ts';
import { isConst, type Exported } from './static-value.ts';
import { removeStatement } from './statements.ts';
import { ts, type TS } from './syntax.ts';

type Function = TS.FunctionDeclaration | TS.FunctionExpression | TS.ArrowFunction;

/** A function that only gives the flag's value: every call of it becomes the value, and the function goes. */
export function inlineWrapper(marker: Marker, { code }: Rewriting): Outcome {
  const body = bodyOf(marker.node);
  if (body === null || (marker.wrapping !== 'value' && marker.wrapping !== 'promise')) return null;
  const name = nameOf(body);
  if (name === null || isObject(marker.value) || hasExport(body) || isSeenByOthers(code, body)) return null;
  if (code.declarations(name).length !== 1) return null;
  const uses = code.same(name).filter(({ node }) => node !== name);
  const calls = uses.map(({ node }) => node.parent);
  if (!calls.every((call, index) => isPlainCall(call, uses[index]?.node))) return null;
  const text = markerText(promised(body, marker) ? 'promise' : 'value', marker.value, marker.seed);
  const declared = body.parent;
  return [
    ...calls.map((call) => ({ from: call.getStart(code.source), to: call.end, text })),
    ts.isVariableDeclaration(declared)
      ? removeDeclaration(code, declared)
      : removeStatement(code, body as TS.FunctionDeclaration),
  ];
}

/** What this file exports that other files can take for the flag's value. */
export function exportedValues(code: Code, keep: Json): ReadonlyMap<string, Exported> {
  const found = new Map<string, Exported>();
  for (const statement of code.source.statements) {
    if (ts.isFunctionDeclaration(statement) && hasExport(statement)) {
      const value = wrapperOf(statement, keep);
      const name = isDefault(statement) ? 'default' : statement.name?.text;
      if (value !== null && name !== undefined) found.set(name, value);
    }
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      if (!ts.isIdentifier(declaration.name) || declaration.initializer === undefined) continue;
      if (!isExported(declaration) || !isConst(declaration)) continue;
      const value = valueOf(declaration.initializer, keep);
      if (value !== null) found.set(declaration.name.text, value);
    }
  }
  return found;
}

function valueOf(node: TS.Expression, keep: Json): Exported | null {
  const marker = readMarker(node, keep);
  if (marker !== null)
    return marker.wrapping === 'value' && !isObject(marker.value)
      ? { kind: 'constant', value: marker.value }
      : null;
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node) ? wrapperOf(node, keep) : null;
}

function wrapperOf(body: Function, keep: Json): Exported | null {
  const result = resultOf(body);
  const marker = result === null ? null : readMarker(result, keep);
  if (marker === null || !isPlainFunction(body) || isObject(marker.value)) return null;
  if (marker.wrapping !== 'value' && marker.wrapping !== 'promise') return null;
  return { kind: 'wrapper', value: marker.value, promised: promised(body, marker) };
}

function resultOf({ body }: Function): TS.Expression | null {
  if (body === undefined) return null;
  if (!ts.isBlock(body)) return body;
  const [only, more] = body.statements;
  return only !== undefined && more === undefined && ts.isReturnStatement(only)
    ? (only.expression ?? null)
    : null;
}

function promised(body: Function, marker: Marker): boolean {
  return marker.wrapping === 'promise' || isAsync(body);
}

function isObject(value: Json): boolean {
  return typeof value === 'object' && value !== null;
}

/** The function whose whole body is this expression. */
function bodyOf(node: TS.Node): Function | null {
  const { parent } = node;
  const candidate = ts.isReturnStatement(parent) ? parent.parent.parent : parent;
  const isFunction =
    ts.isFunctionDeclaration(candidate) ||
    ts.isFunctionExpression(candidate) ||
    ts.isArrowFunction(candidate);
  return isFunction && isPlainFunction(candidate) && resultOf(candidate) === node ? candidate : null;
}

function isPlainFunction(body: Function): boolean {
  const quiet = body.parameters.every(({ initializer, name }) =>
    ts.isIdentifier(name) ? initializer === undefined || isPure(initializer) : false,
  );
  return body.asteriskToken === undefined && quiet;
}

function nameOf(body: Function): TS.Identifier | null {
  if (ts.isFunctionDeclaration(body)) return body.name ?? null;
  const declaration = body.parent;
  if (!ts.isVariableDeclaration(declaration) || !isConst(declaration)) return null;
  const place = ts.isVariableStatement(declaration.parent.parent);
  return place && ts.isIdentifier(declaration.name) && body.name === undefined ? declaration.name : null;
}

function hasExport(body: Function): boolean {
  const declaration = body.parent;
  if (ts.isVariableDeclaration(declaration)) return isExported(declaration);
  return ts.getModifiers(body)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function isDefault(body: Function): boolean {
  return ts.getModifiers(body)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false;
}

function isPlainCall(node: TS.Node, callee: TS.Identifier | undefined): boolean {
  return (
    ts.isCallExpression(node) &&
    node.expression === callee &&
    node.questionDotToken === undefined &&
    node.arguments.every((argument) => isPure(argument))
  );
}
