import { createHmac } from 'node:crypto';
import type { Networks } from '../../audience/address.ts';
import { compileAudiences, type CompiledTable } from '../../audience/compile.ts';
import type { AudienceRequest, Place } from '../../audience/request.ts';
import { decide, type Routed } from '../../audience/route.ts';
import type { CookieKey, CookieMemory } from '../../audience/signed.ts';
import { setCookies } from '../../audience/set-cookie.ts';
import { Visit } from '../../audience/visit.ts';
import type { JwtSettings } from '../../config/audience.ts';
import type { FactsContext } from '../facts/facts.ts';
import type { TokenVerifier } from '../facts/token.ts';
import { signingKeys, type AppTable, type SigningKey } from '../table.ts';

/** An app's audiences made ready, with what tells facts from what anybody can write. */
export interface CompiledAudience {
  readonly table: CompiledTable;
  readonly context: FactsContext;
  /** Something is asked of every request: a release exposes somebody, or the app wants to know who it is. */
  readonly asksAll: boolean;
  /** Names of audiences that the app is told of, since its flags are for them. */
  readonly told: readonly string[];
  /** Somebody whom nothing tells apart is given a cookie: a flag is for a percentage of them. */
  readonly placesAll: boolean;
}

/** Where facts come from: one set for a worker, kept over its tables. */
export interface FactSources {
  readonly trusted: Networks;
  lookUp(address: string): Place | null;
  verifier(app: string, settings: JwtSettings): TokenVerifier | null;
  /** What was found of cookies that are signed with these keys; null: nothing is remembered. */
  cookies(app: string, keys: readonly CookieKey[]): CookieMemory | null;
}

/** For who compiles a table only to see whether it can be. */
export const noSources: FactSources = {
  trusted: { has: () => false },
  lookUp: () => null,
  verifier: () => null,
  cookies: () => null,
};

/** Null where everyone goes to live and nobody is asked who they are. */
export function compileAudience(source: AppTable, sources: FactSources): CompiledAudience | null {
  const { audience, app, group } = source;
  if (audience === undefined || audience === null) return null;
  const table = compileAudiences(audience, (address) => sources.lookUp(address));
  const { jwt } = audience.identity;
  // Those of a group know the same cookies.
  const keys = cookieKeys(group?.keys ?? signingKeys(source), table.seed);
  const memory = sources.cookies(app, keys);
  const { audiences: told = [], shares: placesAll = false } = source.flags ?? {};
  return {
    table,
    context: {
      trusted: sources.trusted,
      signer: { app: table.seed, keys, ...(memory === null ? {} : { memory }) },
      release: table.release?.id ?? null,
      jwt,
      verifier: jwt === null ? null : sources.verifier(app, jwt),
    },
    asksAll: table.release !== null || audience.identity.sources.length > 0 || told.length > 0 || placesAll,
    told,
    placesAll,
  };
}

/** What the cookies of an app are signed with. The NUL keeps this use of its keys apart from the others. */
export function cookieKeys(keys: readonly SigningKey[], app: string): readonly CookieKey[] {
  return keys.map(({ id, key }) => {
    const secret = createHmac('sha256', Buffer.from(key, 'base64url')).update(`cookies\0${app}`);
    return { id, secret: secret.digest('base64url') };
  });
}

/** What became of a request that was asked who it is. */
export interface Visitor {
  readonly audience: CompiledAudience;
  readonly request: AudienceRequest;
  readonly routed: Routed;
  /** What was found out of it. */
  readonly visit: Visit;
}

export function visitorOf(audience: CompiledAudience, request: AudienceRequest): Visitor {
  const visit = new Visit(audience.table, request);
  if (audience.placesAll && visit.key === null) visit.wantsIdentity = true;
  return { audience, request, routed: decide(visit), visit };
}

/** The lines that tell the app, so that logs and flags agree with the routing. */
export function visitorLines({
  audience: { told, table },
  routed: { side, bucket },
  visit,
}: Visitor): string {
  const groups = told.filter((name) => table.audiences.get(name)?.test(visit) === true);
  return (
    `x-teal-cohort: ${side}\r\n${bucket === null ? '' : `x-teal-bucket: ${bucket}\r\n`}` +
    (groups.length === 0 ? '' : `x-teal-groups: ${groups.join(',')}\r\n`)
  );
}

/** Set-Cookie lines, each with CRLF, by which the client is known again. */
export function visitorCookies(
  { audience, request, routed }: Visitor,
  context: { readonly now: number; readonly secure: boolean; newKey(): string },
): string {
  if (routed.id === null && routed.release === null) return '';
  const { signer } = audience.context;
  return setCookies(audience.table, request, routed, { ...context, signer })
    .map((value) => `Set-Cookie: ${value}\r\n`)
    .join('');
}
