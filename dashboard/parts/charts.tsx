import type { AppStatus, TrafficPoint } from '../../src/control/contract.ts';
import { Chart } from './chart.tsx';
import { latency, percent, rate } from './units.ts';

/** Blue beside green: what people got from each in the last minutes. */
export function Charts({
  points,
  status: { environments },
}: {
  readonly points: readonly TrafficPoint[];
  readonly status: AppStatus;
}) {
  // What was there before, under the same colour, was another version.
  const shown = points.filter(({ colour, version }) => environments[colour]?.version === version);
  if (shown.length === 0)
    return (
      <section class="panel" aria-label="Traffic">
        <h2>Traffic</h2>
        <p class="empty">Nothing was measured yet: curves begin some seconds after the first requests.</p>
      </section>
    );
  return (
    <section class="panel charts" aria-label="Traffic, blue beside green">
      <Chart
        title="Requests a second"
        points={shown}
        show={rate}
        least={1}
        measures={[{ label: 'req/s', main: true, of: ({ requests, seconds }) => requests / seconds }]}
      />
      <Chart
        title="Errors"
        points={shown}
        show={percent}
        least={0.01}
        measures={[
          {
            label: 'failed',
            main: true,
            of: ({ requests, errors }) => (requests === 0 ? null : errors / requests),
          },
        ]}
      />
      <Chart
        title="Time to first byte"
        points={shown}
        show={latency}
        least={0.01}
        measures={[
          { label: 'p50', main: false, of: ({ p50 }) => p50 },
          { label: 'p95', main: true, of: ({ p95 }) => p95 },
          { label: 'p99', main: false, of: ({ p99 }) => p99 },
        ]}
      />
    </section>
  );
}
