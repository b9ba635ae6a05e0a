import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesNobody, reachesNobody, type Means } from '../../src/audience/nobody.ts';
import type { Rule } from '../../src/config/audience.ts';

const means = (more: Partial<Means> = {}): Means => ({
  identity: { sources: [], anonymous: 'keep', cookieDomain: null, jwt: null },
  audiences: {},
  proxies: false,
  noTokens: null,
  noPlaces: null,
  noRegions: null,
  ...more,
});
const off = { sources: [], anonymous: 'off', cookieDomain: null, jwt: null } as const;
const jwt = { ...off, sources: [{ kind: 'jwt', claim: 'sub' }] } as const;
const country: Rule = { kind: 'country', countries: ['DE'] };
const beta: Rule = { kind: 'cookie', name: 'beta', match: { kind: 'present' } };

test('each rule says what it lacks, and nothing when it lacks nothing', () => {
  const users: Rule = { kind: 'users', users: ['anna'] };
  const region: Rule = { kind: 'region', regions: ['DE-BY'] };
  const header: Rule = { kind: 'header', name: 'x-vip', match: { kind: 'present' }, from: 'proxies' };
  const noPlaces = 'there is no database of places';
  const cases: readonly [Rule, Partial<Means>, RegExp | null][] = [
    [users, {}, /identity\.sources has none/],
    [users, { identity: jwt }, null],
    [users, { identity: jwt, noTokens: 'no keys' }, /^no keys$/],
    [{ kind: 'groups', claim: 'groups', groups: ['a'] }, { noTokens: 'no keys' }, /^no keys$/],
    [country, {}, null],
    [country, { noPlaces }, /no database/],
    [region, { noRegions: 'it knows no regions' }, /no regions/],
    [country, { noRegions: 'it knows no regions' }, null],
    [header, {}, /no proxy is trusted to send x-vip/],
    [header, { proxies: true }, null],
    [{ ...header, from: 'anyone' }, {}, null],
    [{ kind: 'percent', width: 5 }, {}, null],
    [{ kind: 'percent', width: 5 }, { identity: off }, /anonymous is off/],
    [{ kind: 'percent', width: 5 }, { identity: jwt }, null],
    [beta, {}, null],
    [{ kind: 'not', rule: country }, { noPlaces }, null],
    [{ kind: 'all', rules: [beta, country] }, { noPlaces }, /no database/],
    [{ kind: 'any', rules: [beta, country] }, { noPlaces }, null],
    [{ kind: 'any', rules: [country, country] }, { noPlaces }, /^there is no database of places$/],
    [{ kind: 'audience', name: 'gone' }, {}, /no audience gone/],
    [{ kind: 'audience', name: 'toString' }, {}, /no audience toString/],
  ];
  for (const [rule, more, expected] of cases) {
    const why = matchesNobody(rule, means(more));
    if (expected === null) assert.equal(why, null, JSON.stringify(rule));
    else assert.match(why ?? '', expected, JSON.stringify(rule));
  }
});

test('an exposure reaches somebody as soon as one of its audiences does, and people can be told apart', () => {
  const audiences: Record<string, Rule> = {
    places: country,
    beta,
    circle: { kind: 'audience', name: 'circle' },
  };
  const all = means({ audiences, noPlaces: 'no places' });
  assert.equal(reachesNobody({ to: ['places', 'beta'], width: 100_000 }, all), null);
  assert.equal(reachesNobody({ to: ['places'], width: 100_000 }, all), 'no places');
  assert.equal(reachesNobody({ to: ['circle'], width: 100_000 }, all), 'there is no audience circle');
  assert.equal(reachesNobody({ to: [], width: 5000 }, all), null);
  assert.match(
    reachesNobody({ to: ['beta'], width: 5000 }, { ...all, identity: off }) ?? '',
    /anonymous is off/,
  );
  assert.equal(reachesNobody({ to: ['beta'], width: 100_000 }, { ...all, identity: off }), null);
});
