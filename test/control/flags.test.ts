import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test, type TestContext } from 'node:test';
import { FlagdCore } from '@openfeature/flagd-core';
import type { App } from '../../src/config/config.ts';
import type { Feature } from '../../src/config/features.ts';
import { refuseInUse } from '../../src/control/flags/in-use.ts';
import { flagPages } from '../../src/control/flags/pages.ts';
import { Usage } from '../../src/control/flags/usage.ts';
import { flagViews, unknownFlags } from '../../src/control/flags/view.ts';
import { teal } from '../../src/control/apps.ts';
import { parseFlagStates } from '../../src/features/flag-state.ts';
import { feature as plainFeature } from '../features/feature.ts';
import { app, build } from '../release/story.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';

const feature = (more: Partial<Feature> = {}): Feature => plainFeature({ owner: 'anna', ...more });

const spec: App = {
  ...app({ strategy: 'steps', steps: [{ kind: 'expose', to: [], percent: 50, forMs: 1_000_000 }] }),
  identity: {
    sources: [{ kind: 'header', name: 'x-user', from: 'proxies' }],
    anonymous: 'keep',
    cookieDomain: null,
    jwt: null,
  },
  audiences: { beta: { kind: 'users', users: ['anna'] } },
  features: {
    checkout: feature(),
    old: feature({ with: 'v1', expires: 1 }),
    staff: feature({ with: null, for: ['beta'] }),
  },
};

/** v1 is live, v2 is at its 50 %. */
async function atHalf(t: TestContext): Promise<FakeDeps> {
  const deps = await fakeDeps(t, spec);
  const { apps } = deps;
  const ready = async (): Promise<void> => {
    const state = apps.state('shop');
    const { colour } = state.release!;
    const { version, size } = state.environments[colour]!;
    await apps.submit('shop', { type: 'environment-ready', colour, version, size }, teal);
  };
  const acknowledged = async (): Promise<void> => {
    const { live, release } = apps.state('shop');
    await apps.submit(
      'shop',
      { type: 'table-acknowledged', release: release!.id, live: live!, generation: 1 },
      teal,
    );
  };
  await apps.submit('shop', { type: 'deploy', build: build('v1', app()), promote: null }, teal);
  await ready();
  await ready();
  await acknowledged();
  await apps.submit('shop', { type: 'deploy', build: build('v2', spec), promote: null }, teal);
  await ready();
  await ready();
  return deps;
}

const never = new AbortController().signal;

