/** What is counted, and never "no error was seen": sent = answered, with the numbers in every message. */
import assert from 'node:assert/strict';
import type { LoadReport } from '../../src/load/report.ts';
import type { Sample } from '../../src/load/samples.ts';

/** Every request that was due was answered, and there were enough of them to mean something. */
export function nothingLost(report: LoadReport, least = 100): void {
  const said = JSON.stringify({
    failures: report.failures,
    problems: report.problems,
    statuses: report.statuses,
  });
  assert.equal(report.failed, 0, `${report.failed} of ${report.sent} requests failed: ${said}`);
  assert.equal(report.answered, report.sent, `${report.answered} of ${report.sent} requests were answered`);
  assert.ok(report.sent >= least, `only ${report.sent} requests were sent, which proves little`);
}

export const answered = (report: LoadReport): readonly Sample[] =>
  [...report.samples].filter(({ outcome }) => outcome === 'answered');

/**
 * From the first answer of `to` on, no request that was sent later is answered by `from`. Both times are this
 * process's clock, so there is nothing to allow for.
 */
export function oneSwitch(samples: readonly Sample[], from: string, to: string): void {
  const first = Math.min(...samples.filter(({ version }) => version === to).map(({ endedAt }) => endedAt));
  assert.ok(Number.isFinite(first), `${to} never answered`);
  const late = samples.filter(({ version, sentAt }) => version === from && sentAt > first);
  assert.equal(late.length, 0, `${late.length} requests went to ${from} after ${to} had answered`);
}

/** No request sent in this time (ms since the epoch) was answered by the version. */
export function neverAnswered(
  samples: readonly Sample[],
  version: string,
  between: { readonly from?: number; readonly to?: number } = {},
): void {
  const { from = -Infinity, to = Infinity } = between;
  const seen = samples.filter(
    (sample) => sample.version === version && sample.sentAt > from && sample.sentAt < to,
  );
  assert.equal(
    seen.length,
    0,
    `${seen.length} requests were answered by ${version}, which nobody should see then`,
  );
}
