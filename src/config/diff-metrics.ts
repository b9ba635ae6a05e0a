import type { App } from './config.ts';
import type { EnvironmentValue } from './environment-value.ts';
import type { MetricPolicy } from './metrics.ts';
import { formatDuration } from './units.ts';

type Entries = readonly (readonly [key: string, value: string])[];

/** The custom metrics of an app for a comparison, by their path. */
export function metricKeys({ judge }: App): readonly [string, string][] {
  return (judge?.metrics ?? []).flatMap((metric) =>
    [...ofSource(metric), ...ofLimits(metric), ...ofTimes(metric)].map(([key, value]): [string, string] => [
      `judge.metrics.${metric.name}.${key}`,
      value,
    ]),
  );
}

function ofSource({ source }: MetricPolicy): Entries {
  const { kind, url, headers } = source;
  return [
    [`${kind}.url`, url],
    source.kind === 'http' ? ['http.path', source.path] : ['prometheus.query', source.query],
    ...Object.entries(headers).map(([name, value]) => [`${kind}.headers.${name}`, told(value)] as const),
  ];
}

const told = (value: EnvironmentValue): string =>
  value.kind === 'secret' ? `secret ${value.source}:${value.name}` : JSON.stringify(value.value);

function ofLimits({ limits }: MetricPolicy): Entries {
  const { max, min, maxRatio, minRatio, floor } = limits;
  const given = (key: string, value: number | null): Entries => (value === null ? [] : [[key, `${value}`]]);
  return [
    ...given('max', max),
    ...given('min', min),
    ...given('max-ratio', maxRatio),
    ...given('min-ratio', minRatio),
    ['floor', `${floor}`],
  ];
}

const ofTimes = (metric: MetricPolicy): Entries => [
  ['interval', formatDuration(metric.intervalMs)],
  ['window', formatDuration(metric.windowMs)],
  ['failures', `${metric.failures}`],
  ['delay', formatDuration(metric.delayMs)],
  ['timeout', formatDuration(metric.timeoutMs)],
  ['no-data', metric.noData],
  ['dry-run', `${metric.dryRun}`],
];
