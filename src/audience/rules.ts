import type { Rule } from '../config/audience.ts';
import { networksOf } from './address.ts';
import { claimHolds, claimReader, namesOfClaim } from './claims.ts';
import { theCookie } from './cookie.ts';
import { list, matcherOf } from './match.ts';
import type { Visit } from './visit.ts';

/** A rule made ready once per table: nothing is built when a request is tested. */
export interface CompiledRule {
  /** In the words of teal.yaml. */
  readonly says: string;
  test(visit: Visit): boolean;
  /** What of the request decided, for people. Never the value of a header, a cookie or a token: these may be secrets. */
  why(visit: Visit): string;
  readonly parts: readonly CompiledRule[];
}

/** @param named the audiences of the app by name, compiled when first asked for */
export function compileRule(rule: Rule, named: (name: string) => CompiledRule): CompiledRule {
  switch (rule.kind) {
    case 'all':
    case 'any':
      return several(
        rule.kind,
        rule.rules.map((inner) => compileRule(inner, named)),
      );
    case 'not':
      return negated(compileRule(rule.rule, named));
    case 'audience':
      return reference(rule.name, named(rule.name));
    default:
      return leafRule(rule);
  }
}

type LeafRule = Exclude<Rule, { kind: 'all' | 'any' | 'not' | 'audience' }>;
type Leaf = Omit<CompiledRule, 'parts'>;

const noParts: readonly CompiledRule[] = [];

function leafRule(rule: LeafRule): CompiledRule {
  return { ...leafOf(rule), parts: noParts };
}

function leafOf(rule: LeafRule): Leaf {
  switch (rule.kind) {
    case 'users':
      return users(rule.users);
    case 'groups':
      return groups(rule);
    case 'header':
      return header(rule);
    case 'cookie':
      return cookie(rule);
    case 'cidr':
      return cidr(rule.ranges);
    case 'country':
      return placed('country', rule.countries, (place) => (place.country === null ? [] : [place.country]));
    case 'continent':
      return placed('continent', rule.continents, (place) =>
        place.continent === null ? [] : [place.continent],
      );
    case 'region':
      return placed('region', rule.regions, (place) => place.regions);
    case 'percent':
      return percentage(rule.width);
  }
}

function several(kind: 'all' | 'any', parts: readonly CompiledRule[]): CompiledRule {
  return {
    says: kind === 'all' ? 'all of' : 'any of',
    test:
      kind === 'all'
        ? (visit) => parts.every((part) => part.test(visit))
        : (visit) => parts.some((part) => part.test(visit)),
    why: (visit) => `${parts.filter((part) => part.test(visit)).length} of ${parts.length}`,
    parts,
  };
}

function negated(inner: CompiledRule): CompiledRule {
  return {
    says: 'not',
    test: (visit) => !inner.test(visit),
    why: (visit) => (inner.test(visit) ? 'it is so' : 'it is not so'),
    parts: [inner],
  };
}

function reference(name: string, inner: CompiledRule): CompiledRule {
  return {
    says: `audience ${name}`,
    test: (visit) => inner.test(visit),
    why: (visit) => (inner.test(visit) ? 'belongs to it' : 'does not belong to it'),
    parts: [inner],
  };
}

function users(names: readonly string[]): Leaf {
  const wanted = new Set(names);
  return {
    says: `users ${list(names)}`,
    test: ({ verified }) => verified.some((key) => wanted.has(key)),
    why: (visit) =>
      visit.verified.length === 0
        ? `nobody whose name is verified${tokenFault(visit)}`
        : `is ${visit.verified.join(' and ')}`,
  };
}

function groups(rule: Extract<Rule, { kind: 'groups' }>): Leaf {
  const wanted = new Set(rule.groups);
  const read = claimReader(rule.claim);
  return {
    says: `groups ${list(rule.groups)} in ${rule.claim}`,
    test: ({ request: { token } }) => token.ok && claimHolds(read(token.claims), wanted),
    why: (visit) => {
      const { token } = visit.request;
      if (!token.ok) return `no verified token${tokenFault(visit)}`;
      const found = namesOfClaim(read(token.claims));
      return found.length === 0
        ? `the token has no ${rule.claim}`
        : `the token has ${found.slice(0, 20).join(', ')}`;
    },
  };
}

function tokenFault({ request: { token } }: Visit): string {
  return token.ok || token.why === 'absent' ? '' : ` (token refused: ${token.why})`;
}

function header(rule: Extract<Rule, { kind: 'header' }>): Leaf {
  const matcher = matcherOf(rule.match);
  const counts = ({ request }: Visit): boolean => rule.from === 'anyone' || request.viaProxy;
  return {
    says: `header ${rule.name} ${matcher.says}`,
    test: (visit) => {
      if (!counts(visit)) return false;
      const value = visit.request.header(rule.name);
      return value !== null && matcher.test(value);
    },
    why: (visit) => {
      const value = visit.request.header(rule.name);
      if (value === null) return 'absent';
      if (!counts(visit)) return 'present, but not from a trusted proxy';
      return matcher.test(value) ? 'it does' : 'its value is another';
    },
  };
}

function cookie(rule: Extract<Rule, { kind: 'cookie' }>): Leaf {
  const matcher = matcherOf(rule.match);
  return {
    says: `cookie ${rule.name} ${matcher.says}`,
    test: ({ request }) => {
      const value = theCookie(request.cookie, rule.name);
      return value !== null && matcher.test(value);
    },
    why: ({ request }) => {
      const value = theCookie(request.cookie, rule.name);
      if (value === null) return 'absent, or sent twice';
      return matcher.test(value) ? 'it does' : 'its value is another';
    },
  };
}

function cidr(ranges: readonly string[]): Leaf {
  const networks = networksOf(ranges);
  return {
    says: `cidr ${list(ranges)}`,
    test: ({ address }) => networks.has(address),
    why: ({ address }) => (address === '' ? 'the address is not known' : `the address is ${address}`),
  };
}

function placed(
  kind: 'country' | 'region' | 'continent',
  codes: readonly string[],
  of: (place: NonNullable<Visit['place']>) => readonly string[],
): Leaf {
  const wanted = new Set(codes);
  return {
    says: `${kind} ${list(codes)}`,
    test: ({ place }) => place !== null && of(place).some((code) => wanted.has(code)),
    why: ({ place, address }) => {
      const found = place === null ? [] : of(place);
      return found.length === 0
        ? `the ${kind} of ${address === '' ? 'an unknown address' : address} is not known`
        : `the ${kind} is ${found.join(', ')}`;
    },
  };
}

function percentage(width: number): Leaf {
  return {
    says: `percent ${width / 1000}`,
    test: (visit) => visit.isWithin(width),
    why: (visit) => whyWithin(visit, width),
  };
}

/** Where a person stands, beside the window. */
export function whyWithin(visit: Visit, width: number): string {
  const { bucket, table } = visit;
  if (bucket === null) return 'no identity: a percentage is of people who can be told apart';
  const end = (table.offset + width) % 100_000;
  const window = width >= 100_000 ? 'all' : `${table.offset} to ${(end + 99_999) % 100_000}`;
  return `bucket ${bucket} of ${visit.source}; the window is ${window}`;
}
