import type { OverviewApp } from '../../src/control/contract.ts';

const width = 120;
const height = 28;

/** Requests as an area, and errors as bars from the top. */
export function Sparkline({ curve }: { readonly curve: OverviewApp['pulse']['curve'] }) {
  if (curve.length < 2) return <div class="spark" aria-hidden="true" />;
  const most = Math.max(1e-9, ...curve.map(({ rate }) => rate));
  const x = (index: number): number => round((index / (curve.length - 1)) * width);
  const points = curve.map(
    ({ rate }, index) => `${x(index)},${round(height - (rate / most) * (height - 2))}`,
  );
  const worst = Math.max(...curve.map(({ errors }) => errors));
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Requests in the last minutes; at worst ${Math.round(worst * 100)} % failed`}
    >
      <polygon class="area" points={`0,${height} ${points.join(' ')} ${width},${height}`} />
      <polyline class="line" points={points.join(' ')} />
      {curve.map(({ errors }, index) =>
        errors === 0 ? null : (
          <rect
            key={index}
            class="errors"
            x={x(index) - 1.5}
            y={0}
            width={3}
            height={round(Math.max(2, Math.min(1, errors * 4) * height))}
          />
        ),
      )}
    </svg>
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;