async function ask(deps: FakeDeps, at: string, body: unknown, headers: Record<string, string> = {}) {
  const pages = flagPages(deps, never);
  const request = new Request(`http://teal/v1/apps/shop/ofrep/v1/evaluate/flags${at}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers,
  });
  const response = await pages.fetch(request);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

const value = async (deps: FakeDeps, context: object, key = 'checkout'): Promise<unknown> =>
  (await ask(deps, `/${key}`, { context })).body.value;

describe('flags at the control plane', () => {
  test('are for whom a server asks what the router gives them', async (t) => {
    const deps = await atHalf(t);
    const users = Array.from({ length: 100 }, (_, index) => `jösé-${index}`);
    let on = 0;
    for (const user of users) if ((await value(deps, { targetingKey: user })) === true) on++;
    assert.ok(on > 25 && on < 75, `${on} of 100`);
    assert.equal(await value(deps, { targetingKey: 'anna' }, 'staff'), true);
    assert.equal(await value(deps, { targetingKey: 'ben' }, 'staff'), false);
    assert.equal(await value(deps, {}), false, 'nobody is on the candidate');
  });

  test('believe what the router has told the app of a request', async (t) => {
    const deps = await atHalf(t);
    const other = (await value(deps, { targetingKey: 'x' })) === true ? 'live' : 'candidate';
    assert.equal(await value(deps, { targetingKey: 'x', teal: { cohort: other } }), other === 'candidate');
    assert.equal(await value(deps, { teal: { groups: ['beta'] } }, 'staff'), true);
    assert.equal(await value(deps, { teal: { cohort: 'preview', version: 'v2' } }), true);
  });

  test('are given as flagd reads them, and told again only when they have changed', async (t) => {
    const deps = await atHalf(t);
    const pages = flagPages(deps, never);
    const first = await pages.fetch(new Request('http://teal/v1/apps/shop/flagd'));
    const etag = first.headers.get('etag') ?? '';
    const core = new FlagdCore(undefined, undefined, { disableDynamicCodeGeneration: true });
    core.setConfigurations(await first.text());
    assert.equal(
      core.resolveBooleanEvaluation('checkout', false, { teal: { cohort: 'candidate' } }).value,
      true,
    );
    const again = await pages.fetch(
      new Request('http://teal/v1/apps/shop/flagd', { headers: { 'if-none-match': etag } }),
    );
    assert.equal(again.status, 304);
    const unknown = await pages.fetch(new Request('http://teal/v1/apps/blog/flagd'));
    assert.equal(unknown.status, 404);
  });

  test('tell a stream when a release is taken back', async (t) => {
    const deps = await atHalf(t);
    const closing = new AbortController();
    const pages = flagPages(deps, closing.signal);
    const response = await pages.fetch(new Request('http://teal/v1/apps/shop/ofrep/v1/events'));
    const reader = response.body!.getReader();
    let text = '';
    const until = async (what: string): Promise<void> => {
      while (!text.includes(what)) text += Buffer.from((await reader.read()).value ?? []).toString();
    };
    await until('retry: 1000');
    await deps.apps.submit('shop', { type: 'abort', reason: null }, teal);
    await until('refetchEvaluation');
    assert.equal(await value(deps, { teal: { cohort: 'candidate' } }), false);
    closing.abort();
    await reader.cancel();
  });
});

describe('what is known of flags', () => {
  test('is their stage, whom they are open to, what was given, and what to do', async (t) => {
    const deps = await atHalf(t);
    await value(deps, { teal: { cohort: 'candidate' } });
    await value(deps, { teal: { cohort: 'live' } });
    await ask(deps, '', {});
    const views = await flagViews(deps, null);
    const of = (name: string) => views.find(({ flag }) => flag === name)!;
    const [checkout, old, staff] = [of('checkout'), of('old'), of('staff')];
    assert.deepEqual(
      [checkout.stage, checkout.share, checkout.release],
      ['open', '50 % of everyone', 'shop-2'],
    );
    assert.deepEqual([checkout.variants['on']?.count, checkout.variants['off']?.count], [1, 2]);
    assert.equal(checkout.keep, undefined);
    assert.equal(typeof checkout.asked, 'number');
    assert.deepEqual([old.stage, old.keep], ['to-remove', true]);
    assert.match(old.advice.join(), /teal flags remove old.*it expired on 1970-01-01/s);
    assert.deepEqual([staff.stage, staff.share, staff.asked], ['open', 'beta', null]);
  });

  test('is told of names that are none, and of the apps that one knows of', async (t) => {
    const deps = await atHalf(t);
    await ask(deps, '/nothing', {});
    assert.deepEqual(
      (await unknownFlags(deps, null)).map(({ flag, count }) => [flag, count]),
      [['nothing', 1]],
    );
    assert.deepEqual(await flagViews(deps, ['blog']), []);
    const views = await flagViews(deps, null);
    assert.equal(parseFlagStates(views, 'the control plane').length, 3, '`teal flags check` reads it');
  });

  test('refuses a teal.yaml without a flag that a version still asks for by its name', async (t) => {
    const deps = await atHalf(t);
    const { checkout: _, ...features } = spec.features ?? {};
    const config = { ...deps.config, apps: { shop: { ...spec, features } } };
    await ask(deps, '', {});
    await refuseInUse(deps, config);
    await value(deps, {});
    await assert.rejects(refuseInUse(deps, config), {
      code: 'flag-in-use',
      message: /still asks for the flag checkout/,
    });
    await refuseInUse({ ...deps, wall: () => Date.now() + 3_700_000 }, config);
  });

  test('adds up over routers and restarts of either, and never twice', async (t) => {
    const deps = await fakeDeps(t, spec);
    const { data } = deps.config;
    const usage = () => new Usage({ data, router: deps.router, now: Date.now, log: deps.log });
    const on = (count: number, named = count) => [
      { app: 'shop', flag: 'checkout', variants: { on: count }, named },
    ];
    const total = async (of: Usage) => (await of.all(null))[0]?.variants['on']?.count;
    const first = usage();
    await first.begin();
    deps.router.flagCounts = { since: 1, counts: on(5) };
    assert.equal(await total(first), 5);
    assert.equal(await total(first), 5);
    await first.close();
    assert.match(await readFile(`${data}/flags.json`, 'utf8'), /checkout/);
    const second = usage();
    await second.begin();
    deps.router.flagCounts = { since: 1, counts: on(7) };
    assert.equal(await total(second), 7);
    deps.router.flagCounts = { since: 2, counts: on(1) };
    assert.equal(await total(second), 8);
    await second.close();
  });
});
