/** Who is sent to a candidate: by every kind of rule, and by nothing that somebody made up. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mmdb } from '../../examples/canary/mmdb.ts';
import { makeProvider } from '../../examples/canary/tokens.ts';
import { Visitor, type VisitorOptions } from './clients/visitor.ts';
import { World, type Settings } from './harness.ts';
import { forward, reachesStep } from './steps.ts';

const provider = makeProvider();
const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` });
const places = mmdb({
  '192.0.2.0/25': { country: { iso_code: 'AT' } },
  '192.0.2.128/25': { country: { iso_code: 'CH' } },
  '2001:db8:a7::/48': { country: { iso_code: 'AT' } },
});

/** Connections from 127.0.0.1 come from a proxy, those from other addresses do not. */
const base: Settings = {
  instances: 1,
  tests: [],
  router: { 'trusted-proxies': '[127.0.0.1/32]', 'geo-database': './places.mmdb' },
  files: { 'keys.json': provider.keySet, 'places.mmdb': places },
};
const identity =
  '{ sources: [{ jwt: sub }, { header: x-user-id }], jwt: { key-file: ./keys.json, issuer: "https://login.shop.example/", audience: shop, algorithms: ES256 } }';

interface Audience {
  readonly name: string;
  readonly rule: string;
  readonly inside: readonly VisitorOptions[];
  readonly outside: readonly VisitorOptions[];
}

const header = (name: string, value: string): VisitorOptions => ({ headers: { [name]: value } });
const from = (address: string): VisitorOptions => header('x-forwarded-for', address);
const signedIn = (sub: string, claims = {}, more = {}): VisitorOptions => ({
  headers: { ...bearer(provider.token(sub, claims)), ...more },
});

/** Their buckets, by `printf shop:u-1 | sha256sum`: 2265 and 49392 of 100 000. */
const [amongFew, outOfFew] = ['u-1', 'u-2'] as const;

const audiences: readonly Audience[] = [
  {
    name: 'clients',
    rule: '{ header: { name: x-client, prefix: android-9. } }',
    inside: [header('X-Client', 'android-9.12')],
    outside: [header('x-client', 'android-90'), header('x-clients', 'android-9.12')],
  },
  {
    name: 'opted-in',
    rule: '{ cookie: { name: beta, exact: yes-please } }',
    inside: [header('cookie', 'a=b; beta=yes-please; c=d')],
    outside: [
      header('cookie', 'beta=yes'),
      header('cookie', 'beta=yes-please; beta=no'),
      header('beta', 'yes-please'),
    ],
  },
  {
    name: 'testers',
    rule: '{ users: [anna@example.com, 김민준] }',
    inside: [signedIn('anna@example.com'), signedIn('김민준'), header('x-user-id', 'anna@example.com')],
    outside: [
      signedIn('ben@example.com'),
      // The same header, but nobody's proxy has written it.
      { from: '127.0.0.2', headers: { 'x-user-id': 'anna@example.com' } },
    ],
  },
  {
    name: 'staff',
    rule: '{ groups: { claim: realm_access.roles, names: [staff, support] } }',
    inside: [
      signedIn('s1', { realm_access: { roles: ['x', 'support'] } }),
      signedIn('s2', { realm_access: { roles: 'staff' } }),
    ],
    outside: [
      signedIn('s3', { realm_access: { roles: ['staffing'] } }),
      signedIn('s4', { roles: ['staff'] }),
    ],
  },
  {
    name: 'office',
    rule: '{ cidr: [203.0.113.64/26] }',
    inside: [
      from('203.0.113.64'),
      from('203.0.113.127'),
      from('9.9.9.9, 203.0.113.70'),
      from('::ffff:203.0.113.99'),
    ],
    outside: [
      from('203.0.113.63'),
      from('203.0.113.128'),
      from('203.0.113.70, 9.9.9.9'),
      { from: '127.0.0.3', headers: { 'x-forwarded-for': '203.0.113.70' } },
    ],
  },
  {
    name: 'office-six',
    rule: '{ cidr: ["2001:db8:77::/48"] }',
    inside: [from('2001:db8:77::1'), from('2001:0DB8:0077:ffff::9')],
    outside: [from('2001:db8:78::1'), from('2001:db8:76:ffff::1'), from('32.1.13.184')],
  },
  {
    name: 'austria',
    rule: '{ country: AT }',
    inside: [from('192.0.2.1'), from('2001:db8:a7::5')],
    outside: [from('192.0.2.129'), from('198.51.100.1'), {}],
  },
  {
    name: 'few',
    rule: '{ percent: 2.5 }',
    inside: [signedIn(amongFew)],
    outside: [signedIn(outOfFew)],
  },
  {
    name: 'either',
    rule: '{ any: [{ header: { name: x-one, exact: "1" } }, { header: { name: x-two, exact: "2" } }] }',
    inside: [header('x-one', '1'), header('x-two', '2')],
    outside: [header('x-one', '2'), {}],
  },
  {
    name: 'both',
    rule: '{ all: [{ header: { name: x-three, exact: "3" } }, { cookie: { name: four, exact: "4" } }, { not: { country: CH } }] }',
    inside: [
      { headers: { 'x-three': '3', cookie: 'four=4' } },
      { headers: { 'x-three': '3', cookie: 'four=4', 'x-forwarded-for': '198.51.100.9' } },
    ],
    outside: [
      header('x-three', '3'),
      header('cookie', 'four=4'),
      { headers: { 'x-three': '3', cookie: 'four=4', 'x-forwarded-for': '192.0.2.200' } },
    ],
  },
];

