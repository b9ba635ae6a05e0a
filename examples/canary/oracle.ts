/**
 * Says where a request has to go, from its bytes and the documents alone. It shares nothing with Teal, so that a mistake
 * of Teal's cannot be in both: its own hash, its own arithmetic of addresses, its own look at tokens.
 */
import { createHash, verify, type KeyObject } from 'node:crypto';
import { issuer, audience } from './tokens.ts';

/** The one proxy whose X-Forwarded-For is believed. */
export const proxyAddress = '127.0.0.1';

/** Ranges of the office, as teal.yaml names them. */
const office = ['203.0.113.64/26', '2001:db8:77::/48'];
/** Who lies where: what the country database is made of. */
export const countries: Readonly<Record<string, string>> = {
  '192.0.2.0/25': 'AT',
  '192.0.2.128/25': 'DE',
  '2001:db8:a7::/48': 'AT',
  '2001:db8:a8::/48': 'CH',
  '198.51.100.0/24': 'DE',
};

/** All of a request that may count. */
export interface Sent {
  readonly from: string;
  readonly forwardedFor: string | null;
  readonly token: string | null;
  /** Cookies that the router has given this client, by name: what was made up is not among them. */
  readonly given: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How far the release is: each step only adds people. */
export const stages = ['staff', 'office', 'austria', '5 %', '50 %', 'everyone'] as const;
export type Stage = (typeof stages)[number];

/** Whether the request belongs on the candidate when the release `release` has come as far as this stage; -1 is before the first. */
export function isChosen(
  sent: Sent,
  stage: number,
  known: { readonly key: KeyObject; readonly release: string },
): boolean {
  if (wasAdmitted(sent, known.release)) return stage >= 0;
  return stages.slice(0, stage + 1).some((each) => belongs(sent, each, known.key));
}

function belongs(sent: Sent, stage: Stage, key: KeyObject): boolean {
  switch (stage) {
    case 'staff': {
      const groups = claimsOf(sent, key)?.['groups'];
      return Array.isArray(groups) && groups.includes('staff');
    }
    case 'office':
      return office.some((range) => lies(addressOf(sent), range));
    case 'austria':
      return Object.entries(countries).some(([range, code]) => code === 'AT' && lies(addressOf(sent), range));
    case '5 %':
      return isWithin(keyOf(sent, key), 5);
    case '50 %':
      return isWithin(keyOf(sent, key), 50);
    case 'everyone':
      return true;
  }
}

/** Where somebody stands among 100 000, as docs/audiences.md says; this release is the first that exposes anyone: its offset is 0. */
export function bucketOf(key: string): number {
  const hex = createHash('sha256').update(`shop:${key}`, 'utf8').digest('hex').slice(0, 8);
  return Number(BigInt(`0x${hex}`) % 100_000n);
}

const isWithin = (key: string | null, percent: number): boolean =>
  key !== null && bucketOf(key) < percent * 1000;

/** `kid.expires.release.side.mac` */
function wasAdmitted({ given }: Sent, release: string): boolean {
  const [, , of, side] = given.get('teal-release')?.split('.') ?? [];
  return of === release && side === 'candidate';
}

/** Who it is: by the token, else by the cookie `kid.expires.key.scope.mac`. */
function keyOf(sent: Sent, key: KeyObject): string | null {
  const sub = claimsOf(sent, key)?.['sub'];
  return typeof sub === 'string' ? sub : (sent.given.get('teal-id')?.split('.')[2] ?? null);
}

/** What a token says, when every reason to believe it is there. */
function claimsOf({ token, at }: Sent, key: KeyObject): Readonly<Record<string, unknown>> | null {
  const [header = '', payload = '', signature = ''] = token?.split('.') ?? [];
  const read = (text: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(text, 'base64url').toString() || '{}') as Record<string, unknown>;
  if (read(header)['alg'] !== 'ES256') return null;
  const text = Buffer.from(`${header}.${payload}`);
  const options = { key, dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', text, options, Buffer.from(signature, 'base64url'))) return null;
  const claims = read(payload);
  const good = claims['iss'] === issuer && claims['aud'] === audience && Number(claims['exp']) * 1000 > at;
  return good ? claims : null;
}

/** The last one that the trusted proxy has added; of anybody else the connection's own. */
function addressOf({ from, forwardedFor }: Sent): string {
  if (from !== proxyAddress || forwardedFor === null) return from;
  return forwardedFor.split(',').at(-1)?.trim() ?? '';
}

function lies(address: string, range: string): boolean {
  const [base = '', length = ''] = range.split('/');
  const [one, other] = [numberOf(address), numberOf(base)];
  if (one === null || other === null || one.bits !== other.bits) return false;
  const shift = BigInt(one.bits - Number(length));
  return one.value >> shift === other.value >> shift;
}

/** An address as one large number. */
function numberOf(address: string): { readonly value: bigint; readonly bits: 32 | 128 } | null {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(address)) {
    return { value: address.split('.').reduce((sum, byte) => sum * 256n + BigInt(byte), 0n), bits: 32 };
  }
  if (!address.includes(':')) return null;
  const [head = '', tail] = address.split('::');
  const words = (text: string | undefined): readonly string[] => (text ? text.split(':') : []);
  const [before, after] = [words(head), words(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const all = [...before, ...zeros, ...after];
  return { value: all.reduce((sum, word) => (sum << 16n) + BigInt(`0x${word}`), 0n), bits: 128 };
}
