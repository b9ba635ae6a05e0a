import type { EventView, LogLine } from '../../control/contract.ts';
import type { View } from '../shell/terminal.ts';
import { paint, wrap } from './paint.ts';
import { clock } from './units.ts';

/** One event as a line: when, which app, what, and who when it was a person. */
export function renderEvent(event: EventView, view: View): string {
  const time = clock(event.at, view.now);
  const who = event.actor.startsWith('user:') ? ` (${event.actor.slice('user:'.length)})` : '';
  const why = event.reason === null ? '' : ` because: ${event.reason}`;
  const indent = Math.min(time.length + 2 + event.app.length + 2, Math.floor(view.width / 2));
  const text = wrap(`${event.says}${who}${why}`, view.width, indent);
  return `${paint(view, 'dim', time)}  ${paint(view, 'bold', event.app)}  ${text}`;
}

/** A line that an instance wrote; `!` marks what came on stderr. */
export function renderLog(log: LogLine, view: View): string {
  const mark = log.stream === 'stderr' ? paint(view, 'red', '!') : paint(view, 'dim', '│');
  return `${paint(view, 'dim', `${log.instance} ${log.version}`)} ${mark} ${log.line}`;
}
