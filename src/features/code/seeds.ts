import { shapeOf, timingOf, wrappingOf, type CallShape } from './calls.ts';
import type { Edit } from './edit.ts';
import type { Json } from '../../config/features.ts';
import { markerText } from './marker.ts';
import { bare, placeOf, walk, type Code } from './program.ts';
import { isPure } from './purity.ts';
import { importedAs, importOf, staticText, type Exported, type Outside } from './static-value.ts';
import { ts, type TS } from './syntax.ts';

/** A place in the code, with why it is left as it is. */
export interface Refusal {
  readonly line: number;
  readonly column: number;
  /** What stands there, shortened. */
  readonly what: string;
  readonly why: string;
  /** The call it came from, for leaving that out; null: it concerns the whole file. */
  readonly seed: number | null;
}

/** A call that gives the flag's value, or what an import has become. */
export interface Seed {
  readonly number: number;
  readonly node: TS.Expression;
  readonly line: number;
  readonly column: number;
  readonly call: string;
  readonly edit: Edit | null;
  readonly refusal: Refusal | null;
}

export interface Search {
  readonly flag: string;
  readonly keep: Json;
  /** Names of the project's own functions that take a flag's name and give its value. */
  readonly calls: ReadonlySet<string>;
  /** Packages that the nearest package.json depends upon. */
  readonly packages: readonly string[];
  readonly outside: Outside;
}

/** Finds every call that evaluates the flag, and says what it becomes or why it cannot. Numbers follow the text. */
export function findSeeds(code: Code, search: Search): readonly Seed[] {
  const seeds: Seed[] = [];
  const timing = timingOf(importsOf(code)) ?? timingOf(search.packages);
  walk(code.source, (node) => {
    const found =
      (ts.isCallExpression(node) &&
        (evaluation(node, { code, search, timing }) ?? wrapped(node, code, search))) ||
      (ts.isIdentifier(node) && constant(node, code, search)) ||
      null;
    if (found === null) return;
    const number = seeds.length;
    const refuse = found.why;
    seeds.push({
      number,
      node: found.node,
      ...placeOf(code, found.node),
      call: found.call,
      edit: refuse === null ? { ...rangeOf(found.node, code), text: found.put(number) } : null,
      refusal:
        refuse === null
          ? null
          : {
              ...placeOf(code, found.node),
              what: shortened(found.node.getText(code.source)),
              why: refuse,
              seed: number,
            },
    });
  });
  return seeds;
}

interface Found {
  readonly node: TS.Expression;
  readonly call: string;
  readonly why: string | null;
  put(seed: number): string;
}

interface Place {
  readonly code: Code;
  readonly search: Search;
  readonly timing: 'promise' | 'at-once' | null;
}

function evaluation(call: TS.CallExpression, { code, search, timing }: Place): Found | null {
  const [key] = call.arguments;
  if (key === undefined) return null;
  const name = calleeName(call, code);
  const shape = name === null ? null : shapeOf(name.text, name.isMethod, search.calls);
  if (shape === null || staticText(key, code, search.outside) !== search.flag) return null;
  const promised = isPromised(call, shape, timing);
  return {
    node: call,
    call: name?.text ?? '',
    why: obstacle(call, shape, search.keep) ?? (promised === null ? unknownTiming : null),
    put: (seed) => markerText(wrappingOf(shape.gives, promised ?? false), search.keep, seed),
  };
}

const unknownTiming =
  'it cannot be told whether this gives a promise: neither the imports nor package.json name one OpenFeature SDK, and it is not awaited';

/** Null: it cannot be told. */
function isPromised(call: TS.CallExpression, shape: CallShape, timing: Place['timing']): boolean | null {
  if (shape.timing === 'at-once') return false;
  const awaited = ts.isAwaitExpression(outermost(call).parent);
  if (shape.timing === 'as-awaited') return awaited;
  if (timing !== null) return timing === 'promise';
  return awaited ? true : null;
}

