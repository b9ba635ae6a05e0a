import { beginsLine, cut, type Edit } from './edit.ts';
import type { Marker } from './marker.ts';
import { cutSpread, isChild, outermostParentheses } from './replace.ts';
import { isTruthy, type Outcome, type Rewriting } from './rule.ts';
import { ts } from './syntax.ts';

/** A known value that shows nothing: a boolean child of an element, or something empty that is spread. */
export function vanish(marker: Marker, { code }: Rewriting): Outcome {
  if (marker.wrapping !== 'value') return null;
  const outer = outermostParentheses(marker.node);
  const { parent } = outer;
  // {...false} adds nothing to an object; in a list it would be an error, and is left to be one.
  if (ts.isSpreadAssignment(parent) && !isTruthy(marker)) return [cutSpread(code, parent)];
  if (ts.isJsxSpreadAttribute(parent) && !isTruthy(marker))
    return [cutAttribute(code.text, parent.getStart(code.source), parent.end)];
  if (!ts.isJsxExpression(parent) || !isChild(parent)) return null;
  if (typeof marker.value !== 'boolean' && marker.value !== null) return null;
  const from = parent.getStart(code.source);
  return keepsSpaces(code.text, from, parent.end) ? [cutChild(code.text, from, parent.end)] : null;
}

function cutAttribute(text: string, from: number, to: number): Edit {
  const space = /\s*$/.exec(text.slice(0, from))?.[0].length ?? 0;
  return { from: from - space, to, text: '' };
}

/** Spaces within a line are text of the page; whole lines are not. */
function cutChild(text: string, from: number, to: number): Edit {
  const rest = /^[ \t]*\r?$/m.exec(text.slice(to));
  return beginsLine(text, from) && rest?.index === 0 ? cut(text, from, to) : { from, to, text: '' };
}

/**
 * JSX drops white space that touches the end of a line and keeps all other. Taking out what stands between them must not make white
 * space that was kept touch a line's end, nor the other way round.
 */
function keepsSpaces(text: string, from: number, to: number): boolean {
  const before = /\s*$/.exec(text.slice(0, from))?.[0] ?? '';
  const after = /^\s*/.exec(text.slice(to))?.[0] ?? '';
  const breaksBefore = before.includes('\n');
  const breaksAfter = after.includes('\n');
  if (breaksBefore && breaksAfter) return true;
  if (breaksBefore) return after === '';
  if (breaksAfter) return before === '';
  return true;
}
