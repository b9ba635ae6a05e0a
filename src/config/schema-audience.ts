/** The keys of teal.yaml that say who somebody is, and who belongs to which audience. */
import * as v from 'valibot';
import {
  publicAlgorithms,
  secretAlgorithms,
  type IdentitySource,
  type JwtAlgorithm,
  type JwtKeys,
  type Rule,
  type TextMatch,
} from './audience.ts';
import { didYouMean } from './did-you-mean.ts';
import {
  claim,
  cookieName,
  countries,
  percent,
  regex,
  regions,
  ruleHeader,
  shortText,
  some,
  someContinents,
  someTexts,
  tokenHeader,
} from './kinds-audience.ts';
import { cidr, host } from './kinds-network.ts';
import { choice, duration, name, orNone } from './kinds-plain.ts';
import { choose, isMap, keys, leaf, named, wrong, type Leaf } from './leaf.ts';
import { key, maybe, needed } from './schema-keys.ts';

type Shape<T> = v.GenericSchema<unknown, T>;

const from = (byDefault: 'anyone' | 'proxies', why: string) =>
  key(choice(['anyone', 'proxies']), byDefault, why);

const jwtSource = keys({ jwt: needed(claim, 'A claim of the verified token, such as sub.') });
const headerSource = keys({
  header: needed(ruleHeader, 'A header that a proxy in front has set.'),
  from: from(
    'proxies',
    "Whose header counts: that of router.trusted-proxies, or anyone's. proxies by default: who can name himself can choose his side.",
  ),
});
const cookieSource = keys({
  cookie: needed(
    cookieName,
    'A cookie of the app. It is not verified: it places people in a percentage, and opens no users.',
  ),
});

const noSource = leaf<never>({
  expected: 'a map with the key jwt, header or cookie',
  json: {},
  read: () => wrong('write { jwt: sub }, { header: x-user-id } or { cookie: uid }'),
});

const source = choose<Shape<IdentitySource>>(
  (input) => {
    if (!isMap(input)) return noSource;
    if ('jwt' in input) return to(jwtSource, ({ jwt }) => ({ kind: 'jwt', claim: jwt }));
    if ('header' in input)
      return to(headerSource, ({ header, from: sender }) => ({ kind: 'header', name: header, from: sender }));
    if ('cookie' in input) return to(cookieSource, ({ cookie }) => ({ kind: 'cookie', name: cookie }));
    return noSource;
  },
  [jwtSource, headerSource, cookieSource],
);

function to<A, B>(schema: Shape<A>, change: (value: A) => B): Shape<B> {
  return v.pipe(schema, v.transform(change)) as Shape<B>;
}

const jwks: Leaf<string> = leaf({
  expected: 'an https address such as https://login.example.com/.well-known/jwks.json',
  json: { type: 'string', format: 'uri' },
  read(input) {
    const url = typeof input === 'string' && URL.canParse(input) ? new URL(input) : null;
    if (url === null) return wrong('write the whole address, with https://');
    if (url.username !== '' || url.password !== '') return wrong('write it without name and password');
    const near = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
    const fit = url.protocol === 'https:' || (url.protocol === 'http:' && near);
    return fit
      ? { value: url.href }
      : wrong('write https://: whoever can change the keys on their way can be anybody');
  },
});

