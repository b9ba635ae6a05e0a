import type { Identity, IdentitySource, JwtKeys, Rule, TextMatch } from './audience.ts';
import type { App } from './config.ts';
import { formatDuration } from './units.ts';

type Entry = [string, string];

/** The keys of `identity` and `audiences` as they are written. */
export function audienceKeys(app: App): readonly Entry[] {
  // What was applied before there were audiences has neither key.
  const { identity, audiences } = app as Partial<App>;
  return [
    ...(identity === undefined ? [] : identityKeys(identity)),
    ...Object.entries(audiences ?? {}).map(([name, rule]): Entry => [`audiences.${name}`, ruleText(rule)]),
  ];
}

function identityKeys({ sources, anonymous, cookieDomain, jwt }: Identity): readonly Entry[] {
  const own: Entry[] = [
    ['identity.sources', list(sources.map((source) => sourceText(source)))],
    ['identity.anonymous', anonymous],
    ['identity.cookie-domain', cookieDomain ?? 'none'],
  ];
  if (jwt === null) return own;
  return [
    ...own,
    ['identity.jwt.keys', keysText(jwt.keys)],
    ['identity.jwt.issuer', list(jwt.issuer)],
    ['identity.jwt.audience', jwt.audience === null ? 'none' : list(jwt.audience)],
    ['identity.jwt.algorithms', list(jwt.algorithms)],
    ['identity.jwt.clock-tolerance', formatDuration(jwt.toleranceMs)],
    ['identity.jwt.header', jwt.header],
    ['identity.jwt.cookie', jwt.cookie ?? 'none'],
  ];
}

function sourceText(source: IdentitySource): string {
  switch (source.kind) {
    case 'jwt':
      return `jwt: ${source.claim}`;
    case 'header':
      return `header: ${source.name} from ${source.from}`;
    case 'cookie':
      return `cookie: ${source.name}`;
  }
}

function keysText(keys: JwtKeys): string {
  if (keys.kind === 'jwks') return keys.url;
  return keys.kind === 'file' ? keys.path : `secret ${keys.source}:${keys.name}`;
}

function ruleText(rule: Rule): string {
  switch (rule.kind) {
    case 'users':
      return `users ${list(rule.users)}`;
    case 'groups':
      return `groups ${list(rule.groups)} in ${rule.claim}`;
    case 'header':
      return `header ${rule.name} ${matchText(rule.match)} from ${rule.from}`;
    case 'cookie':
      return `cookie ${rule.name} ${matchText(rule.match)}`;
    case 'cidr':
      return `cidr ${list(rule.ranges)}`;
    case 'country':
      return `country ${list(rule.countries)}`;
    case 'region':
      return `region ${list(rule.regions)}`;
    case 'continent':
      return `continent ${list(rule.continents)}`;
    case 'percent':
      return `percent ${rule.width / 1000}`;
    case 'all':
    case 'any':
      return `${rule.kind} ${list(rule.rules.map((inner) => ruleText(inner)))}`;
    case 'not':
      return `not ${ruleText(rule.rule)}`;
    case 'audience':
      return rule.name;
  }
}

function matchText(match: TextMatch): string {
  switch (match.kind) {
    case 'present':
      return 'present';
    case 'exact':
      return `exact ${list(match.values)}`;
    case 'prefix':
      return `prefix ${match.prefix}`;
    case 'regex':
      return `regex ${match.pattern}`;
  }
}

const list = (values: readonly string[]): string => `[${values.join(', ')}]`;
