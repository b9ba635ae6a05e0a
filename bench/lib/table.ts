/** The figures of a run as text: pure. */
import type { Distribution } from './analysis.ts';
import { distribution } from './analysis.ts';
import { goals, type MoveResult, type Result } from './result.ts';

const ms = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : 'never').padStart(9);
const count = (value: number): string => String(value).padStart(9);
const name = (text: string): string => text.padEnd(30);

export function tableOf({ requests, times, windows, lateness, moves, problems, short }: Result): string {
  const time = (label: string, of: Distribution): string =>
    `${name(label)}${count(of.count)}${ms(of.median)}${ms(of.p95)}${ms(of.max)}`;
  const window = (label: string, of: Distribution): string =>
    `${name(label)}${count(of.count)}${ms(of.median)}${ms(of.p95)}${ms(of.p99)}${ms(of.max)}`;
  return [
    `${name('time, ms')}${head('count', 'median', 'p95', 'max')}`,
    time('to switch', times.switch),
    time('to roll back', times.rollback),
    time('both', times.both),
    time('placebo: nothing changes', times.placebo),
    `${name('goal, each of the first two')}${head('', `≤ ${goals.medianMs}`, `≤ ${goals.p95Ms}`, '')}`,
    '',
    `${name('latency, ms')}${head('requests', 'p50', 'p95', 'p99', 'max')}`,
    window('500 ms after each move', windows.after),
    window('  switches', windows.afterSwitch),
    window('  rollbacks', windows.afterRollback),
    window('500 ms placebo windows', windows.placebo),
    `${name(`p99, as a multiple (≤ ${goals.ratio})`)}${windows.ratio.toFixed(2).padStart(9)}`,
    `p99 of each ${windows.parts[1]?.fromMs ?? 0} ms    after: ${windows.parts.map(({ after }) => after.toFixed(1)).join(' ')}`,
    `                   placebo: ${windows.parts.map(({ placebo }) => placebo.toFixed(1)).join(' ')}`,
    '',
    `requests   ${requests.sent} sent = ${requests.answered} answered, ${requests.failed} failed`,
    ...problems.map((problem) => `           ${problem}`),
    `exactness  requests around a move start ${times.gap.median.toFixed(1)} ms apart (p95 ${times.gap.p95.toFixed(1)}); ` +
      `the load was ${lateness.median.toFixed(1)} ms late (p99 ${lateness.p99.toFixed(1)})`,
    ...(['switch', 'rollback'] as const).map((kind) => stages(kind, moves)),
    '',
    ...(short.length === 0 ? ['all goals are met'] : short.map((words) => `SHORT OF A GOAL: ${words}`)),
  ].join('\n');
}

const head = (...words: readonly string[]): string => words.map((word) => word.padStart(9)).join('');

/** Medians, from the event log. */
function stages(kind: MoveResult['kind'], moves: readonly MoveResult[]): string {
  const known = moves.flatMap((move) => (move.kind === kind && move.stages !== null ? [move.stages] : []));
  if (known.length === 0) return `${kind.padEnd(9)}  the event log tells no stages`;
  const median = (of: 'accepted' | 'routed' | 'acknowledged'): string =>
    distribution(known.map((stage) => stage[of])).median.toFixed(1);
  return `${kind.padEnd(9)}  accepted after ${median('accepted')} ms, table on its way after ${median('routed')}, in force everywhere after ${median('acknowledged')}`;
}
