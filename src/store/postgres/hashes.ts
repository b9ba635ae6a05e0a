import { linked, sealed } from '../chain.ts';
import type { Transaction } from './session.ts';
import { hashStatements as statements } from './sql.ts';
import { fromText } from './values.ts';

interface StreamRow {
  readonly name: string;
  readonly pruned: string;
  readonly hash: string;
  readonly pruned_hash: string;
}

interface EventRow {
  readonly stream: string;
  readonly version: string;
  readonly at: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly type: string;
  readonly data: string;
  readonly hash: string;
}

interface SnapshotRow {
  readonly stream: string;
  readonly version: string;
  readonly shape: number;
  readonly state: string;
  readonly hash: string;
}

/** Events read at a time. */
const page = 1000;

/** What the first event or snapshot is that has another hash than its own, for people; null when there is none. */
export async function wrongHash(transaction: Transaction): Promise<string | null> {
  for (const stream of await transaction.query<StreamRow & Record<string, unknown>>(statements.streams)) {
    const wrong = await wrongIn(transaction, stream);
    if (wrong !== null) return wrong;
  }
  const snapshots = await transaction.query<SnapshotRow & Record<string, unknown>>(statements.snapshots);
  const wrong = snapshots.find(({ stream, version, shape, state, hash }) => {
    return sealed(stream, { version: Number(version), shape, state }) !== hash;
  });
  return wrong === undefined ? null : `the snapshot of ${wrong.stream}`;
}

async function wrongIn(transaction: Transaction, stream: StreamRow): Promise<string | null> {
  let last = stream.pruned_hash;
  for (let after = Number(stream.pruned); ;) {
    const rows = await transaction.query<EventRow & Record<string, unknown>>(statements.events, [
      stream.name,
      after,
      page,
    ]);
    for (const row of rows) {
      last = linked(last, {
        stream: row.stream,
        version: Number(row.version),
        at: Number(row.at),
        actor: fromText(row.actor),
        reason: row.reason === null ? null : fromText(row.reason),
        type: row.type,
        data: row.data,
      });
      if (last !== row.hash) return `event ${row.version} of ${stream.name}`;
      after = Number(row.version);
    }
    if (rows.length < page) break;
  }
  return last === stream.hash ? null : `the end of ${stream.name}`;
}
