import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because, order } from './shell/simple.ts';

/** Lets deploys and steps go on. */
export async function unfreeze(this: Context, flags: ReasonFlags, app?: string): Promise<Result> {
  return order(this, flags, { command: 'unfreeze', app, body: because(flags.reason) });
}
