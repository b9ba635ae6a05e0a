import type { Context, Result } from './shell/context.ts';
import { orderRelease, type WaitFlags } from './shell/release.ts';
import { because } from './shell/simple.ts';

export type RollbackFlags = WaitFlags;

/** Sends everyone back. One word: nothing is asked, nothing has to be proved first. */
export async function rollback(this: Context, flags: RollbackFlags, app?: string): Promise<Result | void> {
  return orderRelease(this, flags, { command: 'rollback', app, body: because(flags.reason), goal: 'back' });
}
