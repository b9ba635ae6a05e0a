import type { Identity, Rule } from '../config/audience.ts';
import { buckets } from './bucket.ts';
import type { Exposure } from './table.ts';

/** What rules are answered from. */
export interface Means {
  readonly identity: Identity;
  readonly audiences: Readonly<Record<string, Rule>>;
  /** Some proxy is trusted. */
  readonly proxies: boolean;
  /** Why no token verifies; null when tokens can. */
  readonly noTokens: string | null;
  /** Why nobody is anywhere; null when places are known. */
  readonly noPlaces: string | null;
  /** Why nobody is in a region; null when regions are known. */
  readonly noRegions: string | null;
}

/** Why an exposure can reach nobody, whoever comes; null when it may reach somebody. */
export function reachesNobody({ to, width }: Exposure, means: Means): string | null {
  const unknown = width < buckets ? noIdentity(means) : null;
  if (unknown !== null || to.length === 0) return unknown;
  return allOf(to.map((name) => matchesNobody({ kind: 'audience', name }, means)));
}

/** The same of a rule; what is only unlikely is not told. Circles, which teal.yaml is refused for, are nobody. */
export function matchesNobody(rule: Rule, means: Means, above: readonly string[] = []): string | null {
  const within = (one: Rule): string | null => matchesNobody(one, means, above);
  switch (rule.kind) {
    case 'users':
      return noVerified(means);
    case 'groups':
      return means.noTokens;
    case 'header':
      return rule.from === 'proxies' && !means.proxies ? `no proxy is trusted to send ${rule.name}` : null;
    case 'country':
    case 'continent':
      return means.noPlaces;
    case 'region':
      return means.noPlaces ?? means.noRegions;
    case 'percent':
      return noIdentity(means);
    case 'all':
      return rule.rules.map(within).find((why) => why !== null) ?? null;
    case 'any':
      return allOf(rule.rules.map(within));
    case 'audience': {
      const named = Object.hasOwn(means.audiences, rule.name) ? means.audiences[rule.name] : undefined;
      if (named === undefined || above.includes(rule.name)) return `there is no audience ${rule.name}`;
      return matchesNobody(named, means, [...above, rule.name]);
    }
    default:
      return null;
  }
}

/** A reason, when there is one for each. */
const allOf = (reasons: readonly (string | null)[]): string | null =>
  reasons.includes(null) ? null : [...new Set(reasons)].join('; ');

/** A percentage is of people who are told apart. */
function noIdentity(means: Means): string | null {
  if (means.identity.anonymous !== 'off') return null;
  const reasons = means.identity.sources.map((source) => noSource(source, means));
  return reasons.length === 0
    ? 'identity.anonymous is off, and identity.sources names nobody else'
    : allOf(reasons);
}

function noVerified(means: Means): string | null {
  const reasons = means.identity.sources
    .filter((source) => source.kind === 'jwt' || (source.kind === 'header' && source.from === 'proxies'))
    .map((source) => noSource(source, means));
  return reasons.length === 0
    ? 'users are found by identities that nobody can make up, and identity.sources has none'
    : allOf(reasons);
}

function noSource(source: Identity['sources'][number], means: Means): string | null {
  if (source.kind === 'jwt') return means.noTokens;
  const untrusted = source.kind === 'header' && source.from === 'proxies' && !means.proxies;
  return untrusted ? `no proxy is trusted to send ${source.name}` : null;
}
