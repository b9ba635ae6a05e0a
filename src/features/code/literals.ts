import { walk, type Code } from './program.ts';
import { ts } from './syntax.ts';

const known = new WeakMap<Code, (offset: number) => boolean>();

/** Whether an offset lies inside a literal of several lines, where white space is part of what the program says. */
export function literalsOf(code: Code): (offset: number) => boolean {
  const remembered = known.get(code);
  if (remembered !== undefined) return remembered;
  const ranges: { readonly from: number; readonly to: number }[] = [];
  walk(code.source, (node) => {
    const isPart =
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddle(node) ||
      ts.isTemplateTail(node);
    if (!isPart) return;
    const from = node.getStart(code.source);
    if (code.text.slice(from, node.end).includes('\n')) ranges.push({ from, to: node.end });
  });
  const inside = (offset: number): boolean => ranges.some(({ from, to }) => offset > from && offset < to);
  known.set(code, inside);
  return inside;
}
