import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because, order } from './shell/simple.ts';

/** Replaces every instance by a fresh one of the same version, one at a time. */
export async function restart(this: Context, flags: ReasonFlags, app?: string): Promise<Result> {
  return order(this, flags, { command: 'restart', app, body: because(flags.reason) });
}
