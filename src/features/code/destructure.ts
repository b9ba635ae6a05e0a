import { markerText, type Marker } from './marker.ts';
import type { Code } from './program.ts';
import { inlineName } from './inline.ts';
import { cutFromList } from './replace.ts';
import type { Outcome, Rewriting } from './rule.ts';
import { isPromiseAll } from './simplify.ts';
import { removeStatement } from './statements.ts';
import { ts, type TS } from './syntax.ts';

/** Patterns that take the flag's value apart from what it came with. */
export function destructure(marker: Marker, { code }: Rewriting): Outcome {
  return marker.wrapping === 'details' ? details(marker, code) : element(marker, code);
}

/** `const { value: on } = <details>` → `const on = <the value>`. */
function details(marker: Marker, code: Code): Outcome {
  const declaration = marker.node.parent;
  if (!ts.isVariableDeclaration(declaration) || declaration.initializer !== marker.node) return null;
  if (!ts.isObjectBindingPattern(declaration.name)) return null;
  const [only, more] = declaration.name.elements;
  if (only === undefined || more !== undefined || only.dotDotDotToken !== undefined) return null;
  if ((only.propertyName ?? only.name).getText(code.source) !== 'value' || !ts.isIdentifier(only.name))
    return null;
  const text = `${only.name.text} = ${markerText('value', marker.value, marker.seed)}`;
  return [{ from: declaration.getStart(code.source), to: declaration.end, text }];
}

/** `const [on, user] = await Promise.all([<the value>, load()])` → `const [user] = await Promise.all([load()])`, with the value where `on` was. */
function element(marker: Marker, code: Code): Outcome {
  const list = marker.node.parent;
  if (!ts.isArrayLiteralExpression(list)) return null;
  if (isHookDependency(list)) return [cutFromList(code, marker.node, list.elements)];
  const declaration = declarationOf(list);
  if (declaration === null || !ts.isArrayBindingPattern(declaration.name)) return null;
  const index = list.elements.indexOf(marker.node);
  if (
    list.elements.slice(0, index + 1).some((each) => ts.isSpreadElement(each) || ts.isOmittedExpression(each))
  )
    return null;
  const bound = declaration.name.elements[index];
  if (bound === undefined || !ts.isBindingElement(bound) || !ts.isIdentifier(bound.name)) return null;
  if (bound.dotDotDotToken !== undefined || bound.initializer !== undefined) return null;
  const uses = inlineName(code, bound.name, declaration, marker);
  if (uses === null) return null;
  if (list.elements.length === 1) {
    const statement = declaration.parent.parent;
    const alone = ts.isVariableStatement(statement) && statement.declarationList.declarations.length === 1;
    return alone && declaration.name.elements.length === 1
      ? [...uses, removeStatement(code, statement)]
      : null;
  }
  return [
    ...uses,
    cutFromList(code, bound, declaration.name.elements),
    cutFromList(code, marker.node, list.elements),
  ];
}

/** The declaration that takes this list apart, also after `await Promise.all(…)`. */
function declarationOf(list: TS.ArrayLiteralExpression): TS.VariableDeclaration | null {
  let at: TS.Node = list.parent;
  if (isPromiseAll(at)) {
    if (!ts.isAwaitExpression(at.parent)) return null;
    at = at.parent.parent;
  }
  return ts.isVariableDeclaration(at) && ts.isVariableStatement(at.parent.parent) ? at : null;
}

/** What a React hook watches: a value that never changes is nothing to watch. */
function isHookDependency(list: TS.ArrayLiteralExpression): boolean {
  const call = list.parent;
  if (!ts.isCallExpression(call) || call.arguments.indexOf(list) < 1) return false;
  const callee = ts.isPropertyAccessExpression(call.expression) ? call.expression.name : call.expression;
  return (
    ts.isIdentifier(callee) &&
    /^use(?:Effect|LayoutEffect|InsertionEffect|Memo|Callback|ImperativeHandle)$/.test(callee.text)
  );
}
