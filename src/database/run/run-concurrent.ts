/**
 * Statements that refuse a transaction: recorded as begun, run, recorded as done. Killed in between, what is there says how far it
 * came: a valid index is done; an invalid one would be kept up for ever and never used, so it is dropped and made again.
 */
import { notGranted, patientlyAsk, watching, type Doing } from './attempt.ts';
import { forgetStep, recordStep, type StepRecord } from './ledger.ts';
import { patienceOf } from './options.ts';
import { doneOf } from './run-transaction.ts';
import { isCancelled, isContention, isLost } from './server-error.ts';
import type { ConcurrentStep, Settle } from './step.ts';
import { interrupted, stopIf } from './wait.ts';

/** Who is in the way is told this often: nobody else waits meanwhile. */
const lookMs = 1000;

export async function runConcurrent(
  doing: Doing<ConcurrentStep>,
  before: StepRecord | undefined,
): Promise<void> {
  const { step, place, held, options } = doing;
  await held.fence();
  await recordStep(held.connection, place, { ...doneOf(step), state: 'started' });
  stopIf(options.signal);
  await watched(doing, async () => {
    const isDone = await settled(doing, before !== undefined);
    if (!isDone) await run(doing);
  });
  options.tell({ type: 'step-ran', step: place.step });
  await held.fence();
  await recordStep(held.connection, place, doneOf(step));
}

/** Nobody who reads or writes waits behind it, so it may wait for as long as there is patience, in one piece. */
async function watched(doing: Doing<ConcurrentStep>, work: () => Promise<void>): Promise<void> {
  const { place, held, options } = doing;
  const { deadlineMs } = patienceOf(options);
  const watch = watching(
    held,
    (blockers) => options.tell({ type: 'waiting', step: place.step, tries: 1, blockers }),
    lookMs,
  );
  try {
    await work();
  } catch (error) {
    if (options.signal.aborted && isCancelled(error)) throw interrupted();
    if (!isContention(error)) throw error;
    const blockers = await watch.stop();
    throw notGranted(doing, { tries: 1, blockers, deadlineMs, lockTimeoutMs: deadlineMs });
  } finally {
    await watch.stop();
  }
}

async function run(doing: Doing<ConcurrentStep>): Promise<void> {
  const { step, held, options } = doing;
  try {
    for (const setting of step.settings) await held.connection.query(setting);
    // After the file's own: who waits behind a lock has no say in how patient a file is.
    await held.connection.query(`SET lock_timeout = ${Math.ceil(patienceOf(options).deadlineMs)}`);
    await held.connection.query(step.statement);
  } catch (error) {
    if (!isLost(error)) await asBefore(doing);
    throw error;
  }
}

/** After a failure that the server has told: an index is made or not, so the step has not run, and may be corrected. */
async function asBefore(doing: Doing<ConcurrentStep>): Promise<void> {
  await settled(doing, false);
  if (doing.step.settle.how === 'create-index') await forgetStep(doing.held.connection, doing.place);
}

/** Puts right what an earlier try has left. @param resumed it has begun before @returns whether nothing is left to do */
async function settled(doing: Doing<ConcurrentStep>, resumed: boolean): Promise<boolean> {
  const { step, held, options } = doing;
  const { settle } = step;
  const { connection } = held;
  if (settle.how === 'create-index') {
    const [index] = await connection.query<{ name: string; valid: boolean }>(indexNamed, [settle.index]);
    if (index === undefined) return false;
    if (index.valid) return resumed;
    options.tell({
      type: 'notice',
      text: `The index ${index.name} is invalid, left by a try that did not end: it is dropped`,
    });
    await connection.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index.name}`);
    return false;
  }
  if (settle.how === 'drop-index') {
    if (!resumed) return false;
    return (await connection.query(indexNamed, [settle.index])).length === 0;
  }
  if (settle.how === 'reindex') {
    for (const { name } of resumed ? await connection.query<{ name: string }>(leftByReindex) : [])
      await connection.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    return false;
  }
  return settle.how === 'detach' && resumed ? detached(settle, doing) : false;
}

const named = `(n.nspname || '.' || c.relname = $1 OR (c.relname = $1 AND pg_table_is_visible(c.oid)))`;

const indexNamed = `SELECT i.indexrelid::regclass::text AS name, i.indisvalid AS valid FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${named}`;

/** REINDEX CONCURRENTLY names them so: https://www.postgresql.org/docs/current/sql-reindex.html. */
const leftByReindex = `SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE NOT i.indisvalid AND c.relname ~ '_cc(?:new|old)[0-9]*$'`;

const attached = `SELECT h.inhdetachpending AS pending, h.inhparent::regclass::text AS parent, h.inhrelid::regclass::text AS partition
  FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${named}`;

async function detached(
  { partition }: Extract<Settle, { how: 'detach' }>,
  doing: Doing<ConcurrentStep>,
): Promise<boolean> {
  const { connection } = doing.held;
  const [row] = await connection.query<{ pending: boolean; parent: string; partition: string }>(attached, [
    partition,
  ]);
  if (row === undefined) return true;
  if (!row.pending) return false;
  // Who reads the partition waits behind this one.
  await patientlyAsk(doing, () =>
    connection.query(`ALTER TABLE ${row.parent} DETACH PARTITION ${row.partition} FINALIZE`),
  );
  return true;
}
