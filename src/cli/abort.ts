import type { Context, Result } from './shell/context.ts';
import { orderRelease, type WaitFlags } from './shell/release.ts';
import { because } from './shell/simple.ts';

export type AbortFlags = Omit<WaitFlags, 'until'>;

/** Gives up a release that is not live yet; live traffic is not touched. */
export async function abort(this: Context, flags: AbortFlags, app?: string): Promise<Result | void> {
  return orderRelease(this, flags, { command: 'abort', app, body: because(flags.reason), goal: 'given-up' });
}
