import { TealError } from '../errors.ts';
import { connectControl } from './client.ts';
import { renderAudit, renderReport } from './render/audit.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { interruptedExit, onInterrupt } from './shell/interrupt.ts';

export interface AuditListFlags extends CommonFlags {
  readonly limit?: number;
}

export interface AuditVerifyFlags extends CommonFlags {
  readonly expect?: string;
}

export interface AuditExportFlags extends CommonFlags {
  readonly after?: number;
}

/** Shows who asked for what, newest last. */
export async function auditList(this: Context, flags: AuditListFlags): Promise<Result> {
  const client = await connectControl(this, flags);
  const entries = await client.audit({ limit: flags.limit ?? 20 });
  return { json: entries, text: (view) => renderAudit(entries.toReversed(), view) };
}

/** Computes every hash of the audit log again. @throws TealError `audit-broken` */
export async function auditVerify(this: Context, flags: AuditVerifyFlags): Promise<Result> {
  const client = await connectControl(this, flags);
  const report = await client.auditVerify(flags.expect);
  if (report.ok) return { json: report, text: (view) => renderReport(report, view) };
  const told = report.problems.map(({ number, says }) => (number === 0 ? says : `entry ${number}: ${says}`));
  throw new TealError('audit-broken', `The audit log is not as it was written.\n  ${told.join('\n  ')}`, {
    remedy: 'compare it with an export from before; who can write the data folder can change it',
    details: { ...report },
  });
}

/** Prints every entry as JSON, one a line, oldest first: for another system to keep. */
export async function auditExport(this: Context, flags: AuditExportFlags): Promise<void> {
  const client = await connectControl(this, flags);
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  const signal = AbortSignal.any([interrupt.signal, this.terminal.closed]);
  for await (const entry of client.auditExport(flags.after ?? 0, signal))
    this.terminal.out(JSON.stringify(entry));
  // What is kept is not all of it, and a script has to know.
  if (signal.aborted) this.exit = interruptedExit;
}
