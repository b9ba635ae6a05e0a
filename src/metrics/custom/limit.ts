/**
 * What follows from the numbers of one metric: a pure function of its settings and what was found so far.
 *
 * Each look asks for the candidate and, where live matters, for live at the same moment. What is compared is the mean over the looks of
 * the last `window`; a ratio is that of the means over the looks which found both. A look without a number for the candidate neither adds to nor
 * ends a row of looks beyond a limit. This is a rule beside the statistics: a fixed limit looked at again and again, without an error guarantee.
 */
import type { MetricPolicy } from '../../config/metrics.ts';
import type { Rule } from '../../judge/facts.ts';
import type { Reading } from './reading.ts';

/** What was found at one moment. */
export interface Look {
  /** Milliseconds of a clock that cannot jump. */
  readonly at: number;
  readonly candidate: Reading;
  /** Null: there is nobody on live to ask about, or it does not matter. */
  readonly live: Reading | null;
}

export interface Found {
  /** Those of the window, oldest first; the last one even when it is older. */
  readonly looks: readonly Look[];
  /** Looks in a row beyond a limit, */
  readonly beyond: number;
  /** and without a number for the candidate. */
  readonly missing: number;
}

export const nothingFound: Found = { looks: [], beyond: 0, missing: 0 };

/** For sentences. */
export interface Names {
  readonly candidate: string;
  readonly live: string;
}

/** With one more look. */
export function found(policy: MetricPolicy, before: Found, look: Look): Found {
  const looks = [...before.looks.filter(({ at }) => at > look.at - policy.windowMs), look];
  if (look.candidate.kind !== 'value') return { ...before, looks, missing: before.missing + 1 };
  const { outcome } = compared(policy, looks);
  const beyond = outcome === 'fail' ? before.beyond + 1 : outcome === 'pass' ? 0 : before.beyond;
  return { looks, beyond, missing: 0 };
}

/** The rule as it stands. @param now on the clock of the looks */
export function ruleOf(policy: MetricPolicy, state: Found, names: Names, now: number): Rule {
  const rule = { name: policy.name, ...standing(policy, state, names, now) };
  if (!policy.dryRun) return rule;
  const would = { pass: 'passes', fail: 'would fail', inconclusive: 'would be inconclusive' }[rule.outcome];
  return { ...rule, outcome: 'pass', says: `dry run, ${would}: ${rule.says}` };
}

type Standing = Pick<Rule, 'outcome' | 'says'>;

function standing(policy: MetricPolicy, state: Found, names: Names, now: number): Standing {
  const last = state.looks.at(-1);
  if (last === undefined) return { outcome: 'inconclusive', says: 'not asked yet' };
  const { failures } = policy;
  // Twice the interval: a look takes time, and one that is late is no reason to forget the one before.
  const recent = state.looks.filter(
    ({ at }) => at > now - Math.max(policy.windowMs, 2 * policy.intervalMs + policy.timeoutMs),
  );
  const has = recent.some(({ candidate }) => candidate.kind === 'value');
  if (state.beyond >= failures)
    return { outcome: 'fail', says: said(compared(policy, state.looks), names, state) };
  if (!has || (policy.noData === 'fail' && state.missing >= failures))
    return without(policy, state, last, names);
  const comparison = compared(policy, recent);
  const outcome = comparison.outcome === 'fail' ? 'inconclusive' : comparison.outcome;
  return { outcome, says: said(comparison, names, { ...state, of: failures }) };
}

function without({ noData, failures }: MetricPolicy, { missing }: Found, last: Look, names: Names): Standing {
  const { candidate } = last;
  const why = candidate.kind === 'value' ? 'nothing for a while' : candidate.why;
  const says = `no number for ${names.candidate}: ${why}`;
  if (noData === 'fail')
    return missing >= failures
      ? { outcome: 'fail', says: `${says}, ${missing} times in a row` }
      : { outcome: 'inconclusive', says: `${says}, ${missing} of ${failures} times in a row` };
  return { outcome: noData === 'pass' && candidate.kind === 'empty' ? 'pass' : 'inconclusive', says };
}

