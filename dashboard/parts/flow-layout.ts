import type { Colour } from '../../src/release/state.ts';
import type { Way } from './flow-shares.ts';

/** Of a way of its own height: its name stands above it. */
const rowPx = 36;
/** Of everyone. */
const widest = 24;
/** Of one in a thousand: still seen. */
const thinnest = 1.5;

/** A way in the picture: where it leaves, passes and ends, from the top. */
export interface Drawn {
  readonly way: Way;
  readonly from: number;
  readonly y: number;
  readonly end: number;
  readonly width: number;
}

export interface Layout {
  readonly drawn: readonly Drawn[];
  readonly nodes: readonly { readonly to: Colour; readonly y: number }[];
  readonly height: number;
}

/** Ways lie beside each other where they leave and where they end, so that their widths add up. */
export function layOut(ways: readonly Way[]): Layout {
  const height = Math.max(2, ways.length) * rowPx + 8;
  const sides = [...new Set(ways.map(({ to }) => to))];
  // The candidate's ways come first, and live's last: as their ends stand, none crosses another.
  const nodes = sides.map((to, index) => ({
    to,
    y: height * (sides.length === 1 ? 0.5 : index === 0 ? 0.28 : 0.74),
  }));
  const widths = ways.map(({ share }) => Math.max(thinnest, share * widest));
  const sum = (of: readonly number[]): number => of.reduce((all, each) => all + each, 0);
  const drawn = ways.map((way, index): Drawn => {
    const width = widths[index] as number;
    const before = (which: (other: Way) => boolean): number =>
      sum(widths.filter((_, at) => at < index && which(ways[at] as Way)));
    const all = (which: (other: Way) => boolean): number =>
      sum(widths.filter((_, at) => which(ways[at] as Way)));
    const same = ({ to }: Way): boolean => to === way.to;
    const every = (): boolean => true;
    const node = nodes.find(({ to }) => to === way.to)?.y ?? height / 2;
    return {
      way,
      width: round(width),
      from: round(height / 2 - all(every) / 2 + before(every) + width / 2),
      y: round((index + 0.62) * (height / ways.length)),
      end: round(node - all(same) / 2 + before(same) + width / 2),
    };
  });
  return { drawn, nodes, height };
}

const round = (value: number): number => Math.round(value * 10) / 10;
