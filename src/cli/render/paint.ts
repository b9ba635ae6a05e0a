import type { View } from '../shell/terminal.ts';
import { briefs } from '../text.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan';

const codes: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
};

/** Text in a style, or as it is where there are no colours. Colour never carries a meaning that the words lack. */
export function paint(view: Pick<View, 'colour'>, style: Style, text: string): string {
  if (!view.colour || text === '') return text;
  const [on, off] = codes[style];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}

export type Glyph = 'ok' | 'warn' | 'failed' | 'going';

/** One glyph for a state, with the same meaning everywhere. */
export function glyph(view: Pick<View, 'colour'>, state: Glyph): string {
  switch (state) {
    case 'ok':
      return paint(view, 'green', '✓');
    case 'warn':
      return paint(view, 'yellow', '!');
    case 'failed':
      return paint(view, 'red', '✗');
    case 'going':
      return paint(view, 'cyan', '…');
  }
}

// oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
const escapes = /\x1b\[[0-9;]*m/g;

/** Columns a text takes, styles not counted. */
export function widthOf(text: string): number {
  return Array.from(text.replaceAll(escapes, '')).length;
}

/** Pads to a width, styles not counted. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/**
 * Breaks pieces into lines that fit, each piece kept whole: a command or a URL must stay one piece to be copied.
 * @param room columns for each line, and the indent of every line but the first
 */
export function flow(
  pieces: readonly string[],
  gap: string,
  room: { width: number; indent: number },
): string {
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces) {
    const longer = line === '' ? piece : `${line}${gap}${piece}`;
    if (line !== '' && widthOf(longer) > room.width) {
      lines.push(line);
      line = piece;
    } else line = longer;
  }
  lines.push(line);
  return lines.map((each, index) => (index === 0 ? each : ' '.repeat(room.indent) + each)).join('\n');
}

/** Breaks text at its spaces, but not those of commands; keeps its own line breaks and indents. @param indent of every line but the first */
export function wrap(text: string, width: number, indent: number): string {
  const hang = ' '.repeat(indent);
  return text
    .split('\n')
    .map((line) => {
      const own = /^ */.exec(line)?.[0] ?? '';
      const room = { width: Math.max(20, width - indent - own.length), indent: own.length };
      return own + flow(wordsOf(line.slice(own.length)), ' ', room);
    })
    .join('\n')
    .replaceAll('\n', `\n${hang}`);
}

/** What brings a missing package, or mends a file; and all that `teal` can be asked. */
const others: ReadonlySet<string> = new Set(['npm', 'npx', 'chmod']);
const own: ReadonlySet<string> = new Set(Object.keys(briefs).map((name) => name.split(' ', 1)[0] ?? name));

/** What follows a command in a sentence, and is an argument of none. */
const prose: ReadonlySet<string> = new Set(
  'and anew as does for has in is it makes may of or says shows so that then there to when where which who writes'.split(
    ' ',
  ),
);

/** The words of a line, each command one of them: broken into lines it could not be copied. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  const given = line.split(' ');
  let command = '';
  for (const [index, word] of given.entries()) {
    const goesOn = isQuoting(command) || (command !== '' && !prose.has(word) && !word.startsWith('('));
    if (goesOn) words[words.length - 1] = `${words.at(-1)} ${word}`;
    else words.push(word);
    const begins = !goesOn && isCommand(word, given[index + 1]);
    command = goesOn || begins ? (words.at(-1) ?? '') : '';
    if (goesOn && !isQuoting(command) && endsClause.test(word)) command = '';
  }
  return words;
}

const isQuoting = (command: string): boolean => command.split('"').length % 2 === 0;

/** A dot alone is a folder. */
const endsClause = /[^.\s][,;:.)]+$/;

function isCommand(word: string, next = ''): boolean {
  const name = word.replaceAll(escapes, '').replace(/^\(/, '');
  return others.has(name) || (name === 'teal' && own.has(next.replace(/\W+$/, '')));
}
