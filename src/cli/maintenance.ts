import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because, order } from './shell/simple.ts';

export interface MaintenanceFlags extends ReasonFlags {
  readonly message?: string;
}

/** Puts a maintenance page in front of an app, or takes it away. */
export async function maintenance(
  this: Context,
  flags: MaintenanceFlags,
  state: 'on' | 'off',
  app?: string,
): Promise<Result> {
  const message = flags.message === undefined ? {} : { message: flags.message };
  const body = { on: state === 'on', ...because(flags.reason), ...message };
  return order(this, flags, { command: 'maintenance', app, body });
}
