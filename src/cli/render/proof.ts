import type { TealError } from '../../errors.ts';
import type { LoadReport } from '../../load/report.ts';
import type { View } from '../shell/terminal.ts';
import { renderBlock, type Row } from './block.ts';
import { count, duration, latency } from './units.ts';

/** How the command that ran meanwhile ended. */
export interface Ran {
  readonly command: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly ms: number;
}

export interface Proof {
  readonly report: LoadReport;
  readonly ran: Ran | null;
  /** It was cut short. */
  readonly interrupted: boolean;
  /** The command that did not run because of that. */
  readonly missed: string | null;
  readonly error: TealError | null;
}

/** What became of every request, and how long they took before, during and after. */
export function renderProof({ report, ran, interrupted, missed, error }: Proof, view: View): string {
  const lost = report.failed > 0;
  return renderBlock(
    {
      state: error === null ? 'ok' : 'failed',
      label: lost ? 'Requests lost' : error === null ? 'Nothing lost' : 'Command failed',
      value: report.url,
      rows: [
        [
          'Sent',
          `${count(report.sent)} in ${duration(report.durationMs)}, ${rate(report.achievedRps)} a second`,
        ],
        ['Answered', count(report.answered)],
        ['Failed', count(report.failed)],
        ...failures(report),
        ['Versions', versions(report)],
        ...report.windows.map((window): Row => [
          capital(window.name),
          latencies(window.latency, window.sent),
        ]),
        [
          'Command',
          ran === null
            ? null
            : `${ran.code === 0 ? 'done' : `exit code ${ran.code ?? ran.signal}`} after ${duration(ran.ms)}`,
        ],
        ['Interrupted', missed !== null ? `before it ran: ${missed}` : interrupted ? 'before its end' : null],
        ['Why', error?.message ?? null],
        ['Next', lost ? 'teal history' : 'teal status'],
      ],
    },
    view,
  );
}

function failures({ failures, problems }: LoadReport): Row[] {
  return Object.entries(failures).map(([kind, number]) => {
    const problem = problems[kind as keyof typeof problems];
    return [`  ${kind}`, `${count(number)}${problem === undefined ? '' : `, first: ${problem}`}`];
  });
}

function versions(report: LoadReport): string | null {
  const entries = Object.entries(report.versions);
  return entries.length === 0 ? null : entries.map(([name, number]) => `${name} ${count(number)}`).join(', ');
}

function latencies(of: LoadReport['latency'], sent: number): string {
  if (of === null) return `no answers (${count(sent)} sent)`;
  return `p50 ${latency(of.p50)}  p99 ${latency(of.p99)}  max ${latency(of.max)}  (${count(sent)} sent)`;
}

function rate(rps: number): string {
  return rps < 10 ? rps.toFixed(1) : count(Math.round(rps));
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
