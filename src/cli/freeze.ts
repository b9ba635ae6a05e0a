import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because, order } from './shell/simple.ts';

/** Holds deploys and steps of an app; going back stays possible. */
export async function freeze(this: Context, flags: ReasonFlags, app?: string): Promise<Result> {
  return order(this, flags, { command: 'freeze', app, body: because(flags.reason) });
}
