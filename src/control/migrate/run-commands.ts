import { runCommand } from '../../database/run/command.ts';
import { failedCommand } from '../../database/run/run-hook.ts';
import type { PhaseReport } from '../../database/run/run-phase.ts';
import type { Source } from '../../database/run/step.ts';
import { interrupted, stopIf } from '../../database/run/wait.ts';
import { TealError } from '../../errors.ts';
import { folderOf } from '../effects/workload.ts';
import { commandEnvironment } from './environment.ts';
import type { Work } from './work.ts';

/**
 * Runs a phase of a database that only the app's own tools know. They have to stand being run again: Teal keeps no record there of what
 * is done, and who was killed half-way begins anew. @throws TealError `migration-failed`, `migration-invalid`, `migration-interrupted`
 */
export async function runCommands(
  { effect, signal, telling }: Work,
  sources: readonly Source[],
): Promise<PhaseReport> {
  const startedAt = performance.now();
  const tell = telling.hear;
  const { migration, phase } = effect;
  const env = commandEnvironment(effect, process.env);
  tell({ type: 'phase-started', round: migration.round, steps: sources.length, done: 0 });
  for (const [index, source] of sources.entries()) {
    stopIf(signal);
    const step = index + 1;
    if (!('run' in source)) throw notOurs(source.file);
    const what = source.run;
    tell({ type: 'step-started', step, kind: 'hook', what, resumed: false });
    const began = performance.now();
    const line = (text: string): void => tell({ type: 'output', line: text });
    const ended = await runCommand({ command: what, folder: folderOf(migration.build), env, signal, line });
    if (signal.aborted) throw interrupted();
    if (ended.code !== 0) throw failedCommand({ step, phase, what }, ended);
    tell({ type: 'step-done', step, ms: performance.now() - began });
  }
  const { length } = sources;
  return { round: migration.round, steps: length, ran: length, ms: performance.now() - startedAt };
}

const notOurs = (file: string): TealError =>
  new TealError('migration-invalid', `${file} cannot be run: teal.yaml names no database for it`, {
    remedy: 'Name one that is a PostgreSQL with database.url, or have a command run it: database.run.',
    details: { file },
  });
