import type { AppStatus } from '../../control/contract.ts';
import { TealError } from '../../errors.ts';
import { connectControl } from '../client.ts';
import { renderDatabaseDone } from '../render/database.ts';
import { waitTexts } from '../text.ts';
import { soleApp } from './app.ts';
import type { Context, ReasonFlags, Result } from './context.ts';
import { because } from './simple.ts';
import { lastEvent, watch } from './watch.ts';

export interface MigrationFlags extends ReasonFlags {
  readonly wait: boolean;
  readonly timeout?: number;
}

interface Order {
  readonly command: 'contract' | 'undo';
  readonly app: string | undefined;
}

/** Sends a command about the database of an app, and waits until that is done. */
export async function orderMigration(
  context: Context,
  flags: MigrationFlags,
  { command, app: named }: Order,
): Promise<Result | void> {
  const client = await connectControl(context, flags);
  const app = await soleApp(client, named);
  const after = flags.wait ? await lastEvent(client) : 0;
  const result = await client.command(app, command, because(flags.reason));
  const told = (status: AppStatus, complete: boolean): Result => ({
    json: { did: result.did, app: status },
    text: (view) => renderDatabaseDone({ command, did: result.did, app: status, complete }, view),
  });
  if (!flags.wait) return told(result.app, false);
  const begun = result.app.migration;
  let said: string | null = null;
  const done = await watch(
    context,
    { client, app, after, timeoutMs: flags.timeout },
    {
      look: async (status) => {
        if (isDone(status, { command, begun })) return status;
        const { migration } = status;
        // Held meanwhile, by a freeze or by a version that has come back: events tell the one, and not what follows.
        if (migration !== null && migration.progress === null && migration.says !== said) {
          if (said !== null) context.terminal.note(`  ${migration.says}`);
          said = migration.says;
        }
        return null;
      },
      late: () => timedOut(app, command, flags.timeout ?? 0),
      interrupted: waitTexts.elsewhere(app),
    },
  );
  return done === null ? undefined : told(done, true);
}

/** @throws TealError its own, when the phase has failed */
function isDone(
  { migration }: AppStatus,
  { command, begun }: { readonly command: Order['command']; readonly begun: AppStatus['migration'] },
): boolean {
  // Another one, or another round of it, can begin only after the end of this one.
  if (migration === null || migration.name !== begun?.name || migration.round !== begun.round) return true;
  if (migration.failed !== null) throw TealError.from(migration.failed);
  return migration.stage === (command === 'contract' ? 'contracted' : 'undone');
}

const timedOut = (app: string, command: string, ms: number): TealError =>
  new TealError('timed-out', `${command} was not done within ${ms / 1000} s; it goes on`, {
    remedy: `Look with: teal status ${app}`,
    details: { app },
  });
