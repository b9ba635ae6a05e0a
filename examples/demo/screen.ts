import { pad, paint, type Style } from '../../src/cli/render/paint.ts';

const columns = 80;
const indent = '   ';
/** A token is a secret and longer than a line: its start is enough to recognise it. */
const token = /([\w~-]{16})[\w.~-]{24,}/g;

/** Where the demo tells its story, line by line: nothing is ever drawn over. */
export class Screen {
  readonly colour: boolean;
  /** Columns that are left for the output of a command. */
  readonly width = columns - indent.length;
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    const { env } = process;
    this.colour = !env['NO_COLOR'] && stream.isTTY && env['TERM'] !== 'dumb';
  }

  line(text = ''): void {
    this.#stream.write(`${text}\n`);
  }

  /** Begins a part of the story. */
  part(title: string): void {
    this.line();
    this.line(this.#in('bold', title));
  }

  /** A command, as it would be typed. */
  command(text: string): void {
    this.line(`${indent}${this.#in('dim', '$')} ${this.#in('bold', text)}`);
  }

  /** What a command has printed: a line of it. */
  output(text: string): void {
    if (text.trim() !== '') this.line(`${indent}${text.replaceAll(token, '$1…')}`);
  }

  /** What the visitors notice. */
  seen(text: string): void {
    this.line(`${indent}${this.#in('cyan', `» ${text}`)}`);
  }

  /** The picture at the end. */
  summary(title: { readonly good: boolean; readonly text: string }, rows: readonly Row[]): void {
    const rule = this.#in('dim', '─'.repeat(columns));
    const mark = title.good ? this.#in('green', '✓') : this.#in('red', '✗');
    this.line();
    this.line(rule);
    this.line(` ${mark} ${this.#in('bold', title.text)}`);
    this.line();
    for (const [label, value, note] of rows) {
      const what = pad(this.#in('bold', value), 28);
      this.line(`   ${pad(this.#in('dim', label), 13)}${what}${this.#in('dim', note ?? '')}`.trimEnd());
    }
    this.line(rule);
  }

  #in(style: Style, text: string): string {
    return paint(this, style, text);
  }
}

/** Label, what was measured, and what that means. */
export type Row = readonly [label: string, value: string, note?: string];
