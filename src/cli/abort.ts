import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because, order } from './shell/simple.ts';

/** Gives up a release that is not live yet; live traffic is not touched. */
export async function abort(this: Context, flags: ReasonFlags, app?: string): Promise<Result> {
  return order(this, flags, { command: 'abort', app, body: because(flags.reason) });
}
