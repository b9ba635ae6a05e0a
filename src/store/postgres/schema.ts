import { newer, unreadable } from './failures.ts';
import { wrongHash } from './hashes.ts';
import type { Session, Transaction } from './session.ts';
import { checks, create, lockSchema, schemaVersion, upgrades } from './sql.ts';

/**
 * Makes sure that the database holds a whole event log: creates its tables at the first start, and only then.
 * @throws TealError `store-unreadable`, `store-newer`, `store-unavailable`
 */
export async function prepareSchema(session: Session): Promise<void> {
  await session.write(async (transaction) => {
    await transaction.query(lockSchema);
    const [found] = await transaction.query<{ there: boolean }>(checks.hasSchema);
    if (found?.there !== true) {
      await transaction.change(create, []);
      return;
    }
    await verify(transaction, session.where);
    const [row] = await transaction.query<{ version: number }>(checks.schemaVersion);
    for (const { from, sql } of upgrades) if (from >= (row?.version ?? 0)) await transaction.change(sql, []);
  });
}

/** Also what SQLite's own checks would see there: a log with gaps is refused rather than folded. */
export async function verify(transaction: Transaction, where: string): Promise<void> {
  const [row] = await transaction.query<{ version: number }>(checks.schemaVersion);
  if (row === undefined) throw unreadable(where, 'it has no schema');
  if (row.version > schemaVersion) throw newer(where, row.version, schemaVersion);
  for (const sql of [checks.gaps, checks.uncovered, checks.ahead]) {
    const [stream] = await transaction.query<{ name: string }>(sql);
    if (stream !== undefined) throw unreadable(where, `events of ${stream.name} are missing`);
  }
  const changed = await wrongHash(transaction);
  if (changed !== null) throw unreadable(where, `${changed} is not what was written: its hash differs`);
}
