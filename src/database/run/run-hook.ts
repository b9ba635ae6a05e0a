import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { TealError } from '../../errors.ts';
import type { Doing } from './attempt.ts';
import { recordStep } from './ledger.ts';
import { patienceOf } from './options.ts';
import { pauseBefore } from './patience.ts';
import { doneOf } from './run-transaction.ts';
import type { HookStep } from './step.ts';
import { interrupted, pause, stopIf } from './wait.ts';

/** Enough to see what failed; the whole was told while it ran. */
const keptOutput = 16 * 1024;
/** Time to take its transaction back, before it is killed. */
const graceMs = 10_000;
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
    const { code, output } = await command(doing);
    if (options.signal.aborted) throw interrupted();
    if (code === 0) break;
    const ms = pauseBefore(tries, Math.random());
    if (!waitedTooLong.test(output) || performance.now() + ms > deadline) throw failed(doing, code, output);
    options.tell({ type: 'waiting', step: place.step, tries, blockers: [] });
    await pause(ms, options.signal);
  }
  options.tell({ type: 'step-ran', step: place.step });
  await held.fence();
  await recordStep(held.connection, place, doneOf(step));
}

function failed({ step, place }: Doing, code: number | null, output: string): TealError {
  const how = code === null ? 'was killed' : `ended with exit code ${code}`;
  return new TealError('migration-failed', `Step ${place.step} of ${place.phase} ${how}: ${step.what}`, {
    remedy: 'Its output is above. Correct it and run the phase again, or undo.',
    details: { step: place.step, code, output },
  });
}

function command({
  step,
  place,
  options,
}: Doing<HookStep>): Promise<{ code: number | null; output: string }> {
  const { signal } = options;
  const { lockTimeoutMs } = patienceOf(options);
  return new Promise((resolve, reject) => {
    // In a group of its own: a signal then reaches all that the shell started, and nothing is left behind.
    const child = spawn(step.command, {
      shell: true,
      detached: true,
      cwd: options.folder,
      env: {
        PGOPTIONS: `-c lock_timeout=${Math.ceil(lockTimeoutMs)}`,
        ...options.env,
        DATABASE_URL: options.url,
        TEAL_PHASE: place.phase,
        TEAL_MIGRATION: place.migration,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let force: NodeJS.Timeout | undefined;
    const stop = (): void => {
      kill(child.pid, 'SIGTERM');
      force = setTimeout(() => kill(child.pid, 'SIGKILL'), graceMs);
    };
    signal.addEventListener('abort', stop, { once: true });
    const keep = (line: string): void => {
      output = `${output}${line}\n`.slice(-keptOutput);
      options.tell({ type: 'output', line });
    };
    for (const stream of [child.stdout, child.stderr]) byLine(stream, keep);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(force);
      signal.removeEventListener('abort', stop);
      resolve({ code, output });
    });
  });
}

function kill(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended by itself.
  }
}

function byLine(stream: Readable, tell: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) tell(line);
  });
  stream.on('end', () => {
    if (rest !== '') tell(rest);
  });
}
