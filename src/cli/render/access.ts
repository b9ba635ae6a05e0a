import type { AccessLine, DroppedLines } from '../../control/contract.ts';
import type { View } from '../shell/terminal.ts';
import { inColour } from './status.ts';
import { pad, paint } from './paint.ts';
import { clock, counted, latency } from './units.ts';

/** One request as a line: when, where it went and why, what was asked, what came of it. */
export function renderAccess(line: AccessLine | DroppedLines, view: View): string {
  const time = paint(view, 'dim', clock(Date.parse(line.time), view.now));
  if ('dropped' in line) {
    const lines = counted(line.dropped, 'line');
    return `${time}  ${paint(view, 'yellow', `! ${lines} not written: the disk did not keep up`)}`;
  }
  const where =
    line.environment === null
      ? (line.app ?? '–')
      : `${line.app} ${inColour(view, line.environment)} ${line.version}`;
  const asked = line.method === null ? '(unreadable)' : `${line.method} ${line.host}${line.path}`;
  return [
    time,
    pad(status(line, view), 3),
    pad(latency(line.ms), 7),
    where,
    asked,
    ...remarks(line).map((remark) => paint(view, 'dim', remark)),
  ].join('  ');
}

function status({ status: code, outcome }: AccessLine, view: View): string {
  const shown = code === null ? '–' : `${code}`;
  const bad = (code !== null && code >= 500) || outcome === 'failed' || outcome === 'broken';
  return bad ? paint(view, 'red', shown) : shown;
}

/** What is not as usual. */
function remarks(line: AccessLine): string[] {
  return [
    ...(line.outcome === 'ok' ? [] : [line.outcome]),
    ...(line.code === null ? [] : [line.code]),
    ...(line.rule === 'live' || line.rule === line.code ? [] : [line.rule]),
    ...(line.tries > 1 ? [`${line.tries} tries`] : []),
    line.client,
  ];
}
