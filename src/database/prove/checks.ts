import type { Part } from './proof.ts';
import { refusalOf } from './refusal.ts';
import type { Session } from './session.ts';

/** A count that takes longer tells that nobody should make it now. */
const checkTimeoutMs = 30_000;

/** Counts rows that are in the way, in the database itself, which is only read. What cannot be counted stays unknown. */
export async function runChecks(session: Session, parts: readonly Part[]): Promise<readonly Part[]> {
  const checked: Part[] = [];
  for (const part of parts) {
    const findings = [];
    for (const finding of part.findings)
      findings.push(
        finding.check === null ? finding : { ...finding, rows: await countRows(session, finding.check) },
      );
    checked.push({ ...part, findings });
  }
  return checked;
}

async function countRows(session: Session, sql: string): Promise<number | null> {
  await session.query('BEGIN READ ONLY');
  try {
    await session.query(`SET LOCAL statement_timeout = ${checkTimeoutMs}`);
    const rows = await session.query<{ count: string }>(sql);
    return rows.reduce((sum, { count }) => sum + Number(count), 0);
  } catch (error) {
    if (refusalOf(error) === null) throw error;
    return null;
  } finally {
    await session.query('ROLLBACK');
  }
}
