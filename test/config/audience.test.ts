import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { App } from '../../src/config/config.ts';
import { diffConfig } from '../../src/config/diff.ts';
import { checkConfig, parseConfig } from '../../src/config/load.ts';

const page = await readFile(join(import.meta.dirname, '../../docs/audiences.md'), 'utf8');
const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '';

function shop(text: string): App {
  const app = parseConfig(text, '/srv/teal.yaml').apps['shop'];
  assert.ok(app);
  return app;
}

test('the example in docs/audiences.md is a right teal.yaml, with a rule of every kind', () => {
  assert.deepEqual(checkConfig(example, 'teal.yaml'), []);
  const kinds = new Set(Object.values(shop(example).audiences).map(({ kind }) => kind));
  for (const kind of [
    'users',
    'groups',
    'cookie',
    'header',
    'cidr',
    'country',
    'region',
    'continent',
    'percent',
    'all',
  ])
    assert.ok(kinds.has(kind as never), kind);
});

test('identity and audiences become their typed form', () => {
  const config = parseConfig(example, '/srv/teal.yaml');
  const app = shop(example);
  assert.equal(config.geoDatabase, '/srv/city.mmdb');
  assert.deepEqual(app.identity, {
    sources: [
      { kind: 'jwt', claim: 'sub' },
      { kind: 'cookie', name: 'customer' },
    ],
    anonymous: 'keep',
    cookieDomain: null,
    jwt: {
      keys: { kind: 'jwks', url: 'https://login.example.com/.well-known/jwks.json' },
      issuer: ['https://login.example.com/'],
      audience: ['shop'],
      algorithms: ['RS256'],
      toleranceMs: 10_000,
      header: 'authorization',
      cookie: null,
    },
  });
  assert.deepEqual(app.audiences['staff'], { kind: 'groups', claim: 'groups', groups: ['staff', 'support'] });
  assert.deepEqual(app.audiences['admins'], {
    kind: 'groups',
    claim: 'realm_access.roles',
    groups: ['admin'],
  });
  assert.deepEqual(app.audiences['few'], { kind: 'percent', width: 2500 });
  assert.deepEqual(app.audiences['bavaria'], { kind: 'region', regions: ['DE-BY'] });
  assert.deepEqual(app.audiences['opted-in'], {
    kind: 'cookie',
    name: 'beta',
    match: { kind: 'exact', values: ['on'] },
  });
  assert.deepEqual(app.audiences['pilot'], {
    kind: 'all',
    rules: [
      { kind: 'audience', name: 'german-speaking' },
      {
        kind: 'any',
        rules: [
          { kind: 'audience', name: 'staff' },
          { kind: 'audience', name: 'opted-in' },
        ],
      },
      { kind: 'not', rule: { kind: 'audience', name: 'office' } },
    ],
  });
});

test('a place or a network draws a warning when only this machine can connect and no proxy is believed', () => {
  const text = 'apps: { shop: { run: { process: { command: x } }, audiences: { a: { cidr: 10.0.0.0/8 } } } }';
  const problems = checkConfig(text, 'teal.yaml');
  assert.deepEqual(
    problems.map(({ severity, path }) => `${severity} ${path}`),
    ['warning apps.shop.audiences.a.cidr'],
  );
  assert.deepEqual(checkConfig(`router: { listen: 0.0.0.0:80 }\n${text}`, 'teal.yaml'), []);
});

test('circles of several audiences are told once each, with the way round', () => {
  const text = `apps:
  shop:
    run: { process: { command: x } }
    audiences: { a: { any: [b, c] }, b: { not: c }, c: { all: [a] }, d: d }`;
  const circles = checkConfig(text, 'teal.yaml').map(({ got }) => got);
  assert.deepEqual(circles, ['a → b → c → a', 'd → d']);
});

test('a change of identity or of an audience takes effect with the next release, since people stay where they are', () => {
  const changed = example.replace('{ percent: 2.5 }', '{ percent: 5 }').replace('sub }', 'email }');
  assert.deepEqual(diffConfig(shop(example), shop(changed)), [
    {
      path: 'identity.sources',
      before: '[jwt: sub, cookie: customer]',
      after: '[jwt: email, cookie: customer]',
      effect: 'next release',
    },
    { path: 'audiences.few', before: 'percent 2.5', after: 'percent 5', effect: 'next release' },
  ]);
});

test('an app that was applied before there were audiences can be compared', () => {
  const { identity: _, audiences: __, ...before } = shop(example);
  const changes = diffConfig(before as App, shop(example));
  assert.ok(changes.some(({ path, before: was }) => path === 'audiences.few' && was === null));
});
