/** A new key signs, when every router knows it; whatever older ones have signed stays good; nobody changes sides. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { teal } from '../../src/control/apps.ts';
import { linkTo } from '../../src/control/preview.ts';
import { PreviewKeys } from '../../src/control/preview-keys.ts';
import { rotateKeys, rotateOld } from '../../src/control/rotate-keys.ts';
import { keyIds, keySignsMs } from '../../src/release/keys.ts';
import { verifyPreview } from '../../src/router/preview.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';
import { until } from './help.ts';
import { project, yaml } from './project.ts';

const idsOf = (deps: FakeDeps): readonly string[] => keyIds(deps.apps.state('shop').keys);

test('routers have a table with the new key before one in which it signs', async (t) => {
  const deps = await fakeDeps(t);
  deps.routes.open();
  const secret = deps.keys.get('shop');
  await rotateKeys(deps, 'shop', { actor: 'user:anna', reason: 'a laptop was lost' });
  await deps.routes.current(AbortSignal.timeout(10_000));
  const orders = deps.router.applied.map(({ apps: [shop] }) => shop?.keys?.map(({ id }) => id).join(' '));
  const seen = orders.filter((each, index) => each !== orders[index - 1]);
  assert.deepEqual(seen.slice(-2), ['k1 k2', 'k2 k1']);
  assert.equal(deps.keys.get('shop'), secret, 'what else is made of the first key stays as it was');
  const [event] = await deps.store.recent({ stream: 'shop', limit: 1 });
  assert.deepEqual(
    [event?.type, event?.actor, event?.reason, event?.data],
    ['keys-rotated', 'user:anna', 'a laptop was lost', { key: 'k2' }],
  );
  const again = new PreviewKeys(deps.store);
  await again.load(deps.apps.states());
  assert.deepEqual(again.all(deps.apps.state('shop')), deps.keys.all(deps.apps.state('shop')), 'kept');
  const stored = JSON.stringify(await deps.store.recent({ limit: 100 }));
  for (const { key } of deps.keys.all(deps.apps.state('shop'))) assert.ok(!stored.includes(key));
});

test('as long as a router does not know the key, none signs with it; the next rotation goes on', async (t) => {
  const deps = await fakeDeps(t);
  deps.routes.open();
  await deps.routes.current(AbortSignal.timeout(10_000));
  const held = Promise.withResolvers<void>();
  deps.router.beforeApply = () => held.promise;
  const first = rotateKeys(deps, 'shop', teal);
  const second = rotateKeys(deps, 'shop', teal);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(idsOf(deps), ['k1', 'k2']);
  held.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(idsOf(deps), ['k2', 'k1'], 'two at once are one');
});

test('links of older keys stay good', async (t) => {
  const deps = await fakeDeps(t);
  deps.routes.open();
  const to = { app: 'shop', version: 'v2', colour: 'green', expiresAt: Date.now() + 60_000 } as const;
  const before = await linkTo(deps, to);
  await rotateKeys(deps, 'shop', teal);
  const after = await linkTo(deps, to);
  const known = new Map(deps.keys.all(deps.apps.state('shop')).map(({ id, key }) => [id, key]));
  for (const { header } of [before, after]) {
    const verdict = verifyPreview(header.value, Date.now(), (_, id) => known.get(id) ?? null);
    assert.ok(verdict.ok, JSON.stringify(verdict));
  }
  known.delete('k1');
  assert.ok(!verifyPreview(before.header.value, Date.now(), (_, id) => known.get(id) ?? null).ok);
});

test('a key that has signed for long is rotated by itself, once', async (t) => {
  const deps = await fakeDeps(t);
  deps.routes.open();
  await rotateOld(deps);
  assert.deepEqual(idsOf(deps), ['k1'], 'it is new');
  const later = { ...deps, now: () => Date.now() + keySignsMs };
  await rotateOld(later);
  assert.deepEqual(idsOf(deps), ['k2', 'k1']);
});

test('nobody changes sides when keys rotate in the middle of a release, also over a restart', async (t) => {
  const shop = await project(t, yaml({ release: 'preview-instances: 1' }));
  const running = await shop.up();
  await running.deploy('v1');
  const steps = 'preview-instances: 1, steps: [{ expose: { percent: 50, for: 1h } }]';
  await shop.write('teal.yaml', yaml({ release: steps }));
  await running.api.post('/v1/apply', { file: shop.file });
  await running.api.post('/v1/apps/shop/deploy', { version: 'v2' });
  await running.when('people are exposed', ({ release }) => (release?.step?.endsAt ?? null) !== null);
  const [base = ''] = running.control.urls;
  const jars = Array.from({ length: 24 }, () => new Map<string, string>());
  const ask = async (jar: Map<string, string>): Promise<string> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(base, { headers: { cookie, connection: 'close' } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    return await response.text();
  };
  const askAll = (): Promise<readonly string[]> => Promise.all(jars.map(ask));
  await askAll();
  const sides = await askAll();
  assert.deepEqual([...new Set(sides)].toSorted(), ['v1', 'v2']);
  assert.ok(jars.every((jar) => jar.get('teal-id')?.startsWith('k1.')));
  for (const key of ['k2', 'k3']) {
    await running.api.post('/v1/apps/shop/rotate-keys');
    await until(`each cookie is written again with ${key}`, async () => {
      assert.deepEqual(await askAll(), sides);
      return jars.every((jar) => [...jar.values()].every((value) => value.startsWith(`${key}.`)));
    });
  }
  await running.control.stop({ everything: false });
  const again = await shop.up();
  assert.deepEqual(await askAll(), sides);
  await again.api.post('/v1/apps/shop/rotate-keys');
  assert.deepEqual(await askAll(), sides);
});
