import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because, order } from './shell/simple.ts';

/** Has a new key sign cookies and previews. */
export async function keysRotate(this: Context, flags: ReasonFlags, app?: string): Promise<Result> {
  return order(this, flags, { command: 'rotate-keys', app, body: because(flags.reason) });
}
