import { BlockList, isIP, SocketAddress } from 'node:net';
import { Memory } from './memory.ts';

/** One spelling for one address: no zone, no brackets, IPv4 as IPv4 also when it came mapped into IPv6. Empty for what is no address. */
export function plainAddress(written: string): string {
  const [zoneless = ''] = written.split('%');
  const bare = zoneless.startsWith('[') && zoneless.endsWith(']') ? zoneless.slice(1, -1) : zoneless;
  const family = isIP(bare);
  if (family === 4) return bare;
  if (family === 0) return '';
  const address = new SocketAddress({ address: bare, family: 'ipv6' }).address.toLowerCase();
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/** CIDR ranges, IPv4 and IPv6. */
export interface Networks {
  /** @param address as `plainAddress` gives it */
  has(address: string): boolean;
}

/** @param ranges as teal.yaml was checked: `192.0.2.0/24`, `2001:db8::/32` */
export function networksOf(ranges: readonly string[]): Networks {
  // Apart, since one list takes IPv4 for a part of IPv6: ::/0 would hold it all.
  const [four, six] = [new BlockList(), new BlockList()];
  for (const range of ranges) {
    const slash = range.lastIndexOf('/');
    const written = range.slice(0, slash);
    const length = Number(range.slice(slash + 1));
    const address = plainAddress(written);
    if (isIP(address) === 6) six.addSubnet(address, length, 'ipv6');
    else if (isIP(written) === 4) four.addSubnet(address, length, 'ipv4');
    // Mapped into IPv6, of which addresses are taken out before they are asked for.
    else if (length >= 96) four.addSubnet(address, length - 96, 'ipv4');
  }
  const known = new Memory<boolean>(mostKnown);
  return {
    has(address) {
      if (address === '') return false;
      const before = known.get(address);
      if (before !== undefined) return before;
      const found = address.includes(':') ? six.check(address, 'ipv6') : four.check(address, 'ipv4');
      known.set(address, found);
      return found;
    },
  };
}

/** A lookup parses the address anew, and the same ones ask again and again. In each of two generations, for every list of ranges. */
const mostKnown = 1024;

/** More proxies than stand in any row. */
const mostHops = 32;

/**
 * The client's address: that of the connection, or, when this is a trusted proxy, the right-most one in X-Forwarded-For that is none.
 * What stands further left was written by people nobody knows. Empty when what a trusted proxy wrote is no address.
 */
export function clientAddress(peer: string, forwardedFor: string, trusted: Networks): string {
  let address = plainAddress(peer);
  let end = forwardedFor.length;
  for (let hop = 0; hop < mostHops && end > 0 && trusted.has(address); hop++) {
    const comma = forwardedFor.lastIndexOf(',', end - 1);
    const written = forwardedFor.slice(comma + 1, end).trim();
    end = Math.max(comma, 0);
    address = plainAddress(withoutPort(written));
    if (address === '') return '';
  }
  return address;
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(written: string): string {
  if (written.startsWith('[')) return written.slice(0, written.indexOf(']') + 1);
  const colon = written.indexOf(':');
  return colon >= 0 && colon === written.lastIndexOf(':') ? written.slice(0, colon) : written;
}
