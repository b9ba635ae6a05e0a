import { count, latency } from '../../src/cli/render/units.ts';
import { leftAfterMs } from './measure.ts';
import type { Row } from './screen.ts';
import type { Facts } from './story.ts';
import { latencyOf } from './visitors.ts';

/** The line for machines. */
export interface Line {
  /** Requests sent, and those that got no answer: refused, reset, timed out, or 502 to 504 from the router. */
  readonly requests: number;
  readonly failed: number;
  /** From a version that was live to the next one. */
  readonly switches: number;
  readonly rollbacks: number;
  /** From the rollback decided to the first request after which v3 answered no newly started one. */
  readonly rollbackMs: number | null;
  /** Answers of 500 by v3: its own, and counted apart, since they are answers. */
  readonly errorsOfV3: number;
  /** People who got one of them. */
  readonly harmed: number;
  /** From the first of them to the judge's word. */
  readonly detectedMs: number | null;
  /** Orders that were accepted; those worked on; how often one was worked on again; those nobody has worked on. */
  readonly orders: number;
  readonly jobsDone: number;
  readonly jobsTwice: number;
  readonly jobsLeft: number;
  /** Streams that were ended as their protocol says and opened again, and those that broke off. */
  readonly streamsReopened: number;
  readonly streamsBroken: number;
  readonly versions: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p99: number;
  readonly seconds: number;
}

export interface Sum {
  readonly json: Line;
  readonly title: { readonly good: boolean; readonly text: string };
  readonly rows: readonly Row[];
}

/** Counts everything up, and says whether it is as it should be. */
export function sum(facts: Facts, seconds: number): Sum {
  const { report, tally, tabs, jobs } = facts;
  const json: Line = {
    requests: report.sent,
    failed: report.failed,
    ...moves(facts),
    errorsOfV3: tally.errors['v3'] ?? 0,
    harmed: tally.harmed['v3'] ?? 0,
    orders: tally.orders,
    jobsDone: jobs.done,
    jobsTwice: jobs.twice,
    jobsLeft: jobs.queued,
    streamsReopened: tabs.webSocket.reopened + tabs.events.reopened,
    streamsBroken: tabs.webSocket.broken + tabs.events.broken,
    versions: tally.versions,
    ...rounded(latencyOf(report)),
    seconds: Math.round(seconds * 10) / 10,
  };
  const wrong = problems(json, facts);
  const good = wrong.length === 0;
  const text = good
    ? 'Two switches under load, a bad version caught, and nothing was lost'
    : wrong.join('; ');
  return { json, title: { good, text }, rows: rows(json, report.failures) };
}

function moves({
  report,
  tally,
  history,
}: Facts): Pick<Line, 'switches' | 'rollbacks' | 'rollbackMs' | 'detectedMs'> {
  const started = history.filter(({ type }) => type === 'switch-started');
  // Before the switch it is the release that is aborted; for the people who were on it, it is the same.
  const back = history.filter(({ type }) => type === 'rollback-started' || type === 'abort-started');
  const [accepted] = back;
  // Teal dates its events by the system's clock, the load its requests by a steady one: they may have drifted apart.
  const drift = Date.now() - (performance.timeOrigin + performance.now());
  const at = accepted === undefined ? null : accepted.at - drift;
  const taken = at === null ? null : leftAfterMs(report.samples, 'v3', at);
  const first = tally.firstErrorAt['v3'];
  return {
    // The first one had nothing to switch from.
    switches: started.length - 1,
    rollbacks: back.length,
    rollbackMs: taken === null ? null : Math.round(taken * 10) / 10,
    detectedMs: at === null || first === undefined ? null : Math.round(at - first),
  };
}

function problems(line: Line, { report, tally }: Facts): string[] {
  const others = Object.entries(tally.errors).filter(([version]) => version !== 'v3');
  // Each of the versions was also tested with an order.
  const expected = line.orders + Object.keys(line.versions).length;
  const checks: readonly (readonly [boolean, string])[] = [
    [line.failed > 0, `${count(line.failed)} requests lost: ${Object.values(report.problems).join(', ')}`],
    [line.switches < 2 || line.rollbacks !== 1 || line.rollbackMs === null, 'Not every switch took place'],
    [line.errorsOfV3 === 0, 'v3 did not fail, though it was built to'],
    [line.detectedMs === null, 'Nobody has noticed that v3 fails'],
    [others.length > 0 || tally.odd > 0, 'Answers that nobody expected'],
    [line.jobsTwice > 0, `${count(line.jobsTwice)} orders were worked on twice`],
    [line.jobsLeft > 0 || line.jobsDone !== expected, 'Not every order was worked on'],
    [line.streamsBroken > 0, `${line.streamsBroken} streams broke off`],
  ];
  return checks.filter(([wrong]) => wrong).map(([, text]) => text);
}

function rows(line: Line, failures: Readonly<Record<string, number>>): Row[] {
  const kinds = Object.entries(failures).map(([kind, many]) => `${kind} ${count(many)}`);
  const versions = Object.entries(line.versions).map(([version, many]) => `${version} ${count(many)}`);
  return [
    ['Requests', `${count(line.requests)} sent`, 'pages, API, orders, uploads'],
    ['Failed', count(line.failed), kinds.join(', ') || 'no reset, refusal, timeout, 502–504'],
    ['Answered by', versions.join('  ')],
    ['Switches', String(line.switches), 'v1 → v2 → v4'],
    ['Rollback', `${line.rollbackMs ?? '?'} ms`, 'until v3 was given nothing new'],
    ['Errors of v3', count(line.errorsOfV3), 'its own 500s: seen, but not lost'],
    ['Harmed', `${count(line.harmed)} people`, `caught ${line.detectedMs ?? '?'} ms after its first error`],
    ['Orders', `${count(line.jobsDone)} done`, `${line.jobsTwice} twice, ${line.jobsLeft} left over`],
    [
      'Streams',
      `${line.streamsReopened} closed and reopened`,
      `${line.streamsBroken} broke off (WebSocket and SSE)`,
    ],
    ['Latency', `p50 ${latency(line.p50)}  p99 ${latency(line.p99)}`, 'from when each request was due'],
    ['Took', `${line.seconds} s`, 'on one machine, without root'],
  ];
}

const rounded = ({ p50, p99 }: { readonly p50: number; readonly p99: number }) => ({
  p50: Math.round(p50 * 10) / 10,
  p99: Math.round(p99 * 10) / 10,
});
