/**
 * The PROXY protocol, versions 1 and 2 (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt): what a load
 * balancer says, before the first byte of its client, about who that is. Pure: give it what has come so far.
 */
import { isIP } from 'node:net';

export type ProxyHeader =
  | { readonly kind: 'more' }
  | { readonly kind: 'bad'; readonly why: string }
  /** `source` is null where the sender names nobody: the connection then speaks for itself. */
  | { readonly kind: 'whole'; readonly bytes: number; readonly source: string | null };

/** The longest line of version 1 that can be, CRLF included. */
const longestLine = 107;
/** Version 2 may be longer by far; load balancers send addresses and a few hundred bytes of TLVs, or one certificate. */
const longestBinary = 8192;
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const fixedBytes = 16;
const lineStart = Buffer.from('PROXY ', 'latin1');

const more: ProxyHeader = { kind: 'more' };
const bad = (why: string): ProxyHeader => ({ kind: 'bad', why });

export function parseProxyHeader(data: Buffer): ProxyHeader {
  if (startsLike(data, signature)) return data.length < fixedBytes ? more : parseBinary(data);
  if (startsLike(data, lineStart)) return parseLine(data);
  return bad('no PROXY header');
}

/** Whether `data` may go on to be, or is, `start`. */
function startsLike(data: Buffer, start: Buffer): boolean {
  const length = Math.min(data.length, start.length);
  return data.compare(start, 0, length, 0, length) === 0;
}

function parseLine(data: Buffer): ProxyHeader {
  const end = data.subarray(0, longestLine).indexOf('\r\n');
  if (end < 0) return data.length >= longestLine ? bad('the PROXY line has no end') : more;
  const line = data.toString('latin1', 0, end);
  const bytes = end + 2;
  // Behind UNKNOWN anything may follow, and means nothing.
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'whole', bytes, source: null };
  const [, family, source, destination, ...ports] =
    /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line) ?? [];
  const version = Number(family);
  if (source === undefined || isIP(source) !== version || isIP(destination ?? '') !== version) {
    return bad('the PROXY line is malformed');
  }
  if (ports.some((port) => Number(port) > 65_535)) return bad('the PROXY line has no such port');
  return { kind: 'whole', bytes, source };
}

function parseBinary(data: Buffer): ProxyHeader {
  const command = data.readUInt8(12);
  const family = data.readUInt8(13);
  const length = data.readUInt16BE(14);
  const bytes = fixedBytes + length;
  if (command >> 4 !== 2) return bad('the PROXY header has another version than 2');
  if (bytes > longestBinary) return bad('the PROXY header is too long');
  if ((command & 0xf) > 1) return bad('the PROXY header has an unknown command');
  const needed = addressBytes[family >> 4];
  if (needed === undefined || (family & 0xf) > 2) return bad('the PROXY header has an unknown family');
  if (data.length < bytes) return more;
  // LOCAL: a health check of the balancer itself.
  if ((command & 0xf) === 0) return { kind: 'whole', bytes, source: null };
  if (length < needed) return bad('the PROXY header is too short for its addresses');
  return { kind: 'whole', bytes, source: sourceOf(data, family >> 4) };
}

/** By family: unspecified, IPv4, IPv6, UNIX. What follows the addresses are TLVs, which nobody here asks. */
const addressBytes: Readonly<Record<number, number>> = { 0: 0, 1: 12, 2: 36, 3: 216 };

function sourceOf(data: Buffer, family: number): string | null {
  if (family === 1) return [...data.subarray(fixedBytes, fixedBytes + 4)].join('.');
  if (family !== 2) return null;
  const groups = Array.from({ length: 8 }, (_, index) => data.readUInt16BE(fixedBytes + 2 * index));
  const text = groups.map((group) => group.toString(16)).join(':');
  // In its usual, shortened form.
  const [address = ''] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('%');
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
    ? `::ffff:${[...data.subarray(fixedBytes + 12, fixedBytes + 16)].join('.')}`
    : address;
}
