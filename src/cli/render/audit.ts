import type { AuditEntry, AuditReport } from '../../control/contract-access.ts';
import type { View } from '../shell/terminal.ts';
import { renderBlock } from './block.ts';
import { paint, wrap } from './paint.ts';
import { clock, count } from './units.ts';

/** What was asked, by whom, from where, and what is different since; one or two lines each. */
export function renderAudit(entries: readonly AuditEntry[], view: View): string {
  if (entries.length === 0) return 'Nobody has asked for anything yet.';
  return entries.map((entry) => one(entry, view)).join('\n');
}

function one(entry: AuditEntry, view: View): string {
  const { number, at, actor, role, address, what, path, status, code } = entry;
  const where = address === null ? 'on this machine' : `from ${address}`;
  const outcome = status < 400 ? '' : paint(view, 'red', `  refused: ${code ?? status}`);
  const head = `${String(number).padStart(4)}  ${clock(at, view.now)}  ${actor}${role === null ? '' : ` (${role})`}`;
  const target = /^\/v1\/(?:apps|groups)\/([^/]+)/.exec(path)?.[1];
  const line = wrap(
    `${head} ${where}  ${what}${target === undefined ? '' : ` ${target}`}${outcome}`,
    view.width,
    6,
  );
  if (entry.before === null && entry.after === null) return line;
  const change = `${JSON.stringify(entry.before)} → ${JSON.stringify(entry.after)}`;
  return `${line}\n      ${paint(view, 'dim', wrap(change, view.width, 6))}`;
}

export function renderReport({ entries, head }: AuditReport, view: View): string {
  return renderBlock(
    {
      state: 'ok',
      label: 'Whole',
      value: `${count(entries)} ${entries === 1 ? 'entry' : 'entries'}, each follows from the one before`,
      rows: [
        ['Head', head],
        ['Next', head === null ? null : 'keep this hash elsewhere; later: teal audit verify --expect <hash>'],
      ],
    },
    view,
  );
}
