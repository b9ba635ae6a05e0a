import { shapeOf } from './calls.ts';
import { Exports } from './outside.ts';
import { bare, isSyntaxFile, readCode, walk } from './program.ts';
import { importedAs, staticText } from './static-value.ts';
import { loadSyntax, ts } from './syntax.ts';

/**
 * Names of every flag that JavaScript and TypeScript files ask for, sorted.
 * @throws TealError `parser-missing`
 */
export async function discoverFlags(
  texts: ReadonlyMap<string, string>,
  calls: readonly string[],
): Promise<readonly string[]> {
  const own = new Set(calls);
  const hint =
    /get(?:Boolean|String|Number|Object)(?:Value|Details)|use(?:Suspense)?(?:Boolean|String|Number|Object)?Flag/;
  const asking = [...texts].filter(
    ([file, text]) => isSyntaxFile(file) && (hint.test(text) || calls.some((call) => text.includes(call))),
  );
  if (asking.length === 0) return [];
  await loadSyntax();
  const exports = new Exports(texts);
  const found = new Set<string>();
  for (const [file, text] of asking) {
    const code = readCode(file, text);
    walk(code.source, (node) => {
      if (!ts.isCallExpression(node)) return;
      const [key] = node.arguments;
      const callee = bare(node.expression);
      const isMethod = ts.isPropertyAccessExpression(callee);
      const name = isMethod
        ? callee.name.text
        : ts.isIdentifier(callee)
          ? (importedAs(callee, code)?.name ?? callee.text)
          : null;
      if (key === undefined || name === null || shapeOf(name, isMethod, own) === null) return;
      const flag = staticText(key, code, exports.seenFrom(file));
      if (flag !== null) found.add(flag);
    });
  }
  return [...found].toSorted();
}
