import type { Columns } from './series.ts';

const width = 640;

/** The same curves as a picture, for who has no scripts. */
export function StillChart({
  columns: { times, lines },
  height,
}: {
  readonly columns: Columns;
  readonly height: number;
}) {
  const [from, to] = [times[0] ?? 0, times.at(-1) ?? 1];
  const most = Math.max(1e-9, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" class="still">
      {lines.map(({ colour, label, main, values }) => (
        <polyline
          key={`${colour} ${label}`}
          class={`${colour} ${main ? 'main' : 'around'}`}
          points={values
            .flatMap((value, index) => {
              const x = to === from ? 0 : (((times[index] ?? 0) - from) / (to - from)) * width;
              return value === null
                ? []
                : [`${x.toFixed(1)},${(height - 2 - (value / most) * (height - 10)).toFixed(1)}`];
            })
            .join(' ')}
        />
      ))}
    </svg>
  );
}