const exposing = (all: readonly Audience[]): Settings => ({
  ...base,
  app: { identity, audiences: `{ ${all.map(({ name, rule }) => `${name}: ${rule}`).join(', ')} }` },
  release: { steps: `[${all.map(({ name }) => `{ expose: { to: [${name}], for: 1h } }`).join(', ')}]` },
});

/** Each audience by a step of its own; at every step all visitors are asked, each as somebody new. */
export async function C10(): Promise<void> {
  await using world = await World.live(exposing(audiences));
  await world.build('v2');
  await world.deploy('v2');
  for (const index of audiences.keys()) {
    await reachesStep(world, index);
    const wrong = await misled(world, index);
    assert.deepEqual(wrong, [], `${wrong.length} visitors are not where they belong`);
    if (index < audiences.length - 1) await forward(world);
  }
}

/** Who is not where they belong when so many steps have been taken. */
async function misled(world: World, step: number): Promise<readonly string[]> {
  const asked = audiences.flatMap(({ name, inside, outside }, index) => [
    ...inside.map((options, at) => ({
      who: `${name}, inside ${at}`,
      options,
      right: index <= step ? 'v2' : 'v1',
    })),
    ...outside.map((options, at) => ({ who: `${name}, outside ${at}`, options, right: 'v1' })),
  ]);
  const met = await Promise.all(
    asked.map(async ({ who, options, right }) => {
      const visitor = new Visitor(world.port, options);
      const version = await visitor.ask().finally(() => visitor.close());
      return version === right ? [] : [`${who}: ${version} at step ${step + 1}`];
    }),
  );
  return met.flat();
}

/** They know all the names, and are let in nowhere; whoever may come in is, at the same time. */
export async function L11(): Promise<void> {
  const exposed: readonly Audience[] = [
    { name: 'staff', rule: '{ groups: [staff] }', inside: [], outside: [] },
    { name: 'testers', rule: '{ users: [anna@example.com] }', inside: [], outside: [] },
    { name: 'office', rule: '{ cidr: [203.0.113.64/26] }', inside: [], outside: [] },
    { name: 'austria', rule: '{ country: AT }', inside: [], outside: [] },
  ];
  const to = exposed.map(({ name }) => name).join(', ');
  const settings = {
    ...exposing(exposed),
    release: { steps: `[{ expose: { to: [${to}], for: 1h } }, { expose: { percent: 5, for: 1h } }]` },
  };
  await using world = await World.live(settings);
  await world.build('v2');
  await world.deploy('v2');
  await reachesStep(world, 0);
  await forward(world);
  await reachesStep(world, 1);
  const employee = new Visitor(world.port, signedIn('s1', { groups: ['staff'] }));
  assert.equal(await employee.ask(), 'v2', 'who may come in is let in');
  const admitted = employee.jar.get('teal-release') ?? '';
  assert.match(admitted, /\.shop-2\.candidate\./);
  employee.close();
  const all = [...forged(), ...spoofed(), ...cookies(admitted)];
  const let_in: string[] = [];
  for (const [says, options] of all) {
    const visitor = new Visitor(world.port, { keepsCookies: false, ...options });
    // Twice: what was verified once is remembered.
    for (const version of [await visitor.ask(), await visitor.ask()]) if (version !== 'v1') let_in.push(says);
    visitor.close();
  }
  assert.deepEqual(let_in, [], `${let_in.length} made-up requests were let in`);
}

type Named = readonly [says: string, options: VisitorOptions];

const forged = (): readonly Named[] =>
  Object.entries(provider.forged).map(([how, token]) => [
    `a token with ${how}`,
    { headers: bearer(token('anna@example.com', { groups: ['staff'] })) },
  ]);

const spoofed = (): readonly Named[] => [
  [
    'X-Forwarded-For of nobody’s proxy',
    { from: '127.0.0.2', headers: { 'x-forwarded-for': '203.0.113.70' } },
  ],
  ['X-Forwarded-For with an address written before', from('203.0.113.70, 198.51.100.7')],
  ['X-Real-IP and Forwarded', { headers: { 'x-real-ip': '203.0.113.70', forwarded: 'for=203.0.113.70' } }],
  ['X-User-Id of nobody’s proxy', { from: '127.0.0.2', headers: { 'x-user-id': 'anna@example.com' } }],
  ['X-User-Id twice', header('x-user-id', 'anna@example.com, ben')],
  [
    'headers that Teal itself sends to apps',
    {
      headers: {
        'x-teal-cohort': 'candidate',
        'x-teal-environment': 'green',
        'x-teal-version': 'v2',
        'x-teal-bucket': '1',
      },
    },
  ],
];

/** @param admitted a cookie that is good */
function cookies(admitted: string): readonly Named[] {
  const [kid, expires, release, side, mac = ''] = admitted.split('.');
  const signature = randomBytes(32).toString('base64url');
  const key = 'AAAAAAAAAAAAAAAAAAAAAA';
  const made = {
    'a signature of its own': `teal-release=${[kid, expires, release, side, signature].join('.')}`,
    'a longer life': `teal-release=${[kid, '99999999999', release, side, mac].join('.')}`,
    'another release': `teal-release=${[kid, expires, 'shop-3', side, mac].join('.')}`,
    'another key': `teal-release=${['k2', expires, release, side, mac].join('.')}`,
    'one character less': `teal-release=${admitted.slice(0, -1)}`,
    'the signature of the other cookie': `teal-id=${[kid, expires, key, '-', mac].join('.')}`,
    'the value under the other name': `teal-id=${admitted}`,
    'plain words': 'teal-release=candidate; teal-id=1; teal-preview=1; canary=always',
  };
  return Object.entries(made).map(([how, cookie]) => [`a cookie with ${how}`, header('cookie', cookie)]);
}
