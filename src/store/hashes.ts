import type { DatabaseSync } from 'node:sqlite';
import { linked, sealed, type Link } from './chain.ts';
import { hashStatements } from './sql.ts';

type Row = Readonly<Record<string, unknown>>;

/** A row of the table of events, its data as it is written. */
export const linkOf = (row: Row): Link => ({
  stream: row['stream'] as string,
  version: Number(row['version']),
  at: Number(row['at']),
  actor: row['actor'] as string,
  reason: row['reason'] as string | null,
  type: row['type'] as string,
  data: String(row['data']),
});

const sealOf = ({ stream, version, shape, state }: Row): string =>
  sealed(stream as string, { version: Number(version), shape: Number(shape), state: String(state) });

/** What the first event or snapshot is that has another hash than its own, for people; null when there is none. */
export function wrongHash(database: DatabaseSync): string | null {
  const events = database.prepare(hashStatements.events);
  for (const { name, hash, prunedHash } of database.prepare(hashStatements.streams).all()) {
    let last = String(prunedHash);
    for (const row of events.iterate(name as string)) {
      last = linked(last, linkOf(row));
      if (last !== row['hash']) return `event ${String(row['version'])} of ${String(name)}`;
    }
    if (last !== hash) return `the end of ${String(name)}`;
  }
  const snapshots = database.prepare(hashStatements.snapshots).all();
  const wrong = snapshots.find((row) => sealOf(row) !== row['hash']);
  return wrong === undefined ? null : `the snapshot of ${String(wrong['stream'])}`;
}

/** Gives hashes to all that is there, which was written before there were any. */
export function writeHashes(database: DatabaseSync): void {
  const events = database.prepare(hashStatements.events);
  const setEvent = database.prepare(hashStatements.setEvent);
  const setStream = database.prepare(hashStatements.setStream);
  for (const { name, prunedHash } of database.prepare(hashStatements.streams).all()) {
    let last = String(prunedHash);
    // All of one stream at once: a statement that reads what another one changes may see both.
    for (const row of events.all(name as string)) {
      last = linked(last, linkOf(row));
      setEvent.run(last, row['seq'] as number);
    }
    setStream.run(last, name as string);
  }
  const setSnapshot = database.prepare(hashStatements.setSnapshot);
  for (const row of database.prepare(hashStatements.snapshots).all())
    setSnapshot.run(sealOf(row), row['stream'] as string);
}
