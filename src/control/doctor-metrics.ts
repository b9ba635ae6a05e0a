import type { MetricPolicy } from '../config/metrics.ts';
import { ask, type Asker } from '../metrics/custom/ask.ts';
import { valuesOf, type Side } from '../metrics/custom/custom-metrics.ts';
import type { AppState } from '../release/state.ts';
import type { Check } from './contract.ts';
import { settingsOf } from './doctor-audiences.ts';

export interface MetricsDoctor extends Asker {
  readonly states: readonly AppState[];
}

/** Asks each custom metric once, for what is live: whether it can be asked at all is better known before a release hangs on it. */
export async function metricChecks({ states, ...asker }: MetricsDoctor): Promise<readonly Check[]> {
  return await Promise.all(
    states.flatMap((state) =>
      state.config === null
        ? []
        : (settingsOf(state, state.config).judge?.metrics ?? []).map((metric) =>
            metricCheck(state, metric, asker),
          ),
    ),
  );
}

async function metricCheck(state: AppState, metric: MetricPolicy, asker: Asker): Promise<Check> {
  const { app, live, releases } = state;
  const version = live === null ? undefined : state.environments[live]?.version;
  // With nothing live yet there is no number to be had, but somebody to answer.
  const side: Side = { environment: live ?? 'blue', version: version ?? 'none' };
  const values = valuesOf({ app, release: `${app}-${releases}` }, side);
  const reading = await ask(metric, values, asker, new AbortController().signal);
  const name = `${app} ${metric.name}`;
  const { environment } = side;
  if (reading.kind === 'value')
    return { name, state: 'ok', says: `${reading.value} on ${environment}`, remedy: null };
  if (reading.kind === 'empty' && live === null)
    return { name, state: 'ok', says: `answers; nothing is live yet (${reading.why})`, remedy: null };
  const says = `no number for ${environment}: ${reading.why}`;
  const remedy =
    reading.kind === 'empty'
      ? `look whether it finds something for ${environment} and ${side.version}: judge.metrics`
      : 'look whether it answers from this machine: judge.metrics';
  return { name, state: 'warning', says, remedy };
}
