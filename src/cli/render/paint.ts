import type { View } from '../shell/terminal.ts';

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

/** Breaks text at its spaces; keeps its own line breaks and indents. @param indent of every line but the first */
export function wrap(text: string, width: number, indent: number): string {
  const hang = ' '.repeat(indent);
  return text
    .split('\n')
    .map((line) => {
      const own = /^ */.exec(line)?.[0] ?? '';
      const room = { width: Math.max(20, width - indent - own.length), indent: own.length };
      return own + flow(line.slice(own.length).split(' '), ' ', room);
    })
    .join('\n')
    .replaceAll('\n', `\n${hang}`);
}
