import type { Edit } from './edit.ts';
import { isExported, isSeenByOthers } from './inline.ts';
import { within, type Code } from './program.ts';
import { isPure } from './purity.ts';
import { cutFromList } from './replace.ts';
import { isConst } from './static-value.ts';
import { ts, type TS } from './syntax.ts';

type Function = TS.FunctionDeclaration | TS.FunctionExpression | TS.ArrowFunction;

/** Names of parameters that nothing uses. */
export function unusedParameters(code: Code): readonly TS.ParameterDeclaration[] {
  return code.names.flatMap(({ node }) => {
    const { parent } = node;
    return ts.isParameter(parent) && parent.name === node && code.same(node).length === 1 ? [parent] : [];
  });
}

/**
 * What takes a parameter out, here and at every call; null where that is not sure: the function may be called by others, it is handed on, it looks
 * at all of its arguments, or what is given for the parameter has an effect.
 */
export function parameterRemoval(code: Code, parameter: TS.ParameterDeclaration): readonly Edit[] | null {
  const owner = parameter.parent;
  if (!isFunction(owner) || !isPlain(parameter)) return null;
  const name = nameOf(code, owner);
  if (name === null || code.declarations(name).length !== 1) return null;
  if (code.names.some(({ node }) => node.text === 'arguments' && within(node, owner))) return null;
  const index = owner.parameters.indexOf(parameter);
  const calls = code.same(name).filter(({ node }) => node !== name);
  if (!calls.every(({ node }) => mayDrop(node, index))) return null;
  const given = calls.flatMap(({ node }) => {
    const call = node.parent as TS.CallExpression;
    const argument = call.arguments[index];
    return argument === undefined ? [] : [cutFromList(code, argument, call.arguments)];
  });
  return [withoutParameter(code, owner, parameter), ...given];
}

function isFunction(node: TS.Node): node is Function {
  return (
    (ts.isFunctionDeclaration(node) && node.body !== undefined) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node)
  );
}

function isPlain({ name, initializer, dotDotDotToken, modifiers }: TS.ParameterDeclaration): boolean {
  const quiet = initializer === undefined || isPure(initializer);
  return (
    ts.isIdentifier(name) &&
    name.text !== 'this' &&
    quiet &&
    dotDotDotToken === undefined &&
    modifiers === undefined
  );
}

function nameOf(code: Code, owner: Function): TS.Identifier | null {
  if (ts.isFunctionDeclaration(owner)) {
    const exported =
      ts.getModifiers(owner)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
    return exported || isSeenByOthers(code, owner) ? null : (owner.name ?? null);
  }
  const declaration = owner.parent;
  if (!ts.isVariableDeclaration(declaration) || !isConst(declaration) || owner.name !== undefined)
    return null;
  if (!ts.isIdentifier(declaration.name) || declaration.type !== undefined) return null;
  return isExported(declaration) || isSeenByOthers(code, declaration) ? null : declaration.name;
}

/** A plain call whose arguments can be counted, and which gives nothing with an effect for this one. */
function mayDrop(use: TS.Identifier, index: number): boolean {
  const call = use.parent;
  if (!ts.isCallExpression(call) || call.expression !== use) return false;
  if (call.arguments.slice(0, index + 1).some((argument) => ts.isSpreadElement(argument))) return false;
  const argument = call.arguments[index];
  return argument === undefined || isPure(argument);
}

function withoutParameter(code: Code, owner: Function, parameter: TS.ParameterDeclaration): Edit {
  const start = parameter.getStart(code.source);
  // x => 1 has no parentheses that could stay.
  const isBare =
    ts.isArrowFunction(owner) && owner.parameters.length === 1 && !/[(,]\s*$/.test(code.text.slice(0, start));
  return isBare
    ? { from: start, to: parameter.end, text: '()' }
    : cutFromList(code, parameter, owner.parameters);
}
