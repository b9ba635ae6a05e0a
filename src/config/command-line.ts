/** A command line taken apart, or why it cannot be: Teal starts programs without a shell in between. */
export type Words =
  | { readonly words: readonly string[] }
  | { readonly shell: string }
  | { readonly unclosed: string };

/** Means something to a shell outside quotes; without a shell it would silently be an argument. */
const operators = new Set(['|', '&', ';', '<', '>', '`', '\n']);

/**
 * Splits at blanks, as a POSIX shell does: '…' takes everything as it is, "…" all but \" and \\, a backslash takes
 * the next character as it is. Nothing is expanded; what would need a shell is told instead of passed on.
 */
export function splitCommand(line: string): Words {
  const words: string[] = [];
  let word: string | null = null;
  let at = 0;
  while (at < line.length) {
    const char = line.charAt(at);
    if (/[ \t]/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
      at++;
      continue;
    }
    const part: Part = take(line, at);
    if (typeof part === 'object' && 'text' in part) {
      word = (word ?? '') + part.text;
      at = part.end;
    } else return part;
  }
  if (word !== null) words.push(word);
  return { words };
}

type Part = { readonly text: string; readonly end: number } | Exclude<Words, { words: unknown }>;

/** The next piece of a word: a quoted stretch, an escaped character, or one character. */
function take(line: string, at: number): Part {
  const char = line.charAt(at);
  if (char === "'") {
    const end = line.indexOf("'", at + 1);
    return end === -1 ? { unclosed: char } : { text: line.slice(at + 1, end), end: end + 1 };
  }
  if (char === '"') return quoted(line, at + 1);
  if (char === '\\') return at + 1 < line.length ? escaped(line, at) : { unclosed: char };
  if (operators.has(char) || expands(line, at)) return { shell: char };
  return { text: char, end: at + 1 };
}

function quoted(line: string, start: number): Part {
  let text = '';
  let at = start;
  while (at < line.length) {
    const char = line.charAt(at);
    if (char === '"') return { text, end: at + 1 };
    if (char === '`' || expands(line, at)) return { shell: char };
    const literal = char === '\\' && /["\\$`]/.test(line.charAt(at + 1));
    text += literal ? line.charAt(at + 1) : char;
    at += literal ? 2 : 1;
  }
  return { unclosed: '"' };
}

function escaped(line: string, at: number): Part {
  return { text: line.charAt(at + 1), end: at + 2 };
}

function expands(line: string, at: number): boolean {
  return line.charAt(at) === '$' && /[A-Za-z_{(]/.test(line.charAt(at + 1));
}

/** One line that `splitCommand` takes apart into the same words. */
export function joinCommand(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
