import type { CompiledTable } from './compile.ts';
import type { AudienceRequest } from './request.ts';
import type { Routed } from './route.ts';
import {
  idCookie,
  idSeconds,
  releaseCookie,
  releaseSeconds,
  signId,
  signRelease,
  type Signer,
} from './signed.ts';

export interface CookieContext {
  readonly signer: Signer;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The client's connection is encrypted: then the cookie is never to travel otherwise. */
  readonly secure: boolean;
  /** 128 random bits in base64url. */
  newKey(): string;
}

/** The values of Set-Cookie that carry out what `route` asked for, one per path of the app; none mostly. */
export function setCookies(
  table: CompiledTable,
  request: AudienceRequest,
  routed: Routed,
  context: CookieContext,
): readonly string[] {
  if (routed.id === null && routed.release === null) return none;
  const pairs = [releasePair(table, routed, context), idPair(table, request, routed, context)];
  const domain = table.cookieDomain === null ? '' : `; Domain=${table.cookieDomain}`;
  const end = `${domain}; HttpOnly; SameSite=Lax${context.secure ? '; Secure' : ''}`;
  return pairs
    .filter((pair) => pair !== null)
    .flatMap((pair) => table.cookiePaths.map((path) => `${pair}; Path=${path}${end}`));
}

const none: readonly string[] = [];

function releasePair(table: CompiledTable, routed: Routed, context: CookieContext): string | null {
  if (routed.release === 'clear') return `${releaseCookie}=; Max-Age=0`;
  if (routed.release !== 'set' || table.release === null) return null;
  const value = signRelease(context.signer, { release: table.release.id, side: 'candidate' }, context.now);
  return `${releaseCookie}=${value}; Max-Age=${releaseSeconds}`;
}

function idPair(
  table: CompiledTable,
  request: AudienceRequest,
  routed: Routed,
  context: CookieContext,
): string | null {
  if (routed.id === null) return null;
  if (routed.id === 'clear') return `${idCookie}=; Max-Age=0`;
  const key = routed.id === 'renew' && request.id !== null ? request.id.key : context.newKey();
  const scope = table.anonymous === 'release' ? (table.release?.id ?? null) : null;
  const value = signId(context.signer, { key, scope }, context.now);
  // Without an age it ends with the browser's session, if the release does not end first.
  return `${idCookie}=${value}${scope === null ? `; Max-Age=${idSeconds}` : ''}`;
}
