import type { View } from '../shell/terminal.ts';
import { glyph, pad, paint, widthOf, wrap, type Glyph } from './paint.ts';

/** A label and what it says; a row whose value is null is left out. */
export type Row = readonly [label: string, value: string | null];

export interface Block {
  readonly state: Glyph;
  /** What has happened: one or two words. */
  readonly label: string;
  readonly value: string;
  readonly rows: readonly Row[];
}

/** Two columns of gutter, sixteen of label: the shape of every result. */
export function renderBlock(block: Block, view: View): string {
  const labels = labelWidth(view);
  const head = `${glyph(view, block.state)} ${pad(paint(view, 'bold', block.label), labels)}`;
  const lines = [`${head}${wrap(block.value, view.width, labels + 2)}`];
  for (const [label, value] of block.rows) {
    if (value === null) continue;
    const name = paint(view, 'dim', label);
    const room = widthOf(label) >= labels ? ' ' : '';
    lines.push(`  ${pad(name, labels)}${room}${wrap(value, view.width, labels + 2)}`);
  }
  return lines.join('\n');
}

/** A narrow terminal keeps its columns for the values. */
function labelWidth(view: View): number {
  return view.width >= 60 ? 16 : 11;
}
