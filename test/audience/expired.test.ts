import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileAudiences } from '../../src/audience/compile.ts';
import { explain } from '../../src/audience/explain.ts';
import { noToken, type AudienceRequest } from '../../src/audience/request.ts';
import { route } from '../../src/audience/route.ts';
import type { AudienceTable } from '../../src/audience/table.ts';

const anonymous = ['keep', 'release', 'off'] as const;

const table = (kept: (typeof anonymous)[number], width: number): AudienceTable => ({
  app: 'shop',
  live: 'blue',
  release: { id: 'shop-7', candidate: 'green', cohort: 'same', exposed: [{ to: [], width }], expired: true },
  identity: { sources: [], anonymous: kept, cookieDomain: null, jwt: null },
  audiences: {},
  paths: ['/'],
  offset: 0,
});

const request = (more: Partial<AudienceRequest> = {}): AudienceRequest => ({
  address: '203.0.113.7',
  viaProxy: false,
  header: () => null,
  cookie: '',
  token: noToken,
  id: null,
  release: null,
  ...more,
});

const ids: readonly AudienceRequest['id'][] = [
  null,
  { key: 'a-person', scope: null, renew: false },
  { key: 'a-person', scope: 'shop-7', renew: false },
];

test('an exposure that has expired reaches nobody, whoever was let in, and takes no cookie that counts', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...anonymous),
      fc.integer({ min: 1, max: 100_000 }),
      fc.constantFrom(...ids),
      fc.boolean(),
      (kept, width, id, admitted) => {
        const release = admitted ? ({ release: 'shop-7', side: 'candidate', renew: false } as const) : null;
        const routed = route(
          compileAudiences(table(kept, width), () => null),
          request({ id, release }),
        );
        assert.equal(routed.environment, 'blue');
        assert.equal(routed.reason, 'expired');
        assert.equal(routed.release, null, 'who was admitted is again when it is back in force');
        const counts =
          (kept === 'keep' && id?.scope === null) || (kept === 'release' && id?.scope === 'shop-7');
        if (id === null || counts) assert.equal(routed.id, null);
      },
    ),
  );
});

test('it is explained', () => {
  const { says } = explain(
    compileAudiences(table('keep', 5000), () => null),
    request(),
  );
  assert.match(says, /goes to blue, which is live: .*shop-7 exposes nobody for now/);
});
