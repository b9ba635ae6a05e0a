import { factsOf } from '../facts/facts.ts';
import type { Asking } from './decide.ts';
import { headerValue } from './header-value.ts';
import type { Peer } from './peer.ts';
import type { RequestHead } from './request-head.ts';

/**
 * Who sent the head that was read last, found out only when the decision wants to know.
 * @param waited it has been waited for: a token that still is not verified counts as none, so that nobody waits twice
 */
export function askingOf(
  head: RequestHead,
  peer: Peer,
  { now, waited }: { readonly now: number; readonly waited: boolean },
): Asking {
  return ({ context }) => {
    const raw = {
      peer: peer.known,
      forwardedFor: head.forwardedFor,
      cookie: head.cookie,
      header: (name: string) => headerValue(head, name),
    };
    const facts = factsOf(raw, context, now);
    return waited && facts instanceof Promise ? factsOf(raw, { ...context, jwt: null }, now) : facts;
  };
}
