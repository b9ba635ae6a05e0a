import type { Mistake } from './mistakes.ts';

type Told = readonly [string | RegExp, string | RegExp, string | RegExp];

function row(says: string, text: string, path: string, [expected, got, remedy]: Told): Mistake {
  return { says, text, path, expected, got, remedy };
}

const jwt = 'jwt: { jwks: "https://login.example/keys", issuer: i, audience: a }';
const identity = `identity: { sources: [{ jwt: sub }], ${jwt} }`;

/** A right file whose app has these lines too; clients come through a proxy. */
const shop = (...lines: readonly string[]): string =>
  [
    'router: { trusted-proxies: [10.0.0.0/8] }',
    'apps:',
    '  shop:',
    '    run: { process: { command: x } }',
    ...lines.map((line) => `    ${line}`),
  ].join('\n');

const audience = (rule: string, ...more: readonly string[]): string =>
  shop(identity, ...more, 'audiences:', `  a: ${rule}`);

const at = 'apps.shop.audiences.a';
const rule = 'the name of an audience, or a map with one rule';

const rules: readonly Mistake[] = [
  row('two rules in one map', audience('@{ country: DE, percent: 5 }'), at, [
    rule,
    'a map of keys',
    /^one rule to a map: write all: \[\{ country: … \}, \{ percent: … \}\]/,
  ]),
  row('a rule that is mistyped', audience('@{ countries: [DE] }'), at, [
    rule,
    'a map of keys',
    'Did you mean `country`?',
  ]),
  row('a list of rules', audience('@[{ country: DE }]'), at, [rule, 'a list', /^write any: or all:/]),
  row('a rule that is a number', audience('@5'), at, [rule, '5', /country/]),
  row('no users', audience('{ users: @[] }'), `${at}.users`, [
    /^a user/,
    'an empty list',
    /^write anna, or remove it: nobody/,
  ]),
  row('a user who is a number', audience('{ users: [ann, @42] }'), `${at}.users[1]`, [
    /^a user/,
    '42',
    'write "42"',
  ]),
  row('a user twice', audience('{ users: [ann, @ann] }'), `${at}.users[1]`, [
    'each value once',
    '"ann"',
    'name it once',
  ]),
  row(
    'a header that has a rule of its own',
    audience('{ header: { name: @X-Forwarded-For } }'),
    `${at}.header.name`,
    [/^the name of a header/, '"X-Forwarded-For"', /^write cidr/],
  ),
  row('a header of Teal', audience('{ header: { name: @x-teal-bucket } }'), `${at}.header.name`, [
    /^the name of a header/,
    '"x-teal-bucket"',
    /drops x-teal-\*/,
  ]),
  row('a cookie of Teal', audience('{ cookie: { name: @teal-release } }'), `${at}.cookie.name`, [
    /^the name of a cookie/,
    '"teal-release"',
    /cookies of Teal itself/,
  ]),
  row(
    'a pattern with a back reference',
    audience(String.raw`{ cookie: { name: c, regex: @'(a)\1' } }`),
    `${at}.cookie.regex`,
    [/RE2 syntax/, String.raw`"(a)\\1"`, /without back references/],
  ),
  row(
    'a pattern that looks ahead',
    audience(`{ cookie: { name: c, regex: @'a(?!b)' } }`),
    `${at}.cookie.regex`,
    [/RE2 syntax/, '"a(?!b)"', /without look-around/],
  ),
  row(
    'a pattern that does not end',
    audience(`{ cookie: { name: c, regex: @'[a' } }`),
    `${at}.cookie.regex`,
    [/RE2 syntax/, '"[a"', /missing closing/],
  ),
  row(
    'a pattern with huge repetitions',
    audience(`{ cookie: { name: c, regex: @'(?:a|b|aa){1,900}c' } }`),
    `${at}.cookie.regex`,
    [/RE2 syntax/, /900/, /repetitions smaller/],
  ),
  row('a range that is none', audience('{ cidr: [10.0.0.0/8, @10.0.0.0/99] }'), `${at}.cidr[1]`, [
    /^a range such as/,
    '"10.0.0.0/99"',
    /from 0 to 32/,
  ]),
  row('a country by what people call it', audience('{ country: [DE, @UK] }'), `${at}.country[1]`, [
    /^a country/,
    '"UK"',
    'write GB',
  ]),
  row('the European Union as a country', audience('{ country: @EU }'), `${at}.country`, [
    /^a country/,
    '"EU"',
    /^write continent: EU/,
  ]),
  row('a continent by its name', audience('{ continent: @Europe }'), `${at}.continent`, [
    /^a continent/,
    '"Europe"',
    'write EU',
  ]),
  row('a region without a database of them', audience('{ region: @DE-BY }'), `${at}.region`, [
    'router.geo-database, with regions in it',
    'none',
    /^name your own MMDB file/,
  ]),
  row('a region that is none', audience('{ region: @Bavaria }'), `${at}.region`, [
    /^a region/,
    '"Bavaria"',
    /ISO 3166-2/,
  ]),
  row('a percentage as text', audience('{ percent: @5% }'), `${at}.percent`, [
    /^a percentage/,
    '"5%"',
    'write 5',
  ]),
  row('a percentage with four decimals', audience('{ percent: @0.0005 }'), `${at}.percent`, [
    /three decimals/,
    '0.0005',
    'write 0.001',
  ]),
  row('nothing of a hundred', audience('{ percent: @0 }'), `${at}.percent`, [/^a percentage/, '0', /nobody/]),
  row('more than a hundred', audience('{ percent: @101 }'), `${at}.percent`, [
    /^a percentage/,
    '101',
    'write 100',
  ]),
  row('any of nothing', audience('{ any: @[] }'), `${at}.any`, [
    'at least one rule',
    'an empty list',
    /^add one/,
  ]),
  row(
    'an audience that there is not',
    shop('audiences:', '  staff: { country: DE }', '  a: { any: [staff, @stuff] }'),
    `${at}.any[1]`,
    ['the name of an audience of this app', '"stuff"', 'Did you mean `staff`?'],
  ),
  row('an audience that holds itself', audience('{ not: @a }'), `${at}.not`, [
    'audiences without a circle',
    'a → a',
    /^remove one of the references/,
  ]),
];

