import { TealError } from '../errors.ts';
import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { gateOf } from './shell/gate.ts';
import { order } from './shell/simple.ts';

export interface RejectFlags extends ReasonFlags {
  /** As people count: the first is 1. */
  readonly step?: number;
}

/** Refuses to sign a release off: it aborts, and the reason goes into the history. */
export async function reject(this: Context, flags: RejectFlags, app?: string): Promise<Result> {
  const { reason } = flags;
  if (reason === undefined) {
    throw new TealError('usage', 'A rejection needs a reason.', {
      remedy: `teal reject ${app ?? ''} --reason "what is wrong"`.replace('  ', ' '),
    });
  }
  const gate = await gateOf(this, flags, app);
  return order(this, flags, { command: 'reject', app: gate.app, body: { step: gate.step, reason } });
}
