/** A flag's name as text in any file. */
export interface TextReference {
  /** From 1, as editors count. */
  readonly line: number;
  readonly column: number;
  /** The line, trimmed and shortened. */
  readonly text: string;
  /** Between quotes of its own, as code names things; else a word of a text, such as a comment. */
  readonly quoted: boolean;
}

const mostShown = 120;

/**
 * Finds a name in a text by word rules: between quotes it has to be all of what is quoted, elsewhere it has to stand as a word,
 * where `-`, `.`, `/` and `:` belong to words (`new-checkout` is not in `new-checkout-v2`). A plain English word such as `search` counts only
 * between quotes: in text it means something else.
 */
export function textReferences(text: string, name: string): readonly TextReference[] {
  const found: TextReference[] = [];
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + name.length)) {
    const quoted = isQuoted(text, at, name.length);
    if (!quoted && !(isUnlikeProse(name) && isWord(text, at, name.length))) continue;
    const start = text.lastIndexOf('\n', at - 1) + 1;
    const end = text.indexOf('\n', at);
    found.push({
      line: countLines(text, start),
      column: at - start + 1,
      text: text
        .slice(start, end === -1 ? undefined : end)
        .trim()
        .slice(0, mostShown),
      quoted,
    });
  }
  return found;
}

function isQuoted(text: string, at: number, length: number): boolean {
  const before = text[at - 1];
  return (before === '"' || before === "'" || before === '`') && text[at + length] === before;
}

function isWord(text: string, at: number, length: number): boolean {
  return (
    !/[\w\-.:/$]/.test(text[at - 1] ?? ' ') &&
    !/^(?:[\w$]|[-.:/]\w)/.test(text.slice(at + length, at + length + 2))
  );
}

/** It has a separator or a hump within. */
function isUnlikeProse(name: string): boolean {
  return /[\w][-_.:/][\w]|[a-z][A-Z]/.test(name);
}

function countLines(text: string, offset: number): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
