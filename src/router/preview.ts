import { createHmac, timingSafeEqual } from 'node:crypto';
import { firstKey } from '../release/keys.ts';

/** What a preview token says: whoever holds it sees this version of this app until then. */
export interface PreviewGrant {
  readonly app: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The id of the key that signs it; the first one of the app when left out. */
  readonly key?: string;
}

export type PreviewVerdict =
  | { readonly ok: true; readonly grant: PreviewGrant }
  | { readonly ok: false; readonly why: 'malformed' | 'unknown-app' | 'forged' | 'expired' };

/** Exactly the alphabet: decoders skip what is not in it, and a token is put into a header as it came. */
const tokenPattern = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Longer than any grant we sign; what is longer is not worth hashing. */
const longestToken = 1024;

/** Signs a grant: base64url(JSON) + '.' + base64url(HMAC-SHA256). `secret` is that of its key (base64url). */
export function signPreview(grant: PreviewGrant, secret: string): string {
  const payload = Buffer.from(
    JSON.stringify({ app: grant.app, version: grant.version, expiresAt: grant.expiresAt, key: grant.key }),
  ).toString('base64url');
  return `${payload}.${mac(payload, secret).toString('base64url')}`;
}

/**
 * Verifies a token. The signature is compared before the expiry, so that a forged token learns nothing from the answer.
 * @param keyOf the key of an app with this id, or null when there is no such app or key
 */
export function verifyPreview(
  token: string,
  now: number,
  keyOf: (app: string, id: string) => string | null,
): PreviewVerdict {
  if (token.length > longestToken || !tokenPattern.test(token)) return { ok: false, why: 'malformed' };
  const dot = token.indexOf('.');
  const payload = token.slice(0, dot);
  const grant = readGrant(payload);
  if (grant === null) return { ok: false, why: 'malformed' };
  const key = keyOf(grant.app, grant.key ?? firstKey);
  if (key === null || key === '') return { ok: false, why: 'unknown-app' };
  const given = Buffer.from(token.slice(dot + 1), 'base64url');
  const expected = mac(payload, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return { ok: false, why: 'forged' };
  if (now >= grant.expiresAt) return { ok: false, why: 'expired' };
  return { ok: true, grant };
}

function mac(payload: string, key: string): Buffer {
  return createHmac('sha256', Buffer.from(key, 'base64url')).update(payload).digest();
}

function readGrant(payload: string): PreviewGrant | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (typeof value !== 'object' || value === null) return null;
    const { app, version, expiresAt, key } = value as Record<string, unknown>;
    if (typeof app !== 'string' || typeof version !== 'string' || typeof expiresAt !== 'number') return null;
    if (key === undefined) return { app, version, expiresAt };
    return typeof key === 'string' ? { app, version, expiresAt, key } : null;
  } catch {
    return null;
  }
}
