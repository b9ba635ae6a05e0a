import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileAudiences } from '../../src/audience/compile.ts';
import { explain } from '../../src/audience/explain.ts';
import { route } from '../../src/audience/route.ts';
import { setCookies } from '../../src/audience/set-cookie.ts';
import type { Rule } from '../../src/config/audience.ts';
import { factsOf } from '../../src/router/facts/facts.ts';
import type { Exposure } from '../../src/audience/table.ts';
import type { AudienceRequest, TokenVerdict } from '../../src/audience/request.ts';
import { makeWorld, raw, table, trusted } from './cases.ts';

const world = makeWorld(1_800_000_000_000);
world.remove();

const names = [
  'x-user-id',
  'x-beta',
  'x-build',
  'x-long',
  'x-canary',
  'x-forwarded-for',
  'authorization',
  'cookie',
  'x-teal-bucket',
];
const bytes = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes));
const likely = fc.constantFrom(
  'on',
  'beta-1',
  '192.0.2.7',
  '::ffff:192.0.2.7, 10.0.0.1',
  'beta=on; uid=7',
  'teal-id=a.b.c.d.e; teal-release=',
  'uid=\u00ff',
  'lang=de-at',
  'Bearer a.b.c',
);
const headers = fc.array(fc.tuple(fc.constantFrom(...names), fc.oneof(bytes, likely, fc.string())), {
  maxLength: 8,
});
const peer = fc.oneof(
  fc.constantFrom('10.0.0.1', '192.0.2.5', '::1', 'fe80::1%eth0', '', '2001:db8:1::5'),
  fc.string(),
);
const exposed: fc.Arbitrary<readonly Exposure[]> = fc.array(
  fc.record({
    to: fc.array(fc.constantFrom(...Object.keys(table.audiences), 'gone'), { maxLength: 3 }),
    width: fc.constantFrom(0, 1, 5000, 99_999, 100_000),
  }),
  { maxLength: 4 },
);
const token: fc.Arbitrary<TokenVerdict> = fc.oneof(
  fc.constant<TokenVerdict>({ ok: false, why: 'expired' }),
  fc
    .dictionary(fc.constantFrom('sub', 'groups', 'realm_access', 'exp', '__proto__'), fc.anything())
    .map((claims): TokenVerdict => ({ ok: true, claims })),
);

test('whatever bytes are in whatever header, route gives an answer, the same twice, and explain the same answer', () => {
  fc.assert(
    fc.property(
      fc.tuple(peer, headers, token),
      exposed,
      fc.constantFrom('keep' as const, 'release' as const, 'off' as const),
      ([from, given, verdict], exposures, anonymous) => {
        const one = {
          ...(table.cases[0] as (typeof table.cases)[number]),
          exposed: exposures,
          anonymous,
          noRelease: undefined as never,
        };
        const compiled = compileAudiences(world.tableOf(one), () => ({
          country: 'DE',
          continent: 'EU',
          regions: [],
        }));
        const context = {
          trusted,
          signer: world.signer,
          release: table.release.id,
          jwt: null,
          verifier: null,
        };
        const request: AudienceRequest = {
          ...(factsOf(raw(from, given), context, world.now) as AudienceRequest),
          token: verdict,
        };
        const routed = route(compiled, request);
        assert.deepEqual(route(compiled, request), routed);
        assert.deepEqual(explain(compiled, request).routed, routed);
        assert.ok(routed.bucket === null || (routed.bucket >= 0 && routed.bucket < 100_000));
        const cookies = setCookies(compiled, request, routed, {
          signer: world.signer,
          now: world.now,
          secure: true,
          newKey: () => 'A'.repeat(22),
        });
        for (const line of cookies)
          assert.match(line, /^teal-(?:id|release)=[\w.-]*(?:; [\w-]+(?:=[\w/.-]+)?)+$/);
      },
    ),
    { numRuns: 400 },
  );
});

/** Rules that look at nothing of the request but a header: what they say can be said a second time, simply. */
const leaf = fc.constantFrom('a', 'b', 'c').map((value): Rule => ({
  kind: 'header',
  name: 'x-set',
  match: { kind: 'regex', pattern: `.*${value}.*` },
  from: 'anyone',
}));
const { rule } = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((rules): Rule => ({ kind: 'all', rules })),
    fc.array(tie('rule'), { minLength: 1, maxLength: 3 }).map((rules): Rule => ({ kind: 'any', rules })),
    tie('rule').map((inner): Rule => ({ kind: 'not', rule: inner })),
    fc.constant<Rule>({ kind: 'audience', name: 'other' }),
  ),
}));

function simply(one: Rule, set: string): boolean {
  switch (one.kind) {
    case 'all':
      return one.rules.every((inner) => simply(inner, set));
    case 'any':
      return one.rules.some((inner) => simply(inner, set));
    case 'not':
      return !simply(one.rule, set);
    case 'audience':
      return set.includes('b');
    case 'header':
      return one.match.kind === 'regex' && set.includes(one.match.pattern.charAt(2));
    default:
      return false;
  }
}

test('all, any, not and references mean what they say, however deep, and explain gives every part its answer', () => {
  fc.assert(
    fc.property(rule, fc.constantFrom('', 'a', 'b', 'c', 'ab', 'bc', 'abc'), (root, set) => {
      const other: Rule = {
        kind: 'header',
        name: 'x-set',
        match: { kind: 'regex', pattern: '.*b.*' },
        from: 'anyone',
      };
      const base = world.tableOf(table.cases[0] as (typeof table.cases)[number]);
      const compiled = compileAudiences(
        {
          ...base,
          audiences: { root, other },
          release: { ...table.release, exposed: [{ to: ['root'], width: 100_000 }] },
        },
        () => null,
      );
      const request = factsOf(
        raw('192.0.2.1', [['x-set', set]]),
        { trusted, signer: world.signer, release: null, jwt: null, verifier: null },
        0,
      ) as AudienceRequest;
      assert.equal(route(compiled, request).side === 'candidate', simply(root, set));
      assert.equal(explain(compiled, request).audiences['root']?.matched, simply(root, set));
    }),
    { numRuns: 200 },
  );
});

test('a hostile pattern and a hostile value together take milliseconds', () => {
  const patterns = ['(a+)+b', '(a|a)*b', '(?:a|b|aa){1,50}c', '(.*)(.*)(.*)(.*)x', '([a-z]+)*\\d'];
  const base = world.tableOf(table.cases[0] as (typeof table.cases)[number]);
  const audiences = Object.fromEntries(
    patterns.map((pattern, index) => [
      `p${index}`,
      { kind: 'header', name: 'x-long', match: { kind: 'regex', pattern }, from: 'anyone' } satisfies Rule,
    ]),
  );
  const compiled = compileAudiences(
    {
      ...base,
      audiences,
      release: { ...table.release, exposed: [{ to: Object.keys(audiences), width: 100_000 }] },
    },
    () => null,
  );
  const context = { trusted, signer: world.signer, release: null, jwt: null, verifier: null };
  const began = performance.now();
  for (const length of [100, 255, 256, 257, 100_000]) {
    const request = factsOf(
      raw('192.0.2.1', [['x-long', `${'a'.repeat(length - 1)}!`]]),
      context,
      0,
    ) as AudienceRequest;
    assert.equal(route(compiled, request).side, 'live');
  }
  // With backtracking the first pattern alone would need longer than the universe is old.
  assert.ok(performance.now() - began < 2000);
});
