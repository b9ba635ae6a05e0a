import type { Context, Result } from './shell/context.ts';
import { TealError } from '../errors.ts';
import { orderRelease, type WaitFlags } from './shell/release.ts';
import { because } from './shell/simple.ts';
import { rollbackAll } from './rollback-all.ts';

export interface RollbackFlags extends WaitFlags {
  readonly all?: boolean;
}

/** Sends everyone back. One word: nothing is asked, nothing has to be proved first. */
export async function rollback(this: Context, flags: RollbackFlags, app?: string): Promise<Result | void> {
  if (flags.all !== true)
    return orderRelease(this, flags, { command: 'rollback', app, body: because(flags.reason), goal: 'back' });
  if (app === undefined) return rollbackAll(this, flags);
  throw new TealError('usage', `Only ${app}, or all of them?`, {
    remedy: `teal rollback ${app}, or teal rollback --all`,
    details: { app },
  });
}
