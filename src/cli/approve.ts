import type { Context, Result } from './shell/context.ts';
import { gateOf } from './shell/gate.ts';
import { orderRelease, type WaitFlags } from './shell/release.ts';
import { because } from './shell/simple.ts';

export interface ApproveFlags extends WaitFlags {
  /** As people count: the first is 1. */
  readonly step?: number;
}

/** Signs a release off at the step where it waits. */
export async function approve(this: Context, flags: ApproveFlags, app?: string): Promise<Result | void> {
  const gate = await gateOf(this, flags, app);
  const body = { step: gate.step, ...because(flags.reason) };
  return orderRelease(this, flags, { command: 'approve', app: gate.app, body, goal: 'forward' });
}
