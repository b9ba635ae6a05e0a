import { TealError } from '../../errors.ts';
import { runCheck, type CheckResult } from './check-command.ts';
import { Journal, uncommitted, type Rewrite } from './journal.ts';

export interface CarryOut {
  readonly folder: string;
  readonly files: readonly Rewrite[];
  /** The user's own check, and where it runs; null: none. */
  readonly check: { readonly command: string; readonly folder: string } | null;
  /** Change files that have uncommitted changes, too. */
  readonly allowDirty: boolean;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/**
 * Changes the files, runs the check, and puts every file back when it fails, when it is interrupted, or when anything goes wrong.
 * @returns how the check ended; null without one
 * @throws TealError `uncommitted-changes`, `check-failed`
 */
export async function carryOut(order: CarryOut): Promise<CheckResult | null> {
  await refuseDirty(order);
  const journal = await Journal.begin(order.folder, order.files);
  let done = false;
  try {
    await journal.apply();
    const { check, signal, tell } = order;
    const result =
      check === null ? null : await runCheck(check.command, { folder: check.folder, signal }, tell);
    if (signal.aborted) throw interrupted();
    if (result !== null && result.code !== 0) throw failed(result);
    done = true;
    return result;
  } finally {
    if (done) await journal.end();
    else await journal.restore();
  }
}

async function refuseDirty({ folder, files, allowDirty }: CarryOut): Promise<void> {
  if (allowDirty) return;
  const dirty = await uncommitted(
    folder,
    files.map(({ file }) => file),
  );
  if (dirty.length === 0) return;
  throw new TealError(
    'uncommitted-changes',
    `These files have changes that are not committed: ${dirty.join(', ')}`,
    {
      remedy: 'Commit them first, so that the removal can be seen and undone by itself; or say --allow-dirty',
      details: { files: dirty },
    },
  );
}

function interrupted(): TealError {
  return new TealError('check-failed', 'Interrupted: every file is as it was before', {
    remedy: 'Run it again when you like.',
  });
}

function failed({ command, code, signal, output }: CheckResult): TealError {
  const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
  return new TealError('check-failed', `The check ${how}, so every file is as it was before: ${command}`, {
    remedy:
      'Look whether it passes without the removal; tests of the way that goes have to go first. What would change: --dry-run',
    details: { command, code, signal, output },
  });
}
