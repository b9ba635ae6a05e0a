/**
 * The two cookies of Teal. `teal-id` holds a random key of who has no other identity; `teal-release` says that a browser was admitted
 * to the candidate of a release, so that nothing that comes later (login, logout, another address) takes it back.
 *
 *   teal-id      = kid "." expires "." key "." scope "." mac        scope: "-", or the release it is for
 *   teal-release = kid "." expires "." release "." side "." mac     side: candidate or live
 *   mac          = base64url(hmac-sha256(secret(kid), name ":" app ":" all before its dot))
 *
 *   x-teal-group = kid "." expires "." group "." pair "." mac       a header between apps that are released together
 *
 * `expires` is in seconds since the epoch. The name and the app are in what is signed, so that neither cookie stands in for the other,
 * nor for another app's. Several cookies of a name are tried in order, and the first that verifies counts: a made-up one, which another
 * host of the domain can add, cannot push out the true one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { cookieValues } from './cookie.ts';

/** What a cookie is signed with. */
export interface CookieKey {
  /** One to sixteen of a–z and 0–9; names the key in the cookie, so that old keys can go on verifying. */
  readonly id: string;
  /** At least 16 bytes, base64url. */
  readonly secret: string;
}

/** Who signs the cookies of an app. */
export interface Signer {
  readonly app: string;
  /** The first signs; all verify. */
  readonly keys: readonly CookieKey[];
  /** What was found of cookies before; made anew with new keys. */
  readonly memory?: CookieMemory;
}

/** A header of its own, signed alike; `app` of its signer is the group. */
export const groupHeader = 'x-teal-group';
/** Longer than a request takes; what an app keeps beyond that is no longer asked for on anybody's behalf. */
const groupSeconds = 300;

/** Of what was found of cookies. */
export interface CookieMemory {
  get(cookie: string): Verified | null | undefined;
  set(cookie: string, verified: Verified | null): void;
}

/** What a cookie with a good signature says; whether it is still in time is asked at every use. */
interface Verified {
  readonly first: string;
  readonly second: string;
  /** Seconds since the epoch. */
  readonly expires: number;
  /** Signed with a key that signs no more. */
  readonly old: boolean;
}

/** Who somebody is, by a cookie that verified. */
export interface SignedId {
  /** 22 characters: 128 random bits in base64url. */
  readonly key: string;
  /** The release it was made for, when it is not to outlive it. */
  readonly scope: string | null;
  /** Written with an older key, or half of its time is over: write it again. */
  readonly renew: boolean;
}

/** Where a release has put somebody. */
export type Side = 'live' | 'candidate';

/** Where somebody belongs during a release, by a cookie that verified. */
export interface SignedRelease {
  readonly release: string;
  readonly side: Side;
  readonly renew: boolean;
}

/** The cookies of Teal: who somebody is, and where they belong during a release. */
export const idCookie = 'teal-id';
export const releaseCookie = 'teal-release';

/** Browsers keep no cookie for longer (RFC 6265bis §5.5). */
export const idSeconds = 400 * 86_400;
/** Longer than any release should take; one that does renews it at every visit in its second half. */
export const releaseSeconds = 60 * 86_400;

const shape =
  /^([a-z0-9]{1,16})\.([0-9]{1,11})\.([A-Za-z0-9_-]{1,80})\.([A-Za-z0-9_-]{1,80})\.[A-Za-z0-9_-]{43}$/;
const keyShape = /^[A-Za-z0-9_-]{22}$/;
const longest = 256;
/** Each costs a signature to check; a browser sends one per path that set it. */
const mostTried = 4;

/** @param now milliseconds since the epoch */
export function signId(signer: Signer, id: Pick<SignedId, 'key' | 'scope'>, now: number): string {
  return sign(signer, idCookie, [id.key, id.scope ?? '-'], Math.floor(now / 1000) + idSeconds);
}

