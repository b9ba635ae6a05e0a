import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because, order } from './shell/simple.ts';

/** Holds a release where it is. */
export async function pause(this: Context, flags: ReasonFlags, app?: string): Promise<Result> {
  return order(this, flags, { command: 'pause', app, body: because(flags.reason) });
}
