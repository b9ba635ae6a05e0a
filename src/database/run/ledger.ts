/**
 * What has run, kept in the database that it has run in: a step is recorded in the transaction that does it, so neither can be there
 * without the other. All SQL about the schema `_teal` is here, but for what is saved (saved.ts).
 *
 * A round is one expand with all that follows; undone, the next expand begins another. The epoch counts who has held the lock: whoever
 * holds it no more finds another epoch, and can record nothing.
 */
import type { Phase } from '../../config/database.ts';
import type { Connection } from './connection.ts';

/** A step as it is recorded. */
export interface StepRecord {
  readonly round: number;
  readonly phase: Phase;
  /** From 1, in its phase. */
  readonly step: number;
  readonly kind: string;
  readonly what: string;
  readonly checksum: string;
  readonly state: 'started' | 'done';
  readonly progress: Progress | null;
}

/** How far a backfill is. */
export interface Progress {
  /** The last key of the last batch, as text; for a table without a primary key the first page that is left. */
  readonly last: readonly string[] | null;
  /** The last key of all, when it began. */
  readonly end: readonly string[] | null;
  /** Rows (or pages) that were gone through, and how many there were to begin with, as the server estimates. */
  readonly seen: number;
  readonly total: number;
  /** Rows that were changed. */
  readonly changed: number;
  /** Milliseconds. */
  readonly spent: number;
}

/** A phase that has begun. */
export interface PhaseRecord {
  readonly round: number;
  readonly phase: Phase;
  readonly steps: number;
  /** Milliseconds since the epoch; null: it is under way. */
  readonly finishedAt: number | null;
  readonly startedAt: number;
  /** What was there of the tables that it is about when it was done (shape.ts). */
  readonly shape: readonly string[];
}

export interface Ledger {
  readonly phases: readonly PhaseRecord[];
  readonly steps: readonly StepRecord[];
}

/** A number for the lock that nobody else has: the first 8 bytes of the SHA-256 of `teal migrations`, as the server counts. */
export const lockKey = '-9116051241826539577';

const schema = `
CREATE TABLE IF NOT EXISTS _teal.epoch (one boolean PRIMARY KEY DEFAULT true CHECK (one), epoch bigint NOT NULL, format int NOT NULL);
INSERT INTO _teal.epoch (epoch, format) VALUES (0, 1) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS _teal.phase (
  migration text NOT NULL, round int NOT NULL, phase text NOT NULL, steps int NOT NULL, shape text[] NOT NULL DEFAULT '{}',
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(), finished_at timestamptz, PRIMARY KEY (migration, round, phase));
CREATE TABLE IF NOT EXISTS _teal.step (
  migration text NOT NULL, round int NOT NULL, phase text NOT NULL, step int NOT NULL, kind text NOT NULL, what text NOT NULL,
  checksum text NOT NULL, state text NOT NULL CHECK (state IN ('started', 'done')), progress jsonb, epoch bigint NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(), finished_at timestamptz, PRIMARY KEY (migration, round, phase, step));`;

/** Is there a record in this database? */
export async function isKept(connection: Connection): Promise<boolean> {
  const [row] = await connection.query<{ kept: boolean }>(
    "SELECT to_regclass('_teal.step') IS NOT NULL AND to_regclass('_teal.phase') IS NOT NULL AS kept",
  );
  return row?.kept === true;
}

/** Makes the tables of the record, where they are not there. */
export async function keep(connection: Connection): Promise<void> {
  if (await isKept(connection)) return;
  // Also with IF NOT EXISTS it asks for the right to make one, which who was given the schema does not need.
  const [there] = await connection.query("SELECT FROM pg_namespace WHERE nspname = '_teal'");
  const making = there === undefined ? 'CREATE SCHEMA _teal;' : '';
  await connection.query(`BEGIN;${making}${schema}COMMIT;`);
}

/** @returns the number of times that somebody has held the lock, with this one */
export async function nextEpoch(connection: Connection): Promise<string> {
  const [row] = await connection.query<{ epoch: string }>(
    'UPDATE _teal.epoch SET epoch = epoch + 1 RETURNING epoch::text',
  );
  return row?.epoch ?? '0';
}

