import { resolve } from 'node:path';
import type { Identity, JwtKeys, JwtSettings, Rule } from './audience.ts';
import type { IdentityInput, RuleInput } from './schema-audience.ts';

/** @param base the folder that relative paths start from */
export function buildIdentity(input: IdentityInput, base: string): Identity {
  return {
    sources: input.sources,
    anonymous: input.anonymous,
    cookieDomain: input['cookie-domain'] ?? null,
    jwt: input.jwt === undefined ? null : buildJwt(input.jwt, base),
  };
}

function buildJwt(input: NonNullable<IdentityInput['jwt']>, base: string): JwtSettings {
  return {
    keys: keysOf(input, base),
    issuer: input.issuer,
    audience: input.audience,
    algorithms: input.algorithms,
    toleranceMs: input['clock-tolerance'],
    header: input.header,
    cookie: input.cookie ?? null,
  };
}

function keysOf(input: NonNullable<IdentityInput['jwt']>, base: string): JwtKeys {
  if (input.jwks !== undefined) return { kind: 'jwks', url: input.jwks };
  const { secret } = input;
  if (secret !== undefined)
    return secret.source === 'file' ? { ...secret, name: resolve(base, secret.name) } : secret;
  return { kind: 'file', path: resolve(base, input['key-file'] ?? '') };
}

/** The rule with the claim of each `groups` filled in. */
export function buildRule(input: RuleInput, identity: IdentityInput): Rule {
  switch (input.kind) {
    case 'groups':
      return { kind: 'groups', claim: input.claim ?? identity.jwt?.groups ?? 'groups', groups: input.groups };
    case 'all':
    case 'any':
      return { kind: input.kind, rules: input.rules.map((rule) => buildRule(rule, identity)) };
    case 'not':
      return { kind: 'not', rule: buildRule(input.rule, identity) };
    default:
      return input;
  }
}
