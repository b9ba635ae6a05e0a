/**
 * What `route` costs per request: by kind of rule, with 0, 3 and 30 audiences, and what verifying a token or a cookie costs that nobody
 * has seen before. Each figure stands beside a SHA-256 of the same run, since machines differ.
 *
 *   npm run bench:audience [-- --json]
 */
import { createSign, generateKeyPairSync, hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { networksOf } from '../src/audience/address.ts';
import { compileAudiences, type CompiledTable } from '../src/audience/compile.ts';
import { noToken, type AudienceRequest } from '../src/audience/request.ts';
import { route } from '../src/audience/route.ts';
import { readId, signId, type Signer } from '../src/audience/signed.ts';
import type { AudienceTable } from '../src/audience/table.ts';
import type { Rule } from '../src/config/audience.ts';
import { factsOf } from '../src/router/facts/facts.ts';
import { Memory } from '../src/audience/memory.ts';
import { openPlaces } from '../src/router/facts/places.ts';
import { createTokenVerifier } from '../src/router/facts/token.ts';
import { mmdb } from '../examples/canary/mmdb.ts';

const rounds = 7;
const perRound = 40_000;

interface Figure {
  readonly name: string;
  readonly ns: number;
  /** At most so many times the SHA-256 of the same run; null: no goal. */
  readonly goal: number | null;
}

/** Nanoseconds of CPU of one call, so that what else runs on the machine disturbs little: the median over rounds, after a warm-up. What a call returns is added up, so that none is left out. */
let sink = 0;
function measure(call: (index: number) => number): number {
  for (let index = 0; index < perRound; index++) sink += call(index);
  const times = Array.from({ length: rounds }, () => {
    const start = process.cpuUsage();
    for (let index = 0; index < perRound; index++) sink += call(index);
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1000) / perRound;
  });
  return times.toSorted((one, two) => one - two)[Math.floor(rounds / 2)] as number;
}

const folder = mkdtempSync(join(tmpdir(), 'teal-bench-audience-'));
const ranges = Object.fromEntries(
  Array.from({ length: 2000 }, (_, index) => [
    `${20 + (index % 150)}.${Math.floor(index / 150)}.0.0/16`,
    { country: { iso_code: index % 2 === 0 ? 'DE' : 'FR' } },
  ]),
);
writeFileSync(join(folder, 'places.mmdb'), mmdb(ranges));
const places = await openPlaces({
  file: join(folder, 'places.mmdb'),
  onWarning: (message) => console.error(message),
});

const header = (name: string): Rule => ({
  kind: 'header',
  name,
  match: { kind: 'exact', values: ['on'] },
  from: 'anyone',
});

function tableOf(audiences: Readonly<Record<string, Rule>>, width = 100_000): CompiledTable {
  const table: AudienceTable = {
    app: 'shop',
    live: 'blue',
    release: {
      id: 'shop-7',
      candidate: 'green',
      cohort: 'same',
      exposed: [{ to: Object.keys(audiences), width }],
    },
    identity: { sources: [{ kind: 'jwt', claim: 'sub' }], anonymous: 'keep', cookieDomain: null, jwt: null },
    audiences,
    paths: ['/'],
    offset: 0,
  };
  return compileAudiences(table, (address) => places.lookUp(address));
}

const browser = new Map([
  ['host', 'shop.example.com'],
  [
    'user-agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  ],
  ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['x-beta', 'off'],
]);
const cookies =
  '_ga=GA1.1.1234567890.1700000000; session=0123456789abcdef0123456789abcdef; theme=dark; lang=en; cart=3f2504e0-4f89-11d3-9a0c-0305e82c3301';

const requests = Array.from({ length: 1024 }, (_, index): AudienceRequest => ({
  address: `${20 + (index % 200)}.${index % 14}.${index % 251}.${(index * 7) % 251}`,
  viaProxy: false,
  header: (name) => browser.get(name) ?? null,
  cookie: cookies,
  token: noToken,
  id: null,
  release: null,
}));
const known = requests.map((request, index): AudienceRequest => ({
  ...request,
  token: { ok: true, claims: { sub: `user-${index}`, groups: ['customers', 'newsletter', 'de'] } },
}));

const routing =
  (table: CompiledTable, of: readonly AudienceRequest[]) =>
  (index: number): number =>
    route(table, of[index & 1023] as AudienceRequest).environment.length;

const cidrs = Array.from(
  { length: 1000 },
  (_, index) => `${100 + Math.floor(index / 250)}.${index % 250}.0.0/16`,
);

const kinds: readonly (readonly [string, Rule, number | null, readonly AudienceRequest[]])[] = [
  ['header', header('x-beta'), 1, requests],
  ['cookie', { kind: 'cookie', name: 'beta', match: { kind: 'exact', values: ['on'] } }, 1, requests],
  [
    'cookie, pattern',
    { kind: 'cookie', name: 'lang', match: { kind: 'regex', pattern: '(de|at)(-[a-z]+)?' } },
    null,
    requests,
  ],
  ['groups, with the bucket', { kind: 'groups', claim: 'groups', groups: ['staff'] }, 2.5, known],
  ['percent', { kind: 'percent', width: 5000 }, 2.5, known],
  ['cidr, 1000 ranges', { kind: 'cidr', ranges: cidrs }, 4, requests],
  ['country', { kind: 'country', countries: ['AT'] }, 4, requests],
];

const sha = measure((index) => hash('sha256', `shop:user-${index & 1023}`).length);
const figures: Figure[] = [{ name: "crypto.hash('sha256')", ns: sha, goal: null }];
const add = (name: string, ns: number, goal: number | null = null): void =>
  void figures.push({ name, ns, goal });

for (const [name, rule, goal, of] of kinds)
  add(`route, one rule: ${name}`, measure(routing(tableOf({ a: rule }), of)), goal);

// More addresses than are remembered, so that each is looked up.
const strangers = Array.from({ length: 32_768 }, (_, index): AudienceRequest => ({
  ...(requests[0] as AudienceRequest),
  address: `${20 + (index % 200)}.${index % 14}.${index >> 8}.${index & 255}`,
}));
const abroad = tableOf({ a: { kind: 'country', countries: ['AT'] } });
const lookedUp = measure(
  (index) => route(abroad, strangers[index & 32_767] as AudienceRequest).environment.length,
);
add('route, one rule: country, of an address never seen', lookedUp, 4);

const mixed = (count: number): Readonly<Record<string, Rule>> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index): [string, Rule] => {
      const rules: readonly Rule[] = [
        header(`x-rule-${index}`),
        { kind: 'cookie', name: `rule-${index}`, match: { kind: 'present' } },
        { kind: 'cidr', ranges: [`198.51.${index}.0/24`] },
        { kind: 'groups', claim: 'groups', groups: [`group-${index}`] },
        { kind: 'percent', width: 1 },
      ];
      return [`a${index}`, rules[index % rules.length] as Rule];
    }),
  );