/** True in a transaction of who holds the lock: no pool in between has given it another session, nobody has taken over. */
export async function isOurs(connection: Connection, epoch: string): Promise<boolean> {
  const [row] = await connection.query<{ ours: boolean }>(
    'SELECT epoch = $1::bigint AND pg_backend_pid() = $2::int AS ours FROM _teal.epoch',
    [epoch, connection.pid],
  );
  return row?.ours === true;
}

/** What has run of a migration, oldest first. */
export async function readLedger(connection: Connection, migration: string): Promise<Ledger> {
  const phases = await connection.query<PhaseRecord>(
    `SELECT round, phase, steps, shape, (extract(epoch FROM started_at) * 1000)::float8 AS "startedAt",
       (extract(epoch FROM finished_at) * 1000)::float8 AS "finishedAt"
     FROM _teal.phase WHERE migration = $1 ORDER BY started_at`,
    [migration],
  );
  const steps = await connection.query<StepRecord>(
    `SELECT round, phase, step, kind, what, checksum, state, progress FROM _teal.step WHERE migration = $1 ORDER BY round, phase, step`,
    [migration],
  );
  return { phases, steps };
}

/** Every migration that the record knows. */
export async function migrationsIn(connection: Connection): Promise<readonly string[]> {
  const rows = await connection.query<{ migration: string }>(
    'SELECT migration FROM _teal.phase GROUP BY migration ORDER BY min(started_at)',
  );
  return rows.map(({ migration }) => migration);
}

/** Which step of which round of a migration, and what it does. */
export interface Place {
  readonly migration: string;
  readonly round: number;
  readonly phase: Phase;
  readonly step: number;
  readonly epoch: string;
}

export async function recordPhase(
  connection: Connection,
  { migration, round, phase }: Pick<Place, 'migration' | 'round' | 'phase'>,
  steps: number,
): Promise<void> {
  await connection.query(
    `INSERT INTO _teal.phase (migration, round, phase, steps) VALUES ($1, $2, $3, $4)
     ON CONFLICT (migration, round, phase) DO UPDATE SET steps = EXCLUDED.steps`,
    [migration, round, phase, steps],
  );
}

export async function recordPhaseDone(
  connection: Connection,
  { migration, round, phase }: Pick<Place, 'migration' | 'round' | 'phase'>,
  shape: readonly string[],
): Promise<void> {
  await connection.query(
    `UPDATE _teal.phase SET finished_at = clock_timestamp(), shape = $4
     WHERE migration = $1 AND round = $2 AND phase = $3 AND finished_at IS NULL`,
    [migration, round, phase, [...shape]],
  );
}

/** Of a step that has begun and left nothing: as if it had not. */
export async function forgetStep(
  connection: Connection,
  { migration, round, phase, step }: Place,
): Promise<void> {
  await connection.query(
    'DELETE FROM _teal.step WHERE migration = $1 AND round = $2 AND phase = $3 AND step = $4',
    [migration, round, phase, step],
  );
}

/** Records a step, or how far it is. */
export async function recordStep(
  connection: Connection,
  place: Place,
  { kind, what, checksum, state, progress }: Omit<StepRecord, 'round' | 'phase' | 'step'>,
): Promise<void> {
  const { migration, round, phase, step, epoch } = place;
  await connection.query(
    `INSERT INTO _teal.step (migration, round, phase, step, kind, what, checksum, state, progress, epoch, finished_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $8 = 'done' THEN clock_timestamp() END)
     ON CONFLICT (migration, round, phase, step) DO UPDATE SET kind = EXCLUDED.kind, what = EXCLUDED.what,
       checksum = EXCLUDED.checksum, state = EXCLUDED.state, progress = EXCLUDED.progress, epoch = EXCLUDED.epoch,
       finished_at = EXCLUDED.finished_at`,
    [
      migration,
      round,
      phase,
      step,
      kind,
      what,
      checksum,
      state,
      progress === null ? null : JSON.stringify(progress),
      epoch,
    ],
  );
}

/** Has a phase's batches done again. */
export async function reopenBatches(
  connection: Connection,
  { migration, round, phase }: Pick<Place, 'migration' | 'round' | 'phase'>,
): Promise<void> {
  await connection.query(
    "DELETE FROM _teal.step WHERE migration = $1 AND round = $2 AND phase = $3 AND kind = 'batch'",
    [migration, round, phase],
  );
}
