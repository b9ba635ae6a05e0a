/** The figures of a run as text: pure. */
import {
  cpuVerdicts,
  floor,
  latencyVerdict,
  shortOf,
  spread,
  type Idle,
  type Latency,
  type Measured,
  type Sample,
  type Verdict,
} from './figures.ts';
import { latencyGoal, scenarios, type Scenario } from './scenarios.ts';

const name = (text: string): string => text.padEnd(22);
/** Wide enough for what a busy machine makes of it. */
const column = (text: string): string => text.padStart(28);
const narrow = (text: string): string => text.padStart(9);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** Median, and the quartiles behind it. */
function several(values: readonly number[], digits: number): string {
  if (values.length === 0) return '–';
  const { median, low, high } = spread(values);
  const told = (value: number): string => (Number.isFinite(value) ? value.toFixed(digits) : 'never');
  return `${told(median)} [${told(low)}–${told(high)}]`;
}

const middle = (values: readonly number[], digits: number): string =>
  values.length === 0 ? '–' : spread(values).median.toFixed(digits);

export function scenarioTable(scenario: Scenario, samples: readonly Sample[], ms: number): string {
  const proxies = [...new Set(samples.map(({ proxy }) => proxy))];
  const rounds = new Set(samples.map(({ round }) => round)).size;
  return [
    `${scenario.label} · ${scenario.connections} connections, as fast as answered · ${rounds} rounds of ${ms / 1000} s, median [quartiles]`,
    `${name('')}${column('CPU µs/request')}${column('requests/s')}${['p50 ms', 'p99 ms', 'RSS MB', 'errors'].map(narrow).join('')}`,
    ...proxies.map((proxy) => scenarioRow(samples.filter((each) => each.proxy === proxy))),
    ...cpuVerdicts(scenario.name, samples).map(verdictLine),
    '',
  ].join('\n');
}

function scenarioRow(samples: readonly Sample[]): string {
  const known = (of: (sample: Sample) => number | null): readonly number[] =>
    samples.flatMap((sample) => of(sample) ?? []);
  return [
    name(samples[0]?.proxy ?? ''),
    column(
      several(
        known(({ cpu }) => cpu),
        1,
      ),
    ),
    column(
      several(
        known(({ rate }) => rate),
        0,
      ),
    ),
    narrow(
      middle(
        known(({ p50 }) => p50),
        2,
      ),
    ),
    narrow(
      middle(
        known(({ p99 }) => p99),
        2,
      ),
    ),
    narrow(
      middle(
        known(({ memory }) => (memory === null ? null : memory / 1e6)),
        1,
      ),
    ),
    narrow(String(samples.reduce((sum, { errors }) => sum + errors, 0))),
  ].join('');
}

function verdictLine({ what, ratio, goal, met }: Verdict): string {
  const { median, low, high } = ratio;
  return `${met ? 'met  ' : 'SHORT'}  ${what}: ${median.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}], goal ≤ ${goal}`;
}

export function latencyTable(latency: Latency): string {
  const steady = latency.rounds.filter(({ unsteady }) => !unsteady);
  const repeated = latency.rounds.length - steady.length;
  const proxies = [...new Set(latency.rounds.flatMap((round) => Object.keys(round.proxies)))];
  const verdict = latencyVerdict(latency);
  return [
    `GET, 0.4 kB · ${latency.rate} requests/s on a fixed clock · ${steady.length} rounds` +
      (repeated === 0
        ? ''
        : `; ${repeated} more did not count, since the p99 without a proxy moved by > 2 ×`),
    `${name('')}${column('p50 ms')}${column('p99 ms')}${narrow('failed')}`,
    `${name(floor)}${column('')}${column(
      several(
        steady.flatMap(({ floors }) => floors),
        3,
      ),
    )}`,
    ...proxies.map((proxy) => {
      const own = steady.flatMap((round) => round.proxies[proxy] ?? []);
      const p50 = own.map((each) => each.p50);
      const p99 = own.map((each) => each.p99);
      const failed = own.reduce((sum, each) => sum + each.failed, 0);
      return `${name(proxy)}${column(several(p50, 3))}${column(several(p99, 3))}${narrow(String(failed))}`;
    }),
    ...(verdict === null ? [] : [verdictLine(verdict)]),
    '',
  ].join('\n');
}

export function idleTable(idle: readonly Idle[]): string {
  return [
    `${idle[0]?.connections ?? 0} idle kept-alive connections, one request each`,
    `${name('')}${narrow('RSS MB')}${narrow('with')}${'kB a connection'.padStart(18)}`,
    ...idle.map((each) => {
      const one = (each.with - each.before) / each.connections / 1000;
      return `${name(each.proxy)}${narrow(megabytes(each.before))}${narrow(megabytes(each.with))}${one.toFixed(1).padStart(18)}`;
    }),
    '',
  ].join('\n');
}

export function conclusion(measured: Measured, missing: readonly string[]): string {
  const short = shortOf(measured);
  const unjudged = scenarios.flatMap(({ label, goals, name: scenario }) =>
    measured.samples[scenario] === undefined
      ? []
      : Object.keys(goals)
          .filter((peer) => missing.includes(peer))
          .map((peer) => `NOT JUDGED: ${label} against ${peer}, which is not installed`),
  );
  return [
    ...(measured.full ? scenarios.flatMap((scenario) => unmeasured(scenario, measured)) : []),
    ...unjudged,
    ...(missing.includes('haproxy') && measured.full
      ? [`NOT JUDGED: p99 ≤ ${latencyGoal.ratio} × haproxy, which is not installed`]
      : []),
    ...(short.length === 0
      ? ['all goals that were judged are met']
      : short.map((words) => `SHORT OF A GOAL: ${words}`)),
  ].join('\n');
}

/** Said, so that nobody takes the absence of a figure for a good one. */
function unmeasured({ name: scenario, label }: Scenario, { samples }: Measured): readonly string[] {
  const taken = samples[scenario];
  if (taken === undefined) return [`NOT MEASURED: ${label}`];
  return taken.some(({ proxy }) => proxy === 'teal')
    ? []
    : [`NOT MEASURED: ${label}: teal does not speak that`];
}
