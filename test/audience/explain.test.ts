import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileAudiences } from '../../src/audience/compile.ts';
import { explanationText } from '../../src/audience/explain-text.ts';
import { explain } from '../../src/audience/explain.ts';
import { noToken, type AudienceRequest } from '../../src/audience/request.ts';
import type { AudienceTable } from '../../src/audience/table.ts';
import { parseConfig } from '../../src/config/load.ts';

const text = `
router: { trusted-proxies: [10.0.0.0/8] }
apps:
  shop:
    run: { process: { command: x } }
    identity:
      sources: [{ jwt: sub }]
      jwt: { key-file: k.pem, issuer: i, audience: a }
    audiences:
      staff: { groups: [staff] }
      german: { country: [DE, AT, CH, LI] }
      secretive: { header: { name: x-key, exact: hunter2 } }
      pilot: { all: [german, { not: staff }] }
`;
const app = parseConfig(text, '/srv/teal.yaml').apps['shop'];
assert.ok(app);

const table: AudienceTable = {
  app: 'shop',
  live: 'blue',
  release: {
    id: 'shop-7',
    candidate: 'green',
    cohort: 'fresh',
    exposed: [
      { to: ['pilot'], width: 100_000 },
      { to: [], width: 5000 },
    ],
  },
  identity: app.identity,
  audiences: app.audiences,
  paths: ['/'],
  offset: 96_000,
};
const compiled = compileAudiences(table, () => null);

const request: AudienceRequest = {
  address: '192.0.2.1',
  viaProxy: false,
  header: (name) => (name === 'x-key' ? 'topsecret' : null),
  cookie: '',
  token: { ok: true, claims: { sub: 'anna', groups: ['x', 'staff'] } },
  id: null,
  release: null,
  place: { country: 'AT', continent: 'EU', regions: [] },
};

test('an explanation names the outcome, the person, and the answer of every rule with its reason', () => {
  assert.equal(
    explanationText(explain(compiled, request)),
    `goes to blue, which is live: shop-7 does not expose it
identity  anna (jwt sub), bucket ${explain(compiled, request).routed.bucket}
exposed
  ✗ audience pilot — 1 of 2
    ✗ all of — 1 of 2
      ✓ audience german — belongs to it
        ✓ country DE, AT, CH, … (4) — the country is AT
      ✗ not — it is so
        ✓ audience staff — belongs to it
          ✓ groups staff in groups — the token has x, staff
  ✗ 5 % of everyone — bucket ${explain(compiled, request).routed.bucket} of jwt sub; the window is 96000 to 999
audiences
  ✓ staff: groups staff in groups — the token has x, staff
  ✓ german: country DE, AT, CH, … (4) — the country is AT
  ✗ secretive: header x-key is hunter2 — its value is another
  ✗ pilot: all of — 1 of 2
    ✓ audience german — belongs to it
      ✓ country DE, AT, CH, … (4) — the country is AT
    ✗ not — it is so
      ✓ audience staff — belongs to it
        ✓ groups staff in groups — the token has x, staff`,
  );
});

test('what a request carries in headers, cookies and tokens is not shown', () => {
  const shown = explanationText(explain(compiled, { ...request, cookie: 'a=cookiesecret' }));
  assert.doesNotMatch(shown, /topsecret|cookiesecret/);
});

test('a refused token is told with its fault, and nobody is told as nobody', () => {
  const expired = explanationText(explain(compiled, { ...request, token: { ok: false, why: 'expired' } }));
  assert.match(expired, /no verified token \(token refused: expired\)/);
  assert.match(expired, /identity {2}nobody/);
  assert.match(expired, /which is live|the candidate/);
  const nobody = explain(compiled, { ...request, token: noToken, place: null });
  assert.equal(nobody.routed.reason, 'no-identity');
  assert.equal(nobody.identity, null);
  assert.match(nobody.says, /nothing tells who this is/);
});
