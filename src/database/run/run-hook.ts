import { TealError } from '../../errors.ts';
import type { Doing } from './attempt.ts';
import { runCommand, type Ended } from './command.ts';
import { forgetStep, recordStep } from './ledger.ts';
import { patienceOf } from './options.ts';
import { pauseBefore } from './patience.ts';
import { doneOf } from './run-transaction.ts';
import type { HookStep } from './step.ts';
import { interrupted, pause, stopIf } from './wait.ts';

/** What PostgreSQL says to who has waited too long for a lock, in English and by number. */
const waitedTooLong = /lock timeout|55P03|lock_not_available/;

/**
 * Runs a command of another migration tool, which records itself what it has done: so it is run again when it was interrupted, and
 * when it waited too long for a lock. Whatever it is made with, its sessions get the lock_timeout by PGOPTIONS.
 */
export async function runHook(doing: Doing<HookStep>): Promise<void> {
  const { step, place, held, options } = doing;
  await held.fence();
  await recordStep(held.connection, place, { ...doneOf(step), state: 'started' });
  const { deadlineMs } = patienceOf(options);
  const deadline = performance.now() + deadlineMs;
  for (let tries = 1; ; tries++) {
    stopIf(options.signal);
    const ended = await command(doing);
    if (options.signal.aborted) throw interrupted();
    if (ended.code === 0) break;
    const ms = pauseBefore(tries, Math.random());
    if (!waitedTooLong.test(ended.output) || performance.now() + ms > deadline) {
      // What it has done it knows itself, so another command may stand in its place.
      await forgetStep(held.connection, place);
      throw failedCommand({ step: place.step, phase: place.phase, what: step.what }, ended);
    }
    options.tell({ type: 'waiting', step: place.step, tries, blockers: [] });
    await pause(ms, options.signal);
  }
  options.tell({ type: 'step-ran', step: place.step });
  await held.fence();
  await recordStep(held.connection, place, doneOf(step));
}

/** What to throw when a command has not done its work. */
export function failedCommand(
  { step, phase, what }: { readonly step: number; readonly phase: string; readonly what: string },
  { code, output }: Ended,
): TealError {
  const how = code === null ? 'was killed, or could not be started' : `ended with exit code ${code}`;
  return new TealError('migration-failed', `Step ${step} of ${phase} ${how}: ${what}`, {
    remedy: 'Look at its output, correct it and run the phase again, or undo.',
    details: { step, code, output },
  });
}

function command({ step, place, options }: Doing<HookStep>): Promise<Ended> {
  const { lockTimeoutMs } = patienceOf(options);
  return runCommand({
    command: step.command,
    folder: options.folder,
    env: {
      PGOPTIONS: `-c lock_timeout=${Math.ceil(lockTimeoutMs)}`,
      ...options.env,
      DATABASE_URL: options.url,
      TEAL_PHASE: place.phase,
      TEAL_MIGRATION: place.migration,
    },
    signal: options.signal,
    line: (line) => options.tell({ type: 'output', line }),
  });
}