const identities: readonly Mistake[] = [
  row('groups without tokens', shop('audiences: { a: { groups: @staff } }'), `${at}.groups`, [
    /^identity\.jwt/,
    'none',
    /^add identity/,
  ]),
  row(
    'users whom anybody could be',
    shop('identity: { sources: [{ cookie: uid }] }', 'audiences: { a: { users: @ann } }'),
    `${at}.users`,
    ['an identity that nobody can make up', 'none in identity.sources', /jwt: sub/],
  ),
  row(
    'an identity that is none of the kinds',
    shop('identity: { sources: [@{ ip: x }] }'),
    'apps.shop.identity.sources[0]',
    [/jwt, header or cookie/, 'a map of keys', /jwt: sub/],
  ),
  row(
    'a claim without tokens',
    shop('identity: { sources: [{ jwt: @sub }] }'),
    'apps.shop.identity.sources[0].jwt',
    [/^identity\.jwt/, 'none', /^add identity/],
  ),
  row(
    'a header of a proxy that there is not',
    shop('identity: { sources: [{ header: @x-user }] }').replace('[10.0.0.0/8]', '[]'),
    'apps.shop.identity.sources[0].header',
    [/^router\.trusted-proxies/, 'none', /from: anyone/],
  ),
  row('keys from nowhere', shop('identity: { @jwt: { issuer: i, audience: a } }'), 'apps.shop.identity.jwt', [
    'one of jwks, key-file, secret',
    'none of them',
    /^add jwks/,
  ]),
  row(
    'keys from two places',
    shop('identity: { @jwt: { jwks: "https://a.example/", key-file: k.pem, issuer: i, audience: a } }'),
    'apps.shop.identity.jwt',
    ['one of jwks, key-file, secret', 'jwks and key-file', 'keep one of them'],
  ),
  row(
    'keys over a line that anybody can change',
    shop('identity: { jwt: { jwks: @"http://login.example/", issuer: i, audience: a } }'),
    'apps.shop.identity.jwt.jwks',
    [/^an https address/, '"http://login.example/"', /^write https/],
  ),
  row(
    'the algorithm none',
    shop('identity: { jwt: { key-file: k, issuer: i, audience: a, algorithms: [@none] } }'),
    'apps.shop.identity.jwt.algorithms[0]',
    [/^an algorithm/, '"none"', /proves nothing/],
  ),
  row(
    'a shared algorithm with public keys',
    shop('identity: { jwt: { key-file: k, issuer: i, audience: a, algorithms: @HS256 } }'),
    'apps.shop.identity.jwt.algorithms',
    ['an algorithm with a public key', 'HS256', /^remove it: with it, whoever knows/],
  ),
  row(
    'a secret that is written down',
    shop('identity: { jwt: { secret: @hunter2, issuer: i, audience: a, algorithms: HS256 } }'),
    'apps.shop.identity.jwt.secret',
    ['env:NAME or file:/path', 'a value (not shown)', /never the secret itself/],
  ),
];

/** What can be wrong with identity and audiences. */
export const audienceMistakes: readonly Mistake[] = [...rules, ...identities];
