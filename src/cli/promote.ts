import type { Context, Result } from './shell/context.ts';
import { orderRelease, type WaitFlags } from './shell/release.ts';
import { because } from './shell/simple.ts';

export interface PromoteFlags extends WaitFlags {
  readonly full?: boolean;
}

/** Lets a release that waits for a person go live. */
export async function promote(this: Context, flags: PromoteFlags, app?: string): Promise<Result | void> {
  const body = { ...because(flags.reason), ...(flags.full === true ? { full: true } : {}) };
  return orderRelease(this, flags, { command: 'promote', app, body, goal: 'forward' });
}
