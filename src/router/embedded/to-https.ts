import { isChallenge } from './acme.ts';
import { asksForPreview } from './decide.ts';
import type { Peer } from './peer.ts';
import type { RequestHead } from './request-head.ts';

/** Who asks, and at which address of ours. */
export interface Asked {
  readonly httpsPort: number;
  readonly peer: Peer;
  readonly localAddress: string;
}

/**
 * Where a plain request is sent to instead of being answered; null when it is answered. Never sent away: what a trusted
 * proxy says came by https; an ACME challenge; and a preview asked for on this machine, since the tests of a release
 * know no name that a certificate would fit.
 */
export function httpsLocation(head: RequestHead, { httpsPort, peer, localAddress }: Asked): string | null {
  if (peer.trusted && head.forwardedProto.toLowerCase() === 'https') return null;
  if (isChallenge(head.target)) return null;
  if (asksForPreview(head) && isLoopback(localAddress)) return null;
  const host =
    head.host.replace(/:\d*$/, '') || (localAddress.includes(':') ? `[${localAddress}]` : localAddress);
  const target = head.target === '*' ? '/' : head.target;
  return `https://${host}${httpsPort === 443 ? '' : `:${httpsPort}`}${target}`;
}

/** Packets to such an address never come from another machine. */
function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}
