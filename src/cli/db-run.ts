import path from 'node:path';
import type { Phase } from '../config/database.ts';
import { migrationAt } from '../database/run/folder.ts';
import type { RunEvent } from '../database/run/options.ts';
import { usualPatience } from '../database/run/patience.ts';
import { runPhase, type PhaseReport } from '../database/run/run-phase.ts';
import { loadParser } from '../database/sql/parser.ts';
import { addressGiven } from '../database/server/address.ts';
import { renderRan, sayRunEvent } from './render/migration.ts';
import { report, type Context, type LocalFlags, type Result } from './shell/context.ts';
import { interruptedExit, onInterrupt } from './shell/interrupt.ts';

export interface DbRunFlags extends LocalFlags {
  readonly url?: string;
  readonly run?: readonly string[];
  readonly lockTimeout?: number;
  readonly deadline?: number;
  readonly force?: boolean;
  readonly acceptDrift?: boolean;
}

/** Progress is told this often at most: a batch takes a tenth of a second. */
const tellEveryMs = 2000;

/** Runs a phase of a migration, or what is left of it. Ctrl-C takes back what is under way; the same command goes on from there. */
export async function dbRun(
  this: Context,
  flags: DbRunFlags,
  phase: Phase,
  given: string,
): Promise<Result | void> {
  const folder = path.resolve(this.cwd, given);
  const migration = await migrationAt(folder, { [phase]: flags.run ?? [] });
  const url = addressGiven(flags.url, this.env);
  const parser = await loadParser();
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  let ran: PhaseReport;
  try {
    ran = await runPhase({
      url,
      migration,
      phase,
      parser,
      signal: interrupt.signal,
      tell: telling(this),
      folder: this.cwd,
      env: this.env,
      patience: {
        lockTimeoutMs: flags.lockTimeout ?? usualPatience.lockTimeoutMs,
        deadlineMs: flags.deadline ?? usualPatience.deadlineMs,
      },
      force: flags.force ?? false,
      acceptDrift: flags.acceptDrift ?? false,
    });
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    report(this, error);
    this.exit = interruptedExit;
    return;
  }
  const shown = path.relative(this.cwd, folder) || '.';
  return {
    json: { migration: migration.name, phase, ...ran },
    text: (view) => renderRan({ phase, folder: shown, name: migration.name, ran }, view),
  };
}

/** What happens on the way goes to stderr; for machines there is only the result. */
function telling({ json, terminal }: Context): (event: RunEvent) => void {
  let toldAt = -Infinity;
  return (event) => {
    if (json) return;
    const now = performance.now();
    if (event.type === 'progress' && now - toldAt < tellEveryMs) return;
    if (event.type === 'progress') toldAt = now;
    const line = sayRunEvent(event, terminal.noteView);
    if (line !== null) terminal.note(line);
  };
}
