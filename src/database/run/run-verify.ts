import { TealError } from '../../errors.ts';
import { patientlyAsk, type Doing } from './attempt.ts';
import { recordStep, reopenBatches } from './ledger.ts';
import { doneOf } from './run-transaction.ts';
import type { VerifyStep } from './step.ts';

/**
 * Looks whether anything is left to do. If so, the batches before it are to be done again, now or the next time.
 * @returns how much is left: 0, or what the query counts, or how many rows it gives
 */
export async function runVerify(doing: Doing<VerifyStep>): Promise<number> {
  const { held, step, place } = doing;
  const left = leftIn(await patientlyAsk(doing, () => held.connection.query(step.query)));
  await held.fence();
  if (left === 0) await recordStep(held.connection, place, doneOf(step));
  else await reopenBatches(held.connection, place);
  return left;
}

/** One row with one number is a count; anything else are rows that are in the way. */
function leftIn(rows: readonly Record<string, unknown>[]): number {
  const [first] = rows;
  if (first === undefined) return 0;
  const values = Object.values(first);
  const only = values.length === 1 && rows.length === 1 ? values[0] : null;
  return (typeof only === 'string' || typeof only === 'number') && /^\d+$/.test(String(only))
    ? Number(only)
    : rows.length;
}

/** @returns what to throw */
export function incomplete(left: number, { step, place }: Doing<VerifyStep>): TealError {
  return new TealError(
    'backfill-incomplete',
    `The backfill has gone through all rows, and ${left} ${left === 1 ? 'is' : 'are'} left: ${step.what}`,
    {
      remedy: 'Run that query to see which. When they are put right, run the backfill again.',
      details: { left, step: place.step },
    },
  );
}
