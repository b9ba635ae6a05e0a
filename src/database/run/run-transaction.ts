import { inTransaction, patiently, type Doing } from './attempt.ts';
import { recordStep, type StepRecord } from './ledger.ts';
import { patienceOf } from './options.ts';
import { isMissing } from './server-error.ts';
import type { Step, TransactionStep } from './step.ts';

/** What is recorded of a step that is done. */
export const doneOf = ({ kind, what, checksum }: Step): Omit<StepRecord, 'round' | 'phase' | 'step'> => ({
  kind,
  what,
  checksum,
  state: 'done',
  progress: null,
});

/**
 * Statements and their record, in one transaction.
 * @param lenient what is not there need not be taken away
 */
export async function runTransaction(doing: Doing<TransactionStep>, lenient: boolean): Promise<void> {
  const { step, place, options, held } = doing;
  const { lockTimeoutMs, deadlineMs } = patienceOf(options);
  await patiently(doing, () =>
    inTransaction(doing, step.patient ? deadlineMs : lockTimeoutMs, async () => {
      // The record comes first: nobody waits for it.
      await recordStep(held.connection, place, doneOf(step));
      if (!lenient) return step.statements.join('\n;');
      for (const statement of step.statements) await leniently(doing, statement);
      return undefined;
    }),
  );
}

async function leniently({ held, options }: Doing, statement: string): Promise<void> {
  const { connection } = held;
  await connection.query('SAVEPOINT teal');
  try {
    await connection.query(statement);
    await connection.query('RELEASE SAVEPOINT teal');
  } catch (error) {
    if (!isMissing(error)) throw error;
    await connection.query('ROLLBACK TO SAVEPOINT teal');
    options.tell({ type: 'notice', text: `Nothing to undo: ${statement.split('\n')[0] ?? ''}` });
  }
}
