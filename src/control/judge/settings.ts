import type { JudgePolicy } from '../../config/config.ts';
import type { Count } from '../../judge/facts.ts';
import { defaults, totalGuard, type Metric, type Settings } from '../../judge/settings.ts';
import type { Judging } from '../../release/judging.ts';
import { other } from '../../release/state.ts';

/** What a tick is judged by beside its counts; kept with it, so that it can be judged again. */
export interface Frame {
  readonly cohort: Judging['cohort'];
  readonly minSeconds: number;
  readonly maxSeconds: number;
}

/** Of a whole release, fixed before anybody was exposed. */
export interface Ground {
  readonly candidate: Judging['candidate'];
  readonly policy: Pick<JudgePolicy, 'alpha' | 'beta' | 'limits'>;
  readonly before: Count;
}

/** How a release is judged at one moment: the defaults, with what teal.yaml says otherwise. */
export const settingsOf = ({ candidate, policy, before }: Ground, frame: Frame): Settings => ({
  ...defaults,
  ...frame,
  names: { candidate, live: other(candidate) },
  alpha: policy.alpha,
  beta: policy.beta,
  metrics: defaults.metrics.map((metric) => limited(metric, policy.limits)),
  total: guardOf(before),
});

export const frameOf = ({ cohort, minMs, maxMs }: Judging): Frame => ({
  cohort,
  minSeconds: minMs / 1000,
  maxSeconds: maxMs / 1000,
});

const limited = (metric: Metric, limits: Ground['policy']['limits']): Metric =>
  metric.kind === 'event' ? { ...metric, limit: limits[metric.id] ?? null } : metric;

/** Where nothing is known of before, an outage is seen all the same; but a rate that may be usual freezes nothing. */
function guardOf(before: Count): Settings['total'] {
  const guard = totalGuard(before);
  return before.exposed > 0 ? guard : { ...guard, freeze: guard.limit };
}
