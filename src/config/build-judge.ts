import { buildMetric } from './build-metrics.ts';
import type { JudgePolicy } from './config.ts';
import type { ExposePolicy, StepJudge, WithoutEvidence } from './release.ts';
import type { JudgeInput } from './schema-judge.ts';

/** @param base the folder of teal.yaml */
export function buildJudge(judge: JudgeInput, base: string): JudgePolicy | null {
  if (judge === null) return null;
  const { tick, alpha, beta, limit } = judge;
  return {
    tickMs: tick,
    alpha,
    beta,
    limits: limit,
    metrics: judge.metrics.map((metric) => buildMetric(metric, base)),
  };
}

/** Of a step that goes on by time, when nothing is said. */
const timeMs = 600_000;

export interface ExposeInput {
  readonly for?: number | undefined;
  readonly judge?: StepJudge | undefined;
  readonly 'without-evidence'?: WithoutEvidence | undefined;
}

type Timing = Pick<ExposePolicy, 'forMs' | 'judge' | 'atMostMs' | 'withoutEvidence'>;

/** When a step goes on, and by what. A time that somebody gives is kept: the judge never makes it shorter. */
export function buildTiming(step: ExposeInput, app: JudgeInput): Timing {
  if (app === null) return { forMs: step.for ?? timeMs };
  const judge = step.judge ?? (step.for === undefined ? 'on' : 'hold');
  if (judge !== 'on') return { forMs: step.for ?? timeMs, judge };
  const forMs = Math.max(step.for ?? 0, app.min);
  const withoutEvidence = step['without-evidence'] ?? 'ask';
  return { forMs, judge, atMostMs: Math.max(forMs, app.max), withoutEvidence };
}