/** @param now milliseconds since the epoch */
export function signRelease(
  signer: Signer,
  admitted: Pick<SignedRelease, 'release' | 'side'>,
  now: number,
): string {
  const expires = Math.floor(now / 1000) + releaseSeconds;
  return sign(signer, releaseCookie, [admitted.release, admitted.side], expires);
}

/** What a Cookie header's `teal-id` says, when it is ours and in time. */
export function readId(signer: Signer, header: string, now: number): SignedId | null {
  for (const value of cookieValues(header, idCookie, mostTried)) {
    const read = verify(signer, idCookie, value, now);
    if (read === null || !keyShape.test(read.first)) continue;
    const scope = read.second === '-' ? null : read.second;
    return { key: read.first, scope, renew: isToRenew(read, now, idSeconds) };
  }
  return null;
}

/** What a Cookie header's `teal-release` says, when it is ours and in time; of the current release if there is such a one. */
export function readRelease(
  signer: Signer,
  header: string,
  at: { readonly now: number; readonly current: string | null },
): SignedRelease | null {
  let other: SignedRelease | null = null;
  for (const value of cookieValues(header, releaseCookie, mostTried)) {
    const read = verify(signer, releaseCookie, value, at.now);
    if (read === null || (read.second !== 'candidate' && read.second !== 'live')) continue;
    const found = {
      release: read.first,
      side: read.second,
      renew: isToRenew(read, at.now, releaseSeconds),
    } as const;
    if (found.release === at.current) return found;
    other ??= found;
  }
  return other;
}

/** @param now milliseconds since the epoch */
export function signGroup(signer: Signer, set: string, now: number): string {
  return sign(signer, groupHeader, [signer.app, set], Math.floor(now / 1000) + groupSeconds);
}

/** The pair that a value of the header names, when it is ours and in time. */
export function readGroup(signer: Signer, value: string, now: number): string | null {
  const read = verify(signer, groupHeader, value, now);
  return read !== null && read.first === signer.app ? read.second : null;
}

function sign(signer: Signer, name: string, fields: readonly [string, string], expires: number): string {
  const [key] = signer.keys;
  if (key === undefined) throw new Error('no key to sign cookies with');
  const text = `${key.id}.${expires}.${fields[0]}.${fields[1]}`;
  return `${text}.${mac(key, name, signer.app, text)}`;
}

function mac(key: CookieKey, name: string, app: string, text: string): string {
  const secret = Buffer.from(key.secret, 'base64url');
  return createHmac('sha256', secret).update(`${name}:${app}:${text}`).digest('base64url');
}

/** A cookie that is ours and in time, or null. */
function verify(signer: Signer, name: string, value: string, now: number): Verified | null {
  if (value.length > longest) return null;
  const cookie = `${name}:${value}`;
  let verified = signer.memory?.get(cookie);
  if (verified === undefined) {
    verified = verifySignature(signer, name, value);
    signer.memory?.set(cookie, verified);
  }
  return verified !== null && verified.expires > now / 1000 ? verified : null;
}

function verifySignature(signer: Signer, name: string, value: string): Verified | null {
  const match = shape.exec(value);
  if (match === null) return null;
  const [, kid = '', expires = '', first = '', second = ''] = match;
  const index = signer.keys.findIndex((key) => key.id === kid);
  const key = signer.keys[index];
  if (key === undefined) return null;
  const dot = value.lastIndexOf('.');
  const expected = Buffer.from(mac(key, name, signer.app, value.slice(0, dot)), 'latin1');
  // Text against text: base64url has several spellings of some bytes, and only ours is to count.
  if (!timingSafeEqual(expected, Buffer.from(value.slice(dot + 1), 'latin1'))) return null;
  return { first, second, expires: Number(expires), old: index > 0 };
}

function isToRenew(verified: Verified, now: number, lifetime: number): boolean {
  return verified.old || verified.expires - now / 1000 < lifetime / 2;
}
