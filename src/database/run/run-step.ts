import { TealError } from '../../errors.ts';
import type { Doing } from './attempt.ts';
import type { StepRecord } from './ledger.ts';
import { runBatches } from './run-batches.ts';
import { runConcurrent } from './run-concurrent.ts';
import { runHook } from './run-hook.ts';
import { runRestore, runSave } from './run-saved.ts';
import { runTransaction } from './run-transaction.ts';
import { incomplete, runVerify } from './run-verify.ts';
import { isLost, isMissing, isThere, sayServerError, stateOf } from './server-error.ts';
import type { Throttle } from './throttle.ts';

/** How often all rows were gone through in vain. */
export interface Passes {
  count: number;
}

/** Rows that were locked, or came between, are found by a second pass; what a third does not fill no statement of the file fills. */
const mostPasses = 3;

interface With {
  readonly before: StepRecord | undefined;
  readonly lenient: boolean;
  readonly throttle: Throttle;
  readonly passes: Passes;
}

/** Runs one step. @returns whether the steps before it are to be looked at again @throws TealError, or the error of a lost connection */
export async function runStep(doing: Doing, more: With): Promise<boolean> {
  const { options, place, step } = doing;
  const startedAt = performance.now();
  const { kind, what } = step;
  options.tell({ type: 'step-started', step: place.step, kind, what, resumed: more.before !== undefined });
  try {
    if (await runKind(doing, more)) return true;
  } catch (error) {
    throw error instanceof TealError || isLost(error) ? error : failed(doing, error);
  }
  options.tell({ type: 'step-done', step: place.step, ms: performance.now() - startedAt });
  return false;
}

async function runKind(doing: Doing, { before, lenient, throttle, passes }: With): Promise<boolean> {
  const { step } = doing;
  switch (step.kind) {
    case 'transaction':
      await runTransaction({ ...doing, step }, lenient);
      return false;
    case 'concurrent':
      await runConcurrent({ ...doing, step }, before);
      return false;
    case 'batch':
      await runBatches({ ...doing, step }, before, throttle);
      return false;
    case 'hook':
      await runHook({ ...doing, step });
      return false;
    case 'save':
      await runSave({ ...doing, step });
      return false;
    case 'restore':
      await runRestore({ ...doing, step });
      return false;
    case 'verify': {
      const left = await runVerify({ ...doing, step });
      if (left === 0) return false;
      passes.count += 1;
      if (passes.count >= mostPasses) throw incomplete(left, { ...doing, step });
      return true;
    }
  }
}

function failed({ step, place }: Doing, error: unknown): TealError {
  const state = stateOf(error);
  const details = { step: place.step, state, statement: step.what };
  const message = `Step ${place.step} of ${place.phase} failed: ${sayServerError(error)}: ${step.what}`;
  if (state === '42501')
    return new TealError('database-rights', message, {
      remedy: 'Give the role that right, or use one that has it; then run the phase again.',
      details,
      cause: error,
    });
  if (isThere(error) || isMissing(error))
    return new TealError('schema-drift', message, {
      remedy: `The schema is not what the file is written for: ${isThere(error) ? 'somebody has made that already' : 'what it needs is not there'}. Correct the database or the file (steps that have not run may change), then run the phase again.`,
      details,
      cause: error,
    });
  return new TealError('migration-failed', message, {
    remedy:
      'It was taken back; the steps before it are done. Correct the file (steps that have not run may change) and run the phase again, or undo.',
    details,
    cause: error,
  });
}
