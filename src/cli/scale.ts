import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because, order } from './shell/simple.ts';

export interface ScaleFlags extends ReasonFlags {
  readonly role?: string;
}

/** Sets how many instances of a role run. */
export async function scale(
  this: Context,
  flags: ScaleFlags,
  app: string,
  instances: number,
): Promise<Result> {
  const body = {
    instances,
    ...because(flags.reason),
    ...(flags.role === undefined ? {} : { role: flags.role }),
  };
  return order(this, flags, { command: 'scale', app, body });
}
