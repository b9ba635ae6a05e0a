/** Signs tokens as an identity provider would (RFC 7515, 7519), and as people would who would like to be one. */
import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export const issuer = 'https://login.shop.example/';
export const audience = 'shop';

/** An identity provider with one key. */
export interface Provider {
  readonly publicKey: KeyObject;
  /** A JWK Set, as such a provider publishes it. */
  readonly keySet: string;
  /** A token that everybody should believe. */
  token(sub: string, claims?: Claims): string;
  /** Tokens that nobody should believe, though their claims are as good as any. */
  readonly forged: Readonly<Record<Forgery, (sub: string, claims?: Claims) => string>>;
}

export type Claims = Readonly<Record<string, unknown>>;
export type Forgery =
  | 'wrong key'
  | 'no algorithm'
  | 'expired'
  | 'other issuer'
  | 'public key as secret'
  | 'changed';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(header: Claims, claims: Claims, key: KeyObject): string {
  const text = `${part(header)}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** Makes one; `kid` names its key in tokens and in the key set. */
export function makeProvider(kid = 'demo'): Provider {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'ES256', typ: 'JWT', kid };
  const good = (sub: string, claims: Claims = {}): Claims => ({
    iss: issuer,
    aud: audience,
    sub,
    iat: now,
    exp: now + 3600,
    ...claims,
  });
  const token = (sub: string, claims?: Claims): string => signed(header, good(sub, claims), privateKey);
  return {
    publicKey,
    keySet: JSON.stringify({
      keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }],
    }),
    token,
    forged: {
      'wrong key': (sub, claims) => signed(header, good(sub, claims), other),
      'no algorithm': (sub, claims) => `${part({ alg: 'none', typ: 'JWT' })}.${part(good(sub, claims))}.`,
      expired: (sub, claims) => token(sub, { ...claims, exp: now - 3600 }),
      'other issuer': (sub, claims) => token(sub, { ...claims, iss: 'https://login.elsewhere.example/' }),
      // CVE-2015-9235: a verifier that goes by the token's own algorithm takes the public key for a shared secret.
      'public key as secret': (sub, claims) => {
        const text = `${part({ ...header, alg: 'HS256' })}.${part(good(sub, claims))}`;
        const secret = publicKey.export({ format: 'pem', type: 'spki' });
        return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
      },
      changed: (sub, claims) => {
        const [first, , third] = token(sub).split('.');
        return [first, part(good(sub, { groups: ['staff'], ...claims })), third].join('.');
      },
    },
  };
}
