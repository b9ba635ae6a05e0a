import type { Context, Result } from './shell/context.ts';
import { orderRelease, type WaitFlags } from './shell/release.ts';
import { because } from './shell/simple.ts';

/** Releases the version of the last release once more. */
export async function retry(this: Context, flags: WaitFlags, app?: string): Promise<Result | void> {
  return orderRelease(this, flags, { command: 'retry', app, body: because(flags.reason), goal: 'forward' });
}
