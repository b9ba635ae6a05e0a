import uPlot from 'uplot';
import type { Columns } from './series.ts';

interface Drawing {
  readonly height: number;
  readonly show: (value: number | null) => string;
  /** The scale reaches at least that far. */
  readonly least: number;
}

/** Curves on a canvas; colours as the style sheet has them. */
export function draw(box: HTMLElement, { times, lines }: Columns, { height, show, least }: Drawing): uPlot {
  const colourOf = (name: string): string => colourIn(box, name);
  const axis = {
    stroke: () => colourOf('--faint'),
    grid: { stroke: () => colourOf('--line'), width: 1 },
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: box.clientWidth,
    height,
    // On the right there is room for half of a time of day.
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'teal' }, points: { size: 6 } },
    scales: { y: { range: (_, __, most) => [0, Math.max((most ?? 0) * 1.1, least)] } },
    axes: [
      { ...axis, size: 26, space: 70, font, values: (_, splits) => splits.map(clock) },
      { ...axis, size: 50, font, values: (_, splits) => splits.map((value) => show(value)) },
    ],
    series: [
      {},
      ...lines.map(({ colour, main, label }): uPlot.Series => ({
        label,
        stroke: () => colourOf(`--${colour}`),
        width: main ? 2 : 1,
        alpha: main ? 1 : 0.45,
        ...(label === 'p99' ? { dash: [3, 3] } : {}),
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
  return new uPlot(options, [times, ...lines.map(({ values }) => values)] as uPlot.AlignedData, box);
}

/** A colour of the style sheet. Asked for by its name it would come as it is written, for day and night at once; as the colour of something it is one. */
function colourIn(box: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  box.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const font = '11px system-ui, sans-serif';

/** In UTC, as every other time on the page. */
const clock = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(11, 19);
