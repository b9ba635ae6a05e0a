import { clientAddress, plainAddress, type Networks } from '../../audience/address.ts';
import { theCookie } from '../../audience/cookie.ts';
import { ownText } from '../../audience/memory.ts';
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
  /** What its last request said of who it is. */
  said?: Said;
}

/** Who a connection's requests come from, for a moment: a browser says the same in each of them. */
interface Said {
  readonly context: FactsContext;
  readonly written: string | null;
  readonly cookie: string;
  readonly token: TokenVerdict;
  readonly id: AudienceRequest['id'];
  readonly release: AudienceRequest['release'];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** So late a token or a cookie may be found out to be over, or its key to have been taken back. */
const saidMs = 1_000;
/** What is longer is found out anew each time: there may be as many as there are connections. */
const longestSaid = 4_096;

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
  const { jwt, verifier } = context;
  const written = jwt === null ? null : raw.header(jwt.header);
  const { said } = raw.peer;
  if (said !== undefined && isSame(said, { raw, context, written }, now))
    return requestOf(raw, context, said);
  const token = jwt === null ? null : tokenOf(raw, jwt, written);
  if (token === null || verifier === null) return found(raw, context, { written, token: noToken, at: now });
  const verdict = verifier.verdict(token, now);
  if (!(verdict instanceof Promise)) return found(raw, context, { written, token: verdict, at: now });
  return verdict.then((waited) => found(raw, context, { written, token: waited, at: now }));
}

function isSame(
  said: Said,
  { raw, context, written }: Pick<Said, 'context' | 'written'> & { readonly raw: RawRequest },
  now: number,
): boolean {
  return (
    said.context === context &&
    said.cookie === raw.cookie &&
    said.written === written &&
    now >= said.at &&
    now < said.at + saidMs
  );
}

function found(
  raw: RawRequest,
  context: FactsContext,
  { written, token, at }: Pick<Said, 'written' | 'token' | 'at'>,
): AudienceRequest {
  const { cookie, peer } = raw;
  const signed = cookie.includes('teal-');
  const id = signed ? readId(context.signer, cookie, at) : null;
  const release = signed ? readRelease(context.signer, cookie, { now: at, current: context.release }) : null;
  // A token that was refused may be good the next moment, when there are keys.
  const lasts = token.ok || token === noToken;
  if (lasts && cookie.length + (written?.length ?? 0) <= longestSaid) {
    const own = { cookie: ownText(cookie), written: written === null ? null : ownText(written) };
    peer.said = { context, ...own, token, id, release, at };
  }
  return requestOf(raw, context, { token, id, release });
}

function requestOf(
  raw: RawRequest,
  { trusted }: FactsContext,
  { token, id, release }: Pick<Said, 'token' | 'id' | 'release'>,
): AudienceRequest {
  const { cookie, peer } = raw;
  return {
    address: peer.trusted ? clientAddress(peer.address, raw.forwardedFor, trusted) : peer.address,
    viaProxy: peer.trusted,
    header: (name) => raw.header(name),
    cookie,
    token,
    id,
    release,
  };
}

/** The token, or null: from the header, else from the cookie. */
function tokenOf(raw: RawRequest, jwt: JwtSettings, written: string | null): string | null {
  const token = written === null ? null : jwt.header === 'authorization' ? bearer(written) : written;
  if (token !== null && token !== '') return token;
  return jwt.cookie === null || raw.cookie === '' ? null : theCookie(raw.cookie, jwt.cookie);
}

/** RFC 6750 §2.1; the scheme in any case (RFC 9110 §11.1). Null for other schemes. */
function bearer(written: string): string | null {
  const match = /^bearer +(\S+)$/i.exec(written);
  return match?.[1] ?? null;
}
