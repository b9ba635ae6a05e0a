import type { BlockList } from 'node:net';
import { isIP, isIPv6 } from 'node:net';

/**
 * Who asked: behind trusted proxies the nearest address of `X-Forwarded-For` that is not one of them. What stands
 * further left came from there, and may be anything.
 * @param chain `X-Forwarded-For` as it came, only of a trusted peer
 */
export function clientAddress(peer: string, chain: string, trusted: BlockList): string {
  let known = peer;
  const hops = chain.split(',');
  for (let index = hops.length - 1; index >= 0; index--) {
    const hop = (hops[index] ?? '').trim();
    if (isIP(hop) === 0) return known;
    known = hop;
    if (!trusted.check(hop, isIPv6(hop) ? 'ipv6' : 'ipv4')) return known;
  }
  return known;
}
