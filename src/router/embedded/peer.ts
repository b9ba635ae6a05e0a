import { BlockList, isIPv6 } from 'node:net';
import { plainAddress } from '../../audience/address.ts';
import { TealError } from '../../errors.ts';
import type { KnownPeer } from '../facts/facts.ts';
import type { Arrival } from './arrival.ts';
import type { RequestHead } from './request-head.ts';

/** Who is at the other end of a client connection, and whether its `X-Forwarded-*` are believed. */
export interface Peer {
  readonly trusted: boolean;
  /** Without zone, IPv4 as such. */
  readonly address: string;
  readonly known: KnownPeer;
  /** The X-Forwarded-* and X-Teal-Client-* lines of a request of this peer. */
  forwarded(head: RequestHead, host: string): string;
  /** Whether its client speaks TLS: to us, or to a trusted proxy that says so. */
  secure(head: RequestHead): boolean;
}

/** Compiles `trusted-proxies` or `proxy-protocol`: CIDR ranges or single addresses. */
export function trustedList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    try {
      if (prefix === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(prefix), family);
    } catch (cause) {
      throw new TealError('config-invalid', `${range} is not an address range`, {
        remedy: 'Write router.trusted-proxies and router.proxy-protocol as CIDR, like 10.0.0.0/8.',
        details: { range },
        cause,
      });
    }
  }
  return list;
}

/** Whether a list of ranges holds an address as a socket says it. */
export function isWithin(remoteAddress: string, ranges: BlockList): boolean {
  const plain = plainAddress(remoteAddress);
  return plain !== '' && ranges.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}

export function peerOf(arrival: Arrival, trustedProxies: BlockList): Peer {
  const { remoteAddress, clientLines = '' } = arrival;
  const scheme = arrival.secure ? 'https' : 'http';
  const plain = plainAddress(remoteAddress);
  const trusted = isWithin(remoteAddress, trustedProxies);
  const known = { address: plain, trusted };
  const own = `${clientLines}X-Forwarded-For: ${plain}\r\nX-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Host: `;
  if (!trusted) {
    return {
      trusted,
      known,
      address: plain,
      forwarded: (_head, host) => `${own}${host}\r\n`,
      secure: () => arrival.secure,
    };
  }
  return {
    trusted,
    known,
    address: plain,
    secure: (head) => (head.forwardedProto || scheme) === 'https',
    forwarded: (head, host) => {
      const chain = head.forwardedFor === '' ? plain : `${head.forwardedFor}, ${plain}`;
      return (
        `${clientLines}X-Forwarded-For: ${chain}\r\n` +
        `X-Forwarded-Proto: ${head.forwardedProto || scheme}\r\n` +
        `X-Forwarded-Host: ${head.forwardedHost || host}\r\n`
      );
    },
  };
}

const sanePattern = /^[A-Za-z0-9._:@=+/-]{1,128}$/;

/** Keeps the id of a trusted proxy, when it looks like one. */
export function requestIdOf(head: RequestHead, peer: Peer, next: () => string): string {
  return peer.trusted && sanePattern.test(head.requestId) ? head.requestId : next();
}
