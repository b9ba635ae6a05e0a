import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * What a token looks like: `teal_`, 256 random bits (base64url), and a checksum, so that scanners of secrets find it in
 * a repository by its form, and know without asking that it is one.
 */
const form = /^teal_([A-Za-z0-9_-]{43})_([0-9a-f]{8})$/;

const checksum = (secret: string): string => crc32(secret).toString(16).padStart(8, '0');

/** A new token. It is shown once; only its hash is kept. */
export function makeSecret(): string {
  const secret = randomBytes(32).toString('base64url');
  return `teal_${secret}_${checksum(secret)}`;
}

/** What cannot be one is refused before it is looked for. */
export function looksRight(token: string): boolean {
  const [, secret = '', sum] = form.exec(token) ?? [];
  return sum !== undefined && checksum(secret) === sum;
}

/** The text without tokens that somebody has put where they do not belong, such as into an address. */
export const withoutTokens = (text: string): string =>
  text.replaceAll(/teal_[A-Za-z0-9_-]{43}_[0-9a-f]{8}/g, 'teal_…');

/**
 * What is kept of it. SHA-256 and no slow hash: those are for passwords, which people choose and others can guess; there
 * is nothing to guess among 2^256, and every request is checked.
 */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Goes with a session's requests as proof that its own page sent them; made of the cookie, which scripts cannot read. */
export const csrfOf = (token: string): string =>
  createHash('sha256').update(`csrf ${token}`).digest('base64url');

/** Names a grant where its secret must not stand. */
export const makeId = (): string => randomBytes(6).toString('hex');
