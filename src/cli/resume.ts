import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because, order } from './shell/simple.ts';

/** Lets a paused release go on. */
export async function resume(this: Context, flags: ReasonFlags, app?: string): Promise<Result> {
  return order(this, flags, { command: 'resume', app, body: because(flags.reason) });
}
