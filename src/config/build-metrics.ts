import { resolve } from 'node:path';
import type { EnvironmentValue } from './environment-value.ts';
import type { MetricHeaders, MetricPolicy, MetricSource } from './metrics.ts';
import type { MetricInput } from './schema-metrics.ts';

/** @param base the folder that relative paths start from */
export function buildMetric(metric: MetricInput, base: string): MetricPolicy {
  return {
    name: metric.name,
    source: sourceOf(metric, base),
    limits: {
      max: metric.max ?? null,
      min: metric.min ?? null,
      maxRatio: metric['max-ratio'] ?? null,
      minRatio: metric['min-ratio'] ?? null,
      floor: metric.floor,
    },
    intervalMs: metric.interval,
    windowMs: metric.window,
    delayMs: metric.delay,
    timeoutMs: metric.timeout,
    failures: metric.failures,
    noData: metric['no-data'],
    dryRun: metric['dry-run'],
  };
}

function sourceOf({ name, prometheus, http }: MetricInput, base: string): MetricSource {
  if (prometheus !== undefined)
    return { kind: 'prometheus', ...prometheus, headers: headersOf(prometheus.headers, base) };
  if (http !== undefined) return { kind: 'http', ...http, headers: headersOf(http.headers, base) };
  throw new Error(`metric ${name} has no source: semantics-metrics.ts has let it pass`);
}

function headersOf(headers: Readonly<Record<string, EnvironmentValue>>, base: string): MetricHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value.kind === 'secret' && value.source === 'file'
        ? { ...value, name: resolve(base, value.name) }
        : value,
    ]),
  );
}
