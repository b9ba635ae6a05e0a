/** Makes requests out of cases.json: the table of cases that every driver of the router has to pass. */
import { createHmac, createSign, generateKeyPairSync, sign, constants, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { networksOf } from '../../src/audience/address.ts';
import { bytesOf } from '../../src/audience/text.ts';
import type { Routed } from '../../src/audience/route.ts';
import { signId, signRelease, type CookieKey, type Side, type Signer } from '../../src/audience/signed.ts';
import type { AudienceTable, Exposure } from '../../src/audience/table.ts';
import type { Identity, JwtSettings } from '../../src/config/audience.ts';
import { knownPeer, type RawRequest } from '../../src/router/facts/facts.ts';
import { mmdb } from '../../examples/canary/mmdb.ts';

interface Token {
  readonly in?: 'cookie';
  readonly claims: Readonly<Record<string, unknown>>;
  readonly alg?: 'RS256' | 'PS256' | 'HS256' | 'none';
  /** The pinned key by default. */
  readonly key?: 'other' | 'public-pem' | 'public-n';
  readonly kid?: string;
  /** Seconds from now; null leaves it out. */
  readonly exp?: number | null;
  readonly nbf?: number;
  readonly iss?: string;
  readonly aud?: string | readonly string[] | null;
  readonly tamper?: 'payload' | 'signature';
  readonly crit?: true;
}

type Cookie =
  | { readonly name: string; readonly value: string }
  | {
      readonly signed: 'teal-id' | 'teal-release';
      /** Sent under this name instead. */
      readonly as?: string;
      readonly key?: string;
      readonly scope?: string;
      readonly release?: string;
      readonly side?: Side;
      /** Seconds from now. */
      readonly expires?: number;
      readonly signedWith?: 'old' | 'gone';
      readonly app?: string;
      readonly tamper?: true;
      /** The release is changed to this after signing. */
      readonly rename?: string;
    };

export interface Case {
  readonly name: string;
  readonly exposed: readonly Exposure[];
  readonly noRelease?: true;
  readonly anonymous?: Identity['anonymous'];
  readonly offset?: number;
  readonly request: {
    readonly peer: string;
    readonly headers?: readonly (readonly [string, string])[];
    /** Values with one character for each byte. */
    readonly bytes?: readonly (readonly [string, string])[];
    /** So many characters in one more header. */
    readonly pad?: number;
    readonly cookies?: readonly Cookie[];
    readonly token?: Token;
  };
  readonly expect: Routed extends infer R ? { readonly [K in Exclude<keyof R, 'side'>]: R[K] } : never;
}

interface Cases {
  readonly app: string;
  readonly live: 'blue';
  readonly release: { readonly id: string; readonly candidate: 'green'; readonly cohort: 'fresh' };
  readonly trustedProxies: readonly string[];
  readonly identity: Identity & { readonly jwt: JwtSettings };
  readonly audiences: AudienceTable['audiences'];
  readonly places: Readonly<
    Record<
      string,
      { readonly country: string; readonly continent: string; readonly regions: readonly string[] }
    >
  >;
  readonly cases: readonly Case[];
}

export const table: Cases = JSON.parse(
  readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8'),
) as Cases;

/** Keys and files that the cases need: a driver configures itself with them. */
export interface World {
  readonly now: number;
  readonly signer: Signer;
  readonly jwt: JwtSettings;
  readonly placesFile: string;
  rawOf(one: Case): RawRequest;
  headersOf(one: Case): readonly (readonly [string, string])[];
  tableOf(one: Case): AudienceTable;
  remove(): void;
}

const secret = (letter: string): string => Buffer.alloc(32, letter).toString('base64url');
const current: CookieKey = { id: 'k2', secret: secret('b') };
const old: CookieKey = { id: 'k1', secret: secret('a') };
const gone: CookieKey = { id: 'k0', secret: secret('z') };

export function makeWorld(now = Date.now(), cookieKeys: readonly CookieKey[] = [current, old]): World {
  const folder = mkdtempSync(join(tmpdir(), 'teal-audience-'));
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwks = { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'main', use: 'sig' }] };
  const keys = join(folder, 'jwks.json');
  writeFileSync(keys, JSON.stringify(jwks));
  const placesFile = join(folder, 'places.mmdb');
  writeFileSync(placesFile, placesOf(table.places));
  const jwt: JwtSettings = { ...table.identity.jwt, keys: { kind: 'file', path: keys } };
  const signer: Signer = { app: table.app, keys: cookieKeys };
  const context: Context = { now, signer, own: pair, other };
  const headersOf = (one: Case): readonly (readonly [string, string])[] => headers(one, context);
  return {
    now,
    signer,
    jwt,
    placesFile,
    headersOf,
    rawOf: (one) => raw(one.request.peer, headersOf(one)),
    tableOf: (one) => ({
      app: table.app,
      live: table.live,
      release: one.noRelease === true ? null : { ...table.release, exposed: one.exposed },
      identity: { ...table.identity, jwt, anonymous: one.anonymous ?? table.identity.anonymous },
      audiences: table.audiences,
      paths: ['/'],
      offset: one.offset ?? 0,
    }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const trusted = networksOf(table.trustedProxies);

function placesOf(places: Cases['places']): Buffer {
  return mmdb(
    Object.fromEntries(
      Object.entries(places).map(([range, { country, continent, regions }]) => [
        range,
        {
          country: { iso_code: country },
          continent: { code: continent },
          subdivisions: regions.map((region) => ({ iso_code: region })),
        },
      ]),
    ),
  );
}

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface Context {
  readonly now: number;
  readonly signer: Signer;
  readonly own: Pair;
  readonly other: Pair;
}

/** As a router reads a head: names in any case, values of one name joined. */
export function raw(peer: string, all: readonly (readonly [string, string])[]): RawRequest {
  const joined = (name: string, glue: string): string | null => {
    const values = all.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
    return values.length === 0 ? null : values.join(glue);
  };
  return {
    peer: knownPeer(peer, trusted),
    forwardedFor: joined('x-forwarded-for', ', ') ?? '',
    cookie: joined('cookie', '; ') ?? '',
    header: (name) => joined(name, ', '),
  };
}

/** One character for each byte. */
function headers(one: Case, context: Context): readonly (readonly [string, string])[] {
  const { request } = one;
  const token = request.token === undefined ? null : tokenOf(request.token, context);
  const cookies = (request.cookies ?? []).map((cookie) => cookieOf(cookie, context));
  if (token !== null && request.token?.in === 'cookie') cookies.push(`session=${token}`);
  return [
    ...(request.headers ?? []).map(([name, value]) => [name, bytesOf(value)] as const),
    ...(request.bytes ?? []),
    ...(request.pad === undefined ? [] : [['x-long', 'a'.repeat(request.pad)] as const]),
    ...(cookies.length === 0 ? [] : [['Cookie', bytesOf(cookies.join('; '))] as const]),
    ...(token === null || request.token?.in === 'cookie'
      ? []
      : [['Authorization', `Bearer ${token}`] as const]),
  ];
}

function cookieOf(cookie: Cookie, { now, signer }: Context): string {
  if (!('signed' in cookie)) return `${cookie.name}=${cookie.value}`;
  const keys = cookie.signedWith === 'old' ? [old] : cookie.signedWith === 'gone' ? [gone] : signer.keys;
  const by: Signer = { app: cookie.app ?? signer.app, keys };
  const full = cookie.signed === 'teal-id' ? 400 * 86_400 : 60 * 86_400;
  const at = now + ((cookie.expires ?? full) - full) * 1000;
  const value =
    cookie.signed === 'teal-id'
      ? signId(by, { key: cookie.key ?? '', scope: cookie.scope ?? null }, at)
      : signRelease(by, { release: cookie.release ?? '', side: cookie.side ?? 'candidate' }, at);
  return `${cookie.as ?? cookie.signed}=${changed(value, cookie)}`;
}

function changed(value: string, cookie: Extract<Cookie, { signed: string }>): string {
  const renamed = cookie.rename === undefined ? value : value.replace(cookie.release ?? '', cookie.rename);
  if (cookie.tamper !== true) return renamed;
  const last = renamed.at(-5) === 'x' ? 'y' : 'x';
  return renamed.slice(0, -5) + last + renamed.slice(-4);
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function tokenOf(token: Token, context: Context): string {
  const now = Math.floor(context.now / 1000);
  const { alg = 'RS256', exp = 3600, iss = 'https://login.example/', aud = 'shop' } = token;
  const header = {
    alg,
    kid: token.kid ?? 'main',
    typ: 'JWT',
    ...(token.crit === true ? { crit: ['x'], x: 1 } : {}),
  };
  const payload = {
    iss,
    ...(aud === null ? {} : { aud }),
    ...(exp === null ? {} : { exp: now + exp }),
    ...(token.nbf === undefined ? {} : { nbf: now + token.nbf }),
    ...token.claims,
  };
  const text = `${base64url(header)}.${base64url(payload)}`;
  const signature = signatureOf(text, token, context);
  if (token.tamper === 'signature') return `${text}.`;
  if (token.tamper !== 'payload') return `${text}.${signature}`;
  return `${base64url(header)}.${base64url({ ...payload, admin: true })}.${signature}`;
}

function signatureOf(text: string, token: Token, { own, other }: Context): string {
  if (token.alg === 'none') return '';
  if (token.alg === 'HS256') {
    const pem = own.publicKey.export({ format: 'pem', type: 'spki' });
    const modulus = own.publicKey.export({ format: 'jwk' }).n ?? '';
    const key = token.key === 'public-n' ? modulus : pem;
    return createHmac('sha256', key).update(text).digest('base64url');
  }
  const { privateKey } = token.key === 'other' ? other : own;
  if (token.alg === 'PS256') {
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    return sign('sha256', Buffer.from(text), { key: privateKey, ...padding }).toString('base64url');
  }
  return createSign('sha256').update(text).sign(privateKey).toString('base64url');
}
