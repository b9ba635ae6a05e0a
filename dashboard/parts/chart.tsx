import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import type { draw } from './plot.ts';
import type { TrafficPoint } from '../../src/control/contract.ts';
import { Colour } from './colour.tsx';
import { columnsOf, latest, type Columns, type Measure } from './series.ts';
import { StillChart } from './still-chart.tsx';

const height = 132;

interface Props {
  readonly title: string;
  readonly points: readonly TrafficPoint[];
  readonly measures: readonly Measure[];
  readonly show: (value: number | null) => string;
  /** The scale reaches at least that far: what is next to nothing shall not look like much. */
  readonly least: number;
}

/** A curve of each environment with what it has come to; drawn as a picture until the script that draws it live is there. */
export function Chart({ title, points, measures, show, least }: Props) {
  const columns = columnsOf(points, measures);
  const box = useRef<HTMLDivElement>(null);
  const live = useLive(box, columns, { height, show, least });
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <Legend columns={columns} measures={measures} show={show} />
      </figcaption>
      <div ref={box} class="plot" aria-hidden="true">
        {live ? null : <StillChart columns={columns} height={height} />}
      </div>
    </figure>
  );
}

const Legend = ({
  columns,
  measures,
  show,
}: Pick<Props, 'measures' | 'show'> & { readonly columns: Columns }) => {
  const colours = [...new Set(columns.lines.map(({ colour }) => colour))];
  return (
    <table class="legend">
      <thead class={measures.length === 1 ? 'hidden' : ''}>
        <tr>
          <td />
          {measures.map(({ label }) => (
            <th scope="col" key={label}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {colours.map((colour) => (
          <tr key={colour}>
            <th scope="row">
              <Colour of={colour} />
            </th>
            {measures.map(({ label, main }) => (
              <td key={label} class={main ? 'main' : ''}>
                {show(latest(columns, colour, label))}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
};

/** Draws with uPlot, which is loaded when there is a curve to draw. @returns whether it does */
function useLive(
  box: { readonly current: HTMLDivElement | null },
  columns: Columns,
  drawing: Parameters<typeof draw>[2],
): boolean {
  const plot = useRef<uPlot | null>(null);
  const [live, set] = useState(false);
  const shape = columns.lines.map(({ colour, label }) => `${colour} ${label}`).join();
  const newest = useRef(columns);
  newest.current = columns;
  useEffect(() => {
    let gone = false;
    let watching: ResizeObserver | null = null;
    void import('./plot.ts').then((drawn) => {
      if (gone || box.current === null) return;
      set(true);
      const target = box.current;
      plot.current = drawn.draw(target, newest.current, drawing);
      watching = new ResizeObserver(() => plot.current?.setSize({ width: target.clientWidth, height }));
      watching.observe(target);
    });
    return () => {
      gone = true;
      watching?.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData([columns.times, ...columns.lines.map(({ values }) => values)] as uPlot.AlignedData);
  }, [columns.times.at(-1)]);
  return live;
}