/** Why a call must stay, or null. */
function obstacle(call: TS.CallExpression, shape: CallShape, keep: Json): string | null {
  if (call.questionDotToken !== undefined || isOptional(call.expression))
    return 'with ?. it may also give undefined, when there is no client';
  const type = keep === null || typeof keep === 'object' ? 'object' : typeof keep;
  if (shape.type !== null && shape.type !== type)
    return `it asks for a ${shape.type}, and the value to keep is ${JSON.stringify(keep)}`;
  if (ts.isPropertyAccessExpression(call.expression) && !isPure(call.expression.expression))
    return `getting the client may have an effect: ${shortened(call.expression.expression.getText())}`;
  const impure = call.arguments.slice(1).find((argument) => !isPure(argument));
  return impure === undefined ? null : `an argument may have an effect: ${shortened(impure.getText())}`;
}

function isOptional(callee: TS.Expression): boolean {
  return ts.isPropertyAccessExpression(callee) && (callee.flags & ts.NodeFlags.OptionalChain) !== 0;
}

/** The name it is called by, or was exported by. */
function calleeName(
  call: TS.CallExpression,
  code: Code,
): { readonly text: string; readonly isMethod: boolean } | null {
  const callee = bare(call.expression);
  if (ts.isPropertyAccessExpression(callee)) return { text: callee.name.text, isMethod: true };
  if (!ts.isIdentifier(callee)) return null;
  return { text: importedAs(callee, code)?.name ?? callee.text, isMethod: false };
}

/** A call of a function of another file that only gives the flag's value. */
function wrapped(call: TS.CallExpression, code: Code, { outside }: Search): Found | null {
  const found = imported(bare(call.expression), code, outside);
  if (found?.kind !== 'wrapper') return null;
  const impure = call.arguments.find((argument) => !isPure(argument));
  // It goes on calling a function that gives the same: nothing is lost, so that is no refusal.
  if (impure !== undefined) return null;
  return {
    node: call,
    call: call.expression.getText(),
    why: null,
    put: (seed) => markerText(found.promised ? 'promise' : 'value', found.value, seed),
  };
}

function constant(name: TS.Identifier, code: Code, { outside }: Search): Found | null {
  if (ts.isImportSpecifier(name.parent) || ts.isImportClause(name.parent) || !isRead(name)) return null;
  const found = imported(name, code, outside);
  if (found?.kind !== 'constant') return null;
  const { value } = found;
  const label = ts.isShorthandPropertyAssignment(name.parent) ? `${name.text}: ` : '';
  return { node: name, call: name.text, why: null, put: (seed) => label + markerText('value', value, seed) };
}

function isRead(name: TS.Identifier): boolean {
  const { parent } = name;
  return (
    ts.isExpression(parent) ||
    ts.isStatement(parent) ||
    ts.isVariableDeclaration(parent) ||
    ts.isShorthandPropertyAssignment(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isJsxExpression(parent)
  );
}

function imported(callee: TS.Expression, code: Code, outside: Outside): Exported | null {
  if (ts.isPropertyAccessExpression(callee) && ts.isIdentifier(callee.expression)) {
    const from = importedAs(callee.expression, code);
    return from?.name === '*' ? outside(from.from, callee.name.text) : null;
  }
  if (!ts.isIdentifier(callee)) return null;
  const [declaration] = code.declarations(callee);
  return declaration === undefined ? null : importOf(declaration, outside);
}

function rangeOf(node: TS.Node, code: Code): { readonly from: number; readonly to: number } {
  return { from: node.getStart(code.source), to: node.end };
}

/** With the parentheses and casts around it. */
function outermost(node: TS.Expression): TS.Expression {
  let at = node;
  while (ts.isExpression(at.parent) && bare(at.parent) === bare(node) && at.parent !== at) at = at.parent;
  return at;
}

function importsOf(code: Code): readonly string[] {
  const named: string[] = [];
  for (const statement of code.source.statements)
    if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier))
      named.push(statement.moduleSpecifier.text);
  for (const [, name] of code.text.matchAll(/\brequire\(\s*['"]([^'"]+)['"]\s*\)/g)) named.push(name ?? '');
  return named;
}

export function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`;
}
