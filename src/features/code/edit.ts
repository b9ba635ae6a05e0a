/** One replacement in a text: what lies in `from … to` becomes `text`. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Applies what does not overlap; the rest is for another look at the new text. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const { from, to, text: put } of edits.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (from < at) continue;
    result += text.slice(at, from) + put;
    at = to;
  }
  return result + text.slice(at);
}

/** Whether all of one group can be applied beside those that were chosen before. */
export function fits(chosen: readonly Edit[], group: readonly Edit[]): boolean {
  return group.every(({ from, to }) =>
    chosen.every((other) => to <= other.from || from >= other.to || (from === to && from === other.from)),
  );
}

/** The white space that the line of this offset begins with. */
export function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}

/** Nothing but white space stands before it on its line. */
export function beginsLine(text: string, offset: number): boolean {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return text.slice(start, offset).trim() === '';
}

/** Takes a range out; with its lines where nothing else is on them, and with one of two blank lines that would meet. */
export function cut(text: string, from: number, to: number): Edit {
  const lineEnd = endOfLine(text, to);
  if (!beginsLine(text, from) || text.slice(to, lineEnd).trim() !== '') {
    // Within a line the space in front of it goes along.
    const space = /[ \t]+$/.exec(text.slice(0, from))?.[0].length ?? 0;
    const before = text[from - space - 1];
    const swallowed = before === undefined || before === '\n' ? 0 : space;
    return { from: from - swallowed, to, text: '' };
  }
  const start = text.lastIndexOf('\n', from - 1) + 1;
  const end = Math.min(text.length, lineEnd + 1);
  const before = text.slice(0, start);
  const after = text.slice(end, end + 200);
  const blankAfter = /^[ \t]*\r?\n/.exec(after)?.[0].length ?? 0;
  const blankBefore = /\n([ \t]*\r?\n)$/.exec(before)?.[1]?.length ?? 0;
  // A blank line at the end of a block is one too many as well.
  if (/^[ \t]*[)}\]]/.test(after)) return { from: start - blankBefore, to: end, text: '' };
  if (start === 0 || /(?:\{|\n)[ \t]*\r?\n$/.test(before))
    return { from: start, to: end + blankAfter, text: '' };
  return { from: start, to: end, text: '' };
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end;
}

/** The offset of the comma that follows, white space and comments skipped; -1 when something else does. */
function commaAfter(text: string, offset: number): number {
  const found = /^(?:\s|\/\/.*|\/\*[\s\S]*?\*\/)*,/.exec(text.slice(offset));
  return found === null ? -1 : offset + found[0].length - 1;
}

/** Takes one element out of a list between commas. Offsets are of the element, and of the end of the one before it. */
export function cutElement(
  text: string,
  element: { start: number; end: number },
  before: number | null,
): Edit {
  const comma = commaAfter(text, element.end);
  if (comma === -1) {
    if (before !== null) return { from: before, to: element.end, text: '' };
    return cut(text, element.start, element.end);
  }
  const edit = cut(text, element.start, comma + 1);
  if (edit.from < element.start && beginsLine(text, element.start)) return edit;
  const space = /^[ \t]*/.exec(text.slice(comma + 1))?.[0].length ?? 0;
  return { from: element.start, to: comma + 1 + space, text: '' };
}

/**
 * Moves the lines after the first from one indent to another.
 * @param fixed whether the line that begins at this offset of `text` lies inside a literal, which no indent may change
 */
export function reindent(
  text: string,
  indents: { readonly from: string; readonly to: string },
  fixed: (offset: number) => boolean,
): string {
  if (indents.from === indents.to) return text;
  let result = '';
  let at = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (index > 0) result += '\n';
    const movable = index > 0 && line.startsWith(indents.from) && line.trim() !== '' && !fixed(at);
    result += movable ? indents.to + line.slice(indents.from.length) : line;
    at += line.length + 1;
  }
  return result;
}