interface Comparison extends Pick<Rule, 'outcome'> {
  /** NaN: there is none. */
  readonly candidate: number;
  readonly live: number | null;
  /** Of the limit that decided, for people. */
  readonly limit: string;
}

/** The worst of the limits. */
function compared(policy: MetricPolicy, looks: readonly Look[]): Comparison {
  const all = [...absolute(policy, looks), ...relative(policy, looks)];
  const worst = (['fail', 'inconclusive'] as const).flatMap((each) =>
    all.filter(({ outcome }) => outcome === each),
  );
  return (
    worst[0] ?? all[0] ?? { outcome: 'inconclusive', candidate: Number.NaN, live: null, limit: 'no limit' }
  );
}

function absolute({ limits: { max, min } }: MetricPolicy, looks: readonly Look[]): readonly Comparison[] {
  const candidate = mean(looks.map((look) => look.candidate));
  const of = (limit: string, within: boolean): Comparison => ({
    outcome: Number.isNaN(candidate) ? 'inconclusive' : within ? 'pass' : 'fail',
    candidate,
    live: null,
    limit,
  });
  return [
    ...(max === null ? [] : [of(`at most ${shown(max)}`, candidate <= max)]),
    ...(min === null ? [] : [of(`at least ${shown(min)}`, candidate >= min)]),
  ];
}

function relative({ limits }: MetricPolicy, looks: readonly Look[]): readonly Comparison[] {
  const { maxRatio, minRatio, floor } = limits;
  const pairs = looks.filter((look) => look.candidate.kind === 'value' && look.live?.kind === 'value');
  const live = mean(pairs.map((look) => look.live));
  const candidate = mean(pairs.map((look) => look.candidate));
  // Times a negative number is the wrong way round, and times an infinite one is anything.
  const comparable = live >= 0 && live < Infinity && !Number.isNaN(candidate);
  const of = (limit: string, within: boolean): Comparison => ({
    outcome: comparable ? (within ? 'pass' : 'fail') : 'inconclusive',
    candidate,
    live,
    limit,
  });
  const most =
    maxRatio === null ? [] : [of(`at most ${shown(maxRatio)} × live`, candidate <= maxRatio * live)];
  const least =
    minRatio === null ? [] : [of(`at least ${shown(minRatio)} × live`, candidate >= minRatio * live)];
  // What lies up to the floor is fine, also when nothing is known of live.
  const all = mean(looks.map((look) => look.candidate));
  const low = all <= floor;
  return [
    ...most.map((each): Comparison => (low ? { ...each, candidate: all, outcome: 'pass' } : each)),
    ...least,
  ];
}

/** NaN when nothing has a value. */
function mean(readings: readonly (Reading | null)[]): number {
  const values = readings.flatMap((each) => (each?.kind === 'value' ? [each.value] : []));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** "0.31 on green, 0.01 on blue: at most 1.5 × live, 3 times in a row" */
function said(
  { candidate, live, limit }: Comparison,
  names: Names,
  { beyond, of }: { readonly beyond: number; readonly of?: number },
): string {
  const there = Number.isNaN(candidate)
    ? `nothing to compare on ${names.candidate}`
    : `${shown(candidate)} on ${names.candidate}`;
  const here =
    live === null
      ? ''
      : Number.isNaN(live)
        ? `, nothing on ${names.live}`
        : `, ${shown(live)} on ${names.live}`;
  const often = of === undefined ? `${beyond}` : `${beyond} of ${of}`;
  const row = beyond > 1 || (beyond > 0 && of !== undefined) ? `; beyond it ${often} times in a row` : '';
  return `${there}${here}: ${limit}${row}`;
}

/** Three digits are enough for people. */
const shown = (value: number): string =>
  Number.isFinite(value) ? `${Number(value.toPrecision(3))}` : value > 0 ? '+Inf' : '-Inf';
