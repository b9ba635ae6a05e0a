import { randomBytes } from 'node:crypto';
import { proxyAddress } from './oracle.ts';
import type { Provider } from './tokens.ts';

/** Somebody who visits the shop: what goes along with each request, and what is done with cookies. */
export interface Person {
  readonly kind: Kind;
  /** For people who read what went wrong. */
  readonly name: string;
  /** The address that the connection comes from: that of a proxy that is trusted, or their own. */
  readonly from: string;
  readonly forwardedFor: string | null;
  /** A bearer token. */
  readonly token: string | null;
  /** Signs in for some visits, and out again. */
  readonly comesAndGoes?: true;
  /** As a browser does; the others send back nothing of what they were given. */
  readonly keepsCookies: boolean;
  /** Cookies that nobody has given them. */
  readonly madeUp?: string;
}

export type Kind =
  | 'staff'
  | 'office'
  | 'austria'
  | 'next door'
  | 'customers'
  | 'in and out'
  | 'unknown'
  | 'no cookies'
  | 'pretenders';

/** Direct connections: no address of a proxy. On Linux alone all of 127.0.0.0/8 is there without being set up. */
const directAddress = process.platform === 'linux' ? '127.0.0.2' : null;

const many = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Whoever comes, of every kind that the rules tell apart, and of those that they must not take in. */
export function makePeople(provider: Provider): readonly Person[] {
  return [...insiders(provider), ...neighbours(), ...crowd(provider), ...pretenders(provider)];
}

function insiders(provider: Provider): readonly Person[] {
  const staff = (index: number): Person => ({
    kind: 'staff',
    name: `employee ${index}`,
    from: proxyAddress,
    forwardedFor: `198.51.100.${index + 1}`,
    token: provider.token(`employee-${index}`, { groups: index % 2 ? ['staff'] : ['support', 'staff'] }),
    keepsCookies: index % 3 !== 0,
  });
  const office = (index: number): Person => ({
    kind: 'office',
    name: `desk ${index}`,
    from: proxyAddress,
    // The first and the last address of the range too; what stands further left is made up by the client.
    forwardedFor:
      index % 3 === 0 ? `2001:db8:77:${index}::9` : `9.9.9.9, 203.0.113.${64 + ((index * 9) % 64)}`,
    token: null,
    keepsCookies: index % 4 !== 0,
  });
  return [...many(18, staff), ...many(18, office)];
}

/** In a chosen country, or next to what is chosen. */
function neighbours(): readonly Person[] {
  const austria = (index: number): Person => ({
    kind: 'austria',
    name: `guest from Austria ${index}`,
    from: proxyAddress,
    forwardedFor: index % 4 === 0 ? `2001:db8:a7::${index + 1}` : `192.0.2.${index * 2}`,
    token: null,
    keepsCookies: index % 2 === 0,
  });
  const outside = [
    '203.0.113.63',
    '203.0.113.128',
    '2001:db8:78::1',
    '192.0.2.128',
    '2001:db8:a8::1',
    '',
    'unknown',
  ];
  const next = (index: number): Person => ({
    kind: 'next door',
    name: `neighbour ${index}`,
    from: proxyAddress,
    forwardedFor: outside[index % outside.length] || null,
    token: null,
    keepsCookies: index % 2 === 0,
  });
  return [...many(20, austria), ...many(21, next)];
}

const names = ['김민준', 'José', 'Zoë Çelik', 'Łukasz', 'أحمد', 'Dvořák'];

/** Small numbers, UUIDs, e-mail addresses, names: identities as apps have them. */
function subject(index: number): string {
  const kinds = [
    `${index}`,
    `user${index}@example.com`,
    `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    `${names[index % names.length]} ${index}`,
  ];
  return kinds[index % kinds.length] as string;
}

function crowd(provider: Provider): readonly Person[] {
  const known = { from: proxyAddress, forwardedFor: '198.51.100.200' };
  const customer = (index: number): Person => ({
    ...known,
    kind: 'customers',
    name: `customer ${subject(index)}`,
    token: provider.token(subject(index), { groups: ['customers'] }),
    keepsCookies: index % 3 !== 0,
  });
  const visitor = (index: number): Person => ({
    ...known,
    kind: 'in and out',
    name: `visitor ${index} who signs in and out`,
    token: provider.token(`visitor-${index}`),
    comesAndGoes: true,
    keepsCookies: true,
  });
  const unknown = (index: number): Person => ({
    kind: 'unknown',
    name: `unknown ${index}`,
    from: index % 2 === 0 ? proxyAddress : (directAddress ?? proxyAddress),
    forwardedFor: null,
    token: null,
    keepsCookies: true,
  });
  const forgetful = (index: number): Person => ({
    ...unknown(index),
    kind: 'no cookies',
    keepsCookies: false,
  });
  return [...many(120, customer), ...many(30, visitor), ...many(100, unknown), ...many(20, forgetful)];
}

/** They know how it works, and would like to choose their side. */
function pretenders(provider: Provider): readonly Person[] {
  const plain = {
    kind: 'pretenders',
    from: proxyAddress,
    forwardedFor: null,
    token: null,
    keepsCookies: false,
  } as const;
  const forged = Object.entries(provider.forged).map(([how, token]): Person => ({
    ...plain,
    name: `token with ${how}`,
    token: token(`employee-1`, { groups: ['staff'] }),
  }));
  const signature = randomBytes(32).toString('base64url');
  const cookies = [
    `teal-release=k1.9999999999.shop-2.candidate.${signature}`,
    `teal-id=k1.9999999999.${randomBytes(16).toString('base64url')}.-.${signature}`,
    'teal-release=candidate; teal-side=candidate; teal-preview=1',
  ].map((madeUp): Person => ({ ...plain, name: `made-up cookie ${madeUp.slice(0, 20)}`, madeUp }));
  const spoofed: readonly Person[] =
    directAddress === null
      ? []
      : ['203.0.113.70', '192.0.2.7', '127.0.0.1, 203.0.113.70'].map((forwardedFor) => ({
          ...plain,
          from: directAddress,
          forwardedFor,
          name: `X-Forwarded-For ${forwardedFor} from nobody's proxy`,
        }));
  return [...forged, ...cookies, ...spoofed];
}
