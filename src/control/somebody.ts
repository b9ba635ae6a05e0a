import { plainAddress } from '../audience/address.ts';
import { bytesOf } from '../audience/text.ts';
import { noToken, type AudienceRequest, type Claims, type Place } from '../audience/request.ts';
import type { Rule } from '../config/audience.ts';
import type { App } from '../config/config.ts';
import { continentOfCountry } from '../config/countries.ts';
import type { ExplainBody } from './contract.ts';

/** Somebody as they would come: signed in by whatever the app's identity names first, with what else was said of them. */
export function requestOf(body: ExplainBody, { identity, audiences }: App): AudienceRequest {
  const headers = new Map(
    Object.entries(body.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const cookies = new Map(Object.entries(body.cookies ?? {}));
  let claims: Claims = groupClaims(body.groups ?? [], Object.values(audiences));
  const [first] = identity.sources;
  if (body.user !== undefined && first?.kind === 'header') headers.set(first.name, bytesOf(body.user));
  else if (body.user !== undefined && first?.kind === 'cookie') cookies.set(first.name, bytesOf(body.user));
  else if (body.user !== undefined)
    claims = { ...claims, [first?.kind === 'jwt' ? first.claim : 'sub']: body.user };
  const signedIn = Object.keys(claims).length > 0;
  const place = placeOf(body);
  return {
    address: plainAddress(body.ip ?? ''),
    viaProxy: true,
    header: (name) => headers.get(name) ?? null,
    cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    token: signedIn ? { ok: true, claims } : noToken,
    id: null,
    release: null,
    ...(place === null ? {} : { place }),
  };
}

/** The groups under every claim that an audience reads groups from. */
function groupClaims(groups: readonly string[], rules: readonly Rule[]): Claims {
  if (groups.length === 0) return {};
  return Object.fromEntries(rules.flatMap(claimsOf).map((claim) => [claim, groups]));
}

function claimsOf(rule: Rule): readonly string[] {
  switch (rule.kind) {
    case 'groups':
      return [rule.claim];
    case 'all':
    case 'any':
      return rule.rules.flatMap(claimsOf);
    case 'not':
      return claimsOf(rule.rule);
    default:
      return [];
  }
}

function placeOf({ country, region }: ExplainBody): Place | null {
  const code = (country ?? region?.split('-')[0])?.toUpperCase();
  if (code === undefined) return null;
  return {
    country: code,
    continent: continentOfCountry(code),
    regions: region === undefined ? [] : [region.toUpperCase()],
  };
}
