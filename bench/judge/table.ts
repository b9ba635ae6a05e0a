/** The figures as one table for people: pure. */
import { healthyOf, interval, percent, upper, type Row } from './figures.ts';

const head = [
  '',
  'runs',
  'rolled back (95 % interval)',
  'after, median',
  'harmed requests: mean',
  'median',
  'live after',
];

export function tableOf(rows: readonly Row[]): string {
  const lines: string[] = [];
  for (const scenario of new Set(rows.map((row) => row.scenario))) {
    const own = rows.filter((row) => row.scenario === scenario);
    lines.push('', scenario, ...aligned([head, ...own.map(cells)]));
  }
  const { falsely, runs } = healthyOf(rows);
  lines.push(
    '',
    `False rollbacks of healthy releases by Teal's default ramp: ${falsely} of ${runs}, at most ${percent(upper(falsely, runs, 0.95))} (95 %, one-sided)`,
  );
  return lines.join('\n');
}

function cells(row: Row): readonly string[] {
  const [low, high] = interval(row.back, row.runs);
  const early = row.falsely > 0 && row.falsely !== row.back ? `, ${row.falsely} before any harm` : '';
  return [
    `  ${row.rule}`,
    String(row.runs),
    `${percent(row.back / row.runs)} (${percent(low)}–${percent(high)})${early}`,
    row.seconds ? time(row.seconds.median) : '–',
    count(row.harmed.mean),
    count(row.harmed.median),
    row.promoted.minutes === null ? '–' : `${row.promoted.minutes.toFixed(0)} min (${row.promoted.runs})`,
  ];
}

const time = (seconds: number): string =>
  seconds < 120 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
const count = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