for (const count of [0, 3, 5, 30]) {
  add(`route, ${count} audiences, anonymous`, measure(routing(tableOf(mixed(count)), requests)));
  add(`route, ${count} audiences, known by a token`, measure(routing(tableOf(mixed(count)), known)));
}

const signer: Signer = {
  app: 'shop',
  keys: [{ id: 'k1', secret: Buffer.alloc(32, 7).toString('base64url') }],
};
const now = Date.now();
const signed = Array.from(
  { length: 20_000 },
  (_, index) =>
    `${cookies}; teal-id=${signId(signer, { key: `${index}`.padStart(22, 'A'), scope: null }, now)}`,
);
add(
  'signed cookie, never seen',
  measure((index) => readId(signer, signed[index % 20_000] as string, now)?.key.length ?? 0),
);
const remembering: Signer = { ...signer, memory: new Memory(4096) };
add(
  'signed cookie, seen before',
  measure((index) => readId(remembering, signed[index % 1000] as string, now)?.key.length ?? 0),
);
const context = {
  trusted: networksOf(['10.0.0.0/8']),
  signer: remembering,
  release: 'shop-7',
  jwt: null,
  verifier: null,
};
add(
  'facts of a request with a signed cookie, seen before',
  measure((index) => {
    const raw = {
      peer: { address: '192.0.2.7', trusted: false },
      forwardedFor: '',
      cookie: signed[index % 1000] as string,
      header: () => null,
    };
    const facts = factsOf(raw, context, now);
    return facts instanceof Promise ? 0 : facts.address.length;
  }),
);
add('a token, never seen (RS256, 2048 bits)', await coldTokens());

async function coldTokens(): Promise<number> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const path = join(folder, 'key.pem');
  writeFileSync(path, publicKey.export({ format: 'pem', type: 'spki' }));
  const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const tokens = Array.from({ length: 600 }, (_, index) => {
    const exp = Math.floor(now / 1000) + 3600;
    const text = `${base64url({ alg: 'RS256' })}.${base64url({ iss: 'i', aud: 'a', sub: `user-${index}`, groups: ['staff'], exp })}`;
    return `${text}.${createSign('sha256').update(text).sign(privateKey).toString('base64url')}`;
  });
  const verifier = createTokenVerifier(
    {
      keys: { kind: 'file', path },
      issuer: ['i'],
      audience: ['a'],
      algorithms: ['RS256'],
      toleranceMs: 0,
      header: 'authorization',
      cookie: null,
    },
    {
      environment: {},
      fetch,
      elapsed: () => performance.now(),
      onWarning: (message) => console.error(message),
    },
  );
  for (const token of tokens.slice(0, 100)) await verifier.verdict(token, now);
  const start = process.hrtime.bigint();
  for (const token of tokens.slice(100)) {
    const verdict = await verifier.verdict(token, now);
    if (!verdict.ok) throw new Error(verdict.why);
  }
  const cold = Number(process.hrtime.bigint() - start) / 500;
  add(
    'a token, seen before',
    measure((index) =>
      verifier.verdict(tokens[100 + (index % 500)] as string, now) instanceof Promise ? 1e9 : 1,
    ),
  );
  return cold;
}

places.close();
rmSync(folder, { recursive: true });

const missed = figures.filter(({ ns, goal }) => goal !== null && ns > goal * sha);
if (process.argv.includes('--json'))
  console.log(JSON.stringify({ figures, missed: missed.map(({ name }) => name) }));
else {
  for (const { name, ns, goal } of figures) {
    const times = `${(ns / sha).toFixed(2)} ×`.padStart(9);
    const said = goal === null ? '' : `   goal ≤ ${goal} ×${ns > goal * sha ? '   MISSED' : ''}`;
    console.log(`${name.padEnd(56)}${ns.toFixed(0).padStart(8)} ns${times}${said}`);
  }
  console.log(`(${sink % 10 === 10 ? '' : 'median of rounds; '}node ${process.version})`);
}
if (missed.length > 0) process.exitCode = 1;
