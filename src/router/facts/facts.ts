import { clientAddress, plainAddress, type Networks } from '../../audience/address.ts';
import { theCookie } from '../../audience/cookie.ts';
import { noToken, type AudienceRequest, type TokenVerdict } from '../../audience/request.ts';
import { readId, readRelease, type Signer } from '../../audience/signed.ts';
import type { JwtSettings } from '../../config/audience.ts';
import type { TokenVerifier } from './token.ts';

/** Who is at the other end of a connection: found out once for all its requests. */
export interface KnownPeer {
  /** As `plainAddress` spells it. */
  readonly address: string;
  /** One of `router.trusted-proxies`. */
  readonly trusted: boolean;
}

/** @param remoteAddress as the socket (or a PROXY line) says */
export function knownPeer(remoteAddress: string, trusted: Networks): KnownPeer {
  const address = plainAddress(remoteAddress);
  return { address, trusted: trusted.has(address) };
}

/** A request as it came. */
export interface RawRequest {
  readonly peer: KnownPeer;
  /** All X-Forwarded-For joined by commas; empty when absent. */
  readonly forwardedFor: string;
  /** All Cookie headers joined by `; `; empty when absent. */
  readonly cookie: string;
  /** The values of a header, whose name is in lower case, joined by `, `; null when absent. */
  header(name: string): string | null;
}

/** What is needed to tell facts from what anybody can write. */
export interface FactsContext {
  readonly trusted: Networks;
  readonly signer: Signer;
  /** The release that runs, whose cookie is looked for first. */
  readonly release: string | null;
  readonly jwt: JwtSettings | null;
  readonly verifier: TokenVerifier | null;
}

/**
 * The facts of a request: at once when it brings no token, or one that is known; else when its token has been verified. What is
 * decided after waiting has to be decided by the table of then.
 */
export function factsOf(
  raw: RawRequest,
  context: FactsContext,
  now: number,
): AudienceRequest | Promise<AudienceRequest> {
  const token = tokenOf(raw, context.jwt);
  if (token === null || context.verifier === null) return assemble(raw, context, { token: noToken, now });
  const verdict = context.verifier.verdict(token, now);
  if (!(verdict instanceof Promise)) return assemble(raw, context, { token: verdict, now });
  return verdict.then((waited) => assemble(raw, context, { token: waited, now }));
}

function assemble(
  raw: RawRequest,
  { trusted, signer, release }: FactsContext,
  known: { readonly token: TokenVerdict; readonly now: number },
): AudienceRequest {
  const { cookie, peer } = raw;
  const signed = cookie.includes('teal-');
  return {
    address: peer.trusted ? clientAddress(peer.address, raw.forwardedFor, trusted) : peer.address,
    viaProxy: peer.trusted,
    header: (name) => raw.header(name),
    cookie,
    token: known.token,
    id: signed ? readId(signer, cookie, known.now) : null,
    release: signed ? readRelease(signer, cookie, { now: known.now, current: release }) : null,
  };
}

/** The token, or null: from the header, else from the cookie. */
function tokenOf(raw: RawRequest, jwt: JwtSettings | null): string | null {
  if (jwt === null) return null;
  const written = raw.header(jwt.header);
  const token = written === null ? null : jwt.header === 'authorization' ? bearer(written) : written;
  if (token !== null && token !== '') return token;
  return jwt.cookie === null || raw.cookie === '' ? null : theCookie(raw.cookie, jwt.cookie);
}

/** RFC 6750 §2.1; the scheme in any case (RFC 9110 §11.1). Null for other schemes. */
function bearer(written: string): string | null {
  const match = /^bearer +(\S+)$/i.exec(written);
  return match?.[1] ?? null;
}