const secretReference: Leaf<Extract<JwtKeys, { kind: 'secret' }>> = leaf({
  expected: 'env:NAME or file:/path',
  json: { type: 'string', pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$' },
  read(input) {
    const match = typeof input === 'string' ? /^(?:(env):([A-Za-z_]\w*)|(file):([^\0]+))$/.exec(input) : null;
    if (match === null) return wrong('name where the secret is, never the secret itself: env:NAME');
    return {
      value: {
        kind: 'secret',
        source: match[1] === 'env' ? 'env' : 'file',
        name: match[2] ?? match[4] ?? '',
      },
    };
  },
});

const algorithms: readonly JwtAlgorithm[] = [...publicAlgorithms, ...secretAlgorithms];

const someAlgorithms = some<JwtAlgorithm>(
  {
    json: { type: 'string', enum: algorithms },
    read(input) {
      const found = algorithms.find((algorithm) => algorithm === input);
      if (found !== undefined) return { value: found };
      if (typeof input === 'string' && input.toLowerCase() === 'none')
        return wrong('remove it: a token without a signature proves nothing');
      const meant = typeof input === 'string' ? didYouMean(input, algorithms) : null;
      return wrong(meant === null ? 'write RS256' : `Did you mean \`${meant}\`?`);
    },
  },
  'an algorithm such as RS256, or a list of them',
  'RS256',
);

const jwt = keys({
  jwks: maybe(
    jwks,
    'Where the keys are: the JWK Set of your identity provider. Fetched when first needed, again when a key is unknown, and every ten minutes.',
  ),
  'key-file': maybe(
    shortText('a file with a JWK Set or a public key in PEM', './jwt.pem'),
    'The keys in a file, relative to teal.yaml; read again when it changes. Instead of jwks.',
  ),
  secret: maybe(
    secretReference,
    'A shared secret, named and never written: env:NAME or file:/path. Instead of jwks, for HS256 and its like.',
  ),
  issuer: needed(
    someTexts('the issuer as the token names it', 'https://login.example.com/'),
    'What `iss` has to be, letter by letter.',
  ),
  audience: needed(
    orNone(someTexts('the audience as the token names it', 'shop'), 'the audience as the token names it', {
      type: 'string',
    }),
    'What `aud` has to hold. none takes tokens that were made for somebody else as well.',
  ),
  algorithms: key(
    someAlgorithms,
    'RS256',
    'What tokens may be signed with; any other is refused before its signature is looked at. RS256 by default: what identity providers use unless told otherwise.',
  ),
  'clock-tolerance': key(
    duration(0),
    '10s',
    'How far the clock of who signs may be off. 10s by default: clocks are set over the network.',
  ),
  groups: key(
    claim,
    'groups',
    'The claim that groups are looked for in, when a rule names no other. groups by default.',
  ),
  header: key(
    tokenHeader,
    'authorization',
    'The header with the token: authorization after the word Bearer, any other as it is. authorization by default.',
  ),
  cookie: maybe(cookieName, 'The cookie with the token, when the header is absent.'),
});

export const identity = keys({
  sources: key(
    v.array(source),
    [],
    "What makes a person the same person on the next request: the first that is present wins. Without any of them, and for who has none of them, it is Teal's own signed cookie. [] by default.",
  ),
  anonymous: key(
    choice(['keep', 'release', 'off']),
    'keep',
    'Who has no identity of yours. keep: remembered by a cookie for 400 days; release: for one release; off: not at all, and no percentage reaches them. keep by default: without it `same` and `fresh` do not hold for them. The cookie is only set when a percentage needs it.',
  ),
  'cookie-domain': maybe(
    host,
    'Share the cookies of Teal among the hosts below this one: example.com. By default they belong to the host that set them.',
  ),
  jwt: maybe(jwt, 'How JSON Web Tokens are verified. Needed by groups, and by sources that name a claim.'),
});

const exact = maybe(
  someTexts('a value', '"on"'),
  'The whole value, or a list of them; upper and lower case differ.',
);
const prefix = maybe(shortText('how the value begins', 'beta-'), 'How the value begins.');
const pattern = maybe(regex, 'The whole value matches it, in RE2 syntax; no longer than 256 characters.');

interface Matched {
  readonly name: string;
  readonly exact?: readonly string[] | undefined;
  readonly prefix?: string | undefined;
  readonly regex?: string | undefined;
}

function matchOf(input: Matched): TextMatch {
  if (input.exact !== undefined) return { kind: 'exact', values: input.exact };
  if (input.prefix !== undefined) return { kind: 'prefix', prefix: input.prefix };
  if (input.regex !== undefined) return { kind: 'regex', pattern: input.regex };
  return { kind: 'present' };
}

const header = keys({
  name: needed(ruleHeader, 'The header. Several of one name count as one, joined by a comma and a blank.'),
  exact,
  prefix,
  regex: pattern,
  from: from(
    'anyone',
    "Whose header counts: anyone's, or only that of router.trusted-proxies. anyone by default: such a rule is for who asks to be in.",
  ),
});

const cookie = keys({
  name: needed(cookieName, 'The cookie. Sent twice it does not count: nobody can tell which was meant.'),
  exact,
  prefix,
  regex: pattern,
});

const groupsOfClaim = keys({
  claim: needed(
    claim,
    'The claim that holds them: text or a list; a way such as realm_access.roles leads into it.',
  ),
  names: needed(someTexts('a group', 'staff'), 'One of these.'),
});
const groupNames = someTexts('a group', 'staff');

interface Groups {
  readonly claim: string | null;
  readonly groups: readonly string[];
}

const groups = choose<Shape<Groups>>(
  (input) =>
    isMap(input)
      ? to(groupsOfClaim, ({ claim: at, names }) => ({ claim: at, groups: names }))
      : to(groupNames, (names) => ({ claim: null, groups: names })),
  [groupNames, groupsOfClaim],
);

/** A rule as written: `groups` may leave the claim to `identity.jwt.groups`. */
export type RuleInput =
  | Exclude<Rule, { kind: 'groups' | 'all' | 'any' | 'not' }>
  | ({ readonly kind: 'groups' } & Groups)
  | { readonly kind: 'all' | 'any'; readonly rules: readonly RuleInput[] }
  | { readonly kind: 'not'; readonly rule: RuleInput };

const reference = name('the name of an audience');

const ruleOrName = 'the name of an audience, or a map with one rule';

const referred = leaf<never>({
  expected: ruleOrName,
  json: { $ref: '#/definitions/audience' },
  read: () => wrong('write the name of an audience'),
});

/** Rules hold rules; in JSON Schema, which is made without an input, that is a reference to the one definition. */
const inner = choose<Shape<RuleInput>>((input) => (input === undefined ? referred : rule), [referred]);

const several: Shape<readonly RuleInput[]> = v.array(inner);

const shapes = {
  users: keys({
    users: needed(
      someTexts('a user', 'anna'),
      'People by name, as an identity that nobody can make up says it: a claim of a JWT, or a header of a trusted proxy.',
    ),
  }),
  groups: keys({
    groups: needed(
      groups,
      'Groups of a verified JWT: one of these names, or { claim: realm_access.roles, names: [staff] }.',
    ),
  }),
  header: keys({ header: needed(header, 'A header of the request; present is enough without a value.') }),
  cookie: keys({ cookie: needed(cookie, 'A cookie of the request; present is enough without a value.') }),
  cidr: keys({
    cidr: needed(
      some(cidrItem(), 'a range such as 192.0.2.0/24 or 2001:db8::/32, or a list of them', '192.0.2.0/24'),
      "Networks, IPv4 and IPv6. The address is that of the connection, or the nearest one in X-Forwarded-For that is not a trusted proxy's.",
    ),
  }),
  country: keys({ country: needed(countries, 'Countries, by ISO 3166-1.') }),
  region: keys({
    region: needed(regions, 'Regions, by ISO 3166-2. Needs router.geo-database with regions in it.'),
  }),
  continent: keys({ continent: needed(someContinents, 'Continents, by two letters.') }),
  percent: keys({
    percent: needed(percent, 'So many of a hundred, three decimals. The same people while a release runs.'),
  }),
  all: keys({ all: needed(several, 'Who belongs to each of these.') }),
  any: keys({ any: needed(several, 'Who belongs to one of these.') }),
  not: keys({ not: needed(inner, 'Who does not belong to it.') }),
} as const;

function cidrItem(): { readonly json: Record<string, unknown>; read(input: unknown): Read } {
  return {
    json: { type: 'string' },
    read(input) {
      const dataset = cidr['~run']({ value: input }, {});
      if (dataset.typed) return { value: dataset.value };
      return wrong(dataset.issues?.[0]?.message ?? 'write a range, such as 10.0.0.0/8');
    },
  };
}

type Read = { readonly value: string } | ReturnType<typeof wrong>;
type Kind = keyof typeof shapes;
const kinds = Object.keys(shapes) as readonly Kind[];

const readers: { readonly [K in Kind]: Shape<RuleInput> } = {
  users: to(shapes.users, ({ users }) => ({ kind: 'users', users })),
  groups: to(shapes.groups, (input) => ({ kind: 'groups', ...input.groups })),
  header: to(shapes.header, (input) => ({
    kind: 'header',
    name: input.header.name,
    match: matchOf(input.header),
    from: input.header.from,
  })),
  cookie: to(shapes.cookie, (input) => ({
    kind: 'cookie',
    name: input.cookie.name,
    match: matchOf(input.cookie),
  })),
  cidr: to(shapes.cidr, (input) => ({ kind: 'cidr', ranges: input.cidr })),
  country: to(shapes.country, (input) => ({ kind: 'country', countries: input.country })),
  region: to(shapes.region, (input) => ({ kind: 'region', regions: input.region })),
  continent: to(shapes.continent, (input) => ({ kind: 'continent', continents: input.continent })),
  percent: to(shapes.percent, (input) => ({ kind: 'percent', width: input.percent })),
  all: to(shapes.all, ({ all }) => ({ kind: 'all', rules: all })),
  any: to(shapes.any, ({ any }) => ({ kind: 'any', rules: any })),
  not: to(shapes.not, ({ not }) => ({ kind: 'not', rule: not })),
};

const byName: Shape<RuleInput> = to(reference, (other) => ({ kind: 'audience', name: other }));

function misread(remedy: string): Shape<RuleInput> {
  return leaf<never>({ expected: ruleOrName, json: {}, read: () => wrong(remedy) });
}

function pick(input: unknown): Shape<RuleInput> {
  if (typeof input === 'string') return byName;
  if (Array.isArray(input)) return misread('write any: or all: before the list');
  if (!isMap(input)) return misread(`write a rule, such as { country: DE }`);
  const written = Object.keys(input);
  const known = kinds.filter((kind) => written.includes(kind));
  const [first, second] = known;
  if (first !== undefined && second !== undefined)
    return misread(`one rule to a map: write all: [{ ${first}: … }, { ${second}: … }], or any:`);
  if (first !== undefined) return readers[first];
  const meant = written[0] === undefined ? null : didYouMean(written[0], kinds);
  return misread(meant === null ? `write one of ${kinds.join(', ')}` : `Did you mean \`${meant}\`?`);
}

/** One audience: a rule, or the name of another audience. */
export const rule: Shape<RuleInput> = choose<Shape<RuleInput>>(pick, [
  reference,
  ...kinds.map((kind) => shapes[kind]),
]);

export const audiences = named(name('a name'), rule, 'a map from names of audiences to their rules');

export type IdentityInput = v.InferOutput<typeof identity>;
