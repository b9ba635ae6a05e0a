import type { TrafficPoint } from '../../src/control/contract.ts';
import type { Colour } from '../../src/release/state.ts';

/** Times in seconds since the epoch, and a value of each environment for each of them; null: nothing is known. */
export interface Columns {
  readonly times: readonly number[];
  readonly lines: readonly Line[];
}

interface Line {
  readonly colour: Colour;
  readonly label: string;
  /** The one that is read; the others are around it. */
  readonly main: boolean;
  readonly values: readonly (number | null)[];
}

export interface Measure {
  readonly label: string;
  readonly main: boolean;
  readonly of: (point: TrafficPoint) => number | null;
}

const colours: readonly Colour[] = ['blue', 'green'];
/** Two environments are read at once, and points of one look have one time. */
const gapSeconds = 25;

/** By time, blue before green; where looks are far apart the curve is cut rather than drawn through what nobody saw. */
export function columnsOf(points: readonly TrafficPoint[], measures: readonly Measure[]): Columns {
  const times: number[] = [];
  const rows: (ReadonlyMap<Colour, TrafficPoint> | null)[] = [];
  for (const [at, group] of Map.groupBy(points, (point) => point.at)) {
    const before = times.at(-1);
    if (before !== undefined && at / 1000 - before > gapSeconds) {
      times.push(before + 1);
      rows.push(null);
    }
    times.push(at / 1000);
    rows.push(new Map(group.map((point) => [point.colour, point])));
  }
  const present = colours.filter((colour) => points.some((point) => point.colour === colour));
  const lines = present.flatMap((colour) =>
    measures.map(({ label, main, of }): Line => ({
      colour,
      label,
      main,
      values: rows.map((row) => {
        const point = row?.get(colour);
        return point === undefined ? null : of(point);
      }),
    })),
  );
  return { times, lines };
}

/** How long back the number beside a curve looks. */
const lately = 15;

/** What a line has come to: the mean of its last moments, so that it can be read. */
export function latest({ times, lines }: Columns, colour: Colour, label: string): number | null {
  const end = times.at(-1) ?? 0;
  const line = lines.find((each) => each.colour === colour && each.label === label);
  const values = (line?.values ?? []).filter(
    (value, index): value is number => value !== null && end - (times[index] ?? 0) < lately,
  );
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
