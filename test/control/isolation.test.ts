/** One app is in trouble, another goes back: nothing of the one's is in the way of the other. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { teal } from '../../src/control/apps.ts';
import { perform } from '../../src/control/effects/perform.ts';
import { Runner } from '../../src/control/runner.ts';
import { TealError } from '../../src/errors.ts';
import { effects } from '../../src/release/effects.ts';
import type { AppState } from '../../src/release/state.ts';
import type { RoutingTable } from '../../src/router/table.ts';
import { atEnd } from '../at-end.ts';
import { app, build } from '../release/story.ts';
import { fakeDeps, type FakeDeps } from './fakes.ts';
import { until } from './help.ts';

/** What nobody waits for. */
const never = new Promise<never>(() => undefined);
/** What hangs in a test does so for ever, so this is only for a machine that has much else to do; an undisturbed rollback takes some milliseconds. */
const promptMs = 10_000;

const specs = {
  shop: app({ promote: { kind: 'auto', afterMs: 0 } }),
  blog: { ...app({ promote: { kind: 'auto', afterMs: 0 } }), name: 'blog', hosts: ['blog.test'] },
};
type Name = keyof typeof specs;

/** `shop`, which is about to have trouble, and `blog`: both with v2 live and v1 warm, and all their wishes worked at. */
async function stage(t: TestContext): Promise<FakeDeps> {
  const deps = await fakeDeps(t, specs.shop);
  await deps.keys.load([deps.apps.state('blog')]);
  await deps.apps.submit('blog', { type: 'apply', config: specs.blog }, teal);
  const runner = new Runner({
    perform: (name, effect, signal) => perform(deps, name, effect, signal),
    failed: () => undefined,
  });
  // What hangs in a test never ends.
  atEnd(t, () => runner.giveUp());
  deps.apps.listen((state) => {
    runner.want(state.app, effects(state));
    deps.routes.refresh();
  });
  for (const version of ['v1', 'v2']) {
    for (const name of ['shop', 'blog'] as const) await deploys(deps, name, version);
    for (const name of ['shop', 'blog'] as const)
      await until(`${name} ${version} is live`, () => isLive(deps.apps.state(name), version));
  }
  return deps;
}

const isLive = ({ release, live }: AppState, version: string): boolean =>
  live !== null &&
  release?.build.version === version &&
  (release.status === 'completed' || (release.status === 'promoted' && release.drain !== null));

const deploys = async (deps: FakeDeps, name: Name, version: string): Promise<void> =>
  void (await deps.apps.submit(
    name,
    { type: 'deploy', build: build(version, specs[name]), promote: null },
    teal,
  ));

const rollsBack = async (deps: FakeDeps, name: Name): Promise<void> =>
  void (await deps.apps.submit(name, { type: 'rollback', reason: null }, teal));

/** Every router is known to have it, and what was left is given up. */
const isBack = ({ release }: AppState): boolean =>
  release?.status === 'reverted' || release?.status === 'rolled-back';

async function goesBackAtOnce(deps: FakeDeps, name: Name = 'blog'): Promise<void> {
  const began = performance.now();
  await rollsBack(deps, name);
  await until(`${name} is back`, () => isBack(deps.apps.state(name)), promptMs);
  assert.ok(performance.now() - began < promptMs);
  const [table] = deps.router.applied.slice(-1);
  const part = table?.apps.find((each) => each.app === name);
  assert.equal(part?.environments[part.live ?? 'blue']?.version, 'v1', 'by the table in force');
}

describe('the rollback of an app does not wait for another', () => {
  test('whose versions never come up', async (t) => {
    const deps = await stage(t);
    deps.platform.beforeEnsure = async (workload) => (workload.app === 'shop' ? await never : undefined);
    await deploys(deps, 'shop', 'v3');
    await until('it is being started', () => deps.platform.calls.at(-1)?.includes('v3'));
    await goesBackAtOnce(deps);
  });

  test('whose platform throws whatever it is asked', async (t) => {
    const deps = await stage(t);
    deps.platform.beforeEnsure = (workload) => {
      if (workload.app === 'shop') throw new Error('the driver is broken');
      return Promise.resolve();
    };
    await deploys(deps, 'shop', 'v3');
    await until('it was given up', () => deps.apps.state('shop').release?.status.startsWith('abort'));
    await goesBackAtOnce(deps);
  });

  test('whose old version does not end, and whose drain does not, either', async (t) => {
    const deps = await stage(t);
    deps.platform.beforeStop = async (place) => (place.app === 'shop' ? await never : undefined);
    const drain = deps.router.drain.bind(deps.router);
    deps.router.drain = async (request, signal) =>
      request.app === 'shop' ? await never : await drain(request, signal);
    await rollsBack(deps, 'shop');
    await until('shop is on its way back', () => deps.platform.calls.at(-1)?.startsWith('stop '));
    await goesBackAtOnce(deps);
  });

  test('whose counts never come from the routers', async (t) => {
    const deps = await stage(t);
    deps.router.past = async () => await never;
    await deploys(deps, 'shop', 'v3');
    await goesBackAtOnce(deps);
  });

  test('whose events are never written', async (t) => {
    const deps = await stage(t);
    const write = deps.store.appendAll.bind(deps.store);
    deps.store.appendAll = async (batches) =>
      batches.some(({ stream }) => stream === 'shop') ? await never : await write(batches);
    void rollsBack(deps, 'shop');
    await goesBackAtOnce(deps);
  });

  test('of whose events somebody who listens cannot hear', async (t) => {
    const deps = await stage(t);
    const heard: string[] = [];
    deps.apps.listen(({ app: name }) => {
      if (name === 'shop') throw new Error('not this one');
    });
    deps.apps.listen(({ app: name }) => heard.push(name));
    await rollsBack(deps, 'shop');
    await goesBackAtOnce(deps);
    assert.ok(heard.includes('shop'), 'who listens behind it hears of it all the same');
    await until('shop is back as well', () => isBack(deps.apps.state('shop')));
  });

  test('whose part of the routing table cannot be made: that one stays, and is not taken for done', async (t) => {
    const deps = await stage(t);
    const keys = deps.keys.all;
    const broken = (state: AppState) => {
      if (state.app === 'shop') throw new Error('no part for this one');
      return keys(state);
    };
    Reflect.set(deps.keys, 'all', broken);
    await rollsBack(deps, 'shop');
    await goesBackAtOnce(deps);
    assert.equal(liveIn(deps.router.applied.at(-1), 'shop'), 'v2', 'as it was');
    assert.equal(deps.apps.state('shop').release?.status, 'reverting', 'nothing is stopped on its account');
    Reflect.set(deps.keys, 'all', keys);
    await deps.apps.submit('shop', { type: 'maintenance', message: null }, teal);
    await until('shop is back, too', () => isBack(deps.apps.state('shop')));
    assert.equal(liveIn(deps.router.applied.at(-1), 'shop'), 'v1');
  });

  test('whose part no router takes: that one stays, is tried again, and is not taken for done', async (t) => {
    const deps = await stage(t);
    const take = deps.router.apply.bind(deps.router);
    let refuses = true;
    deps.router.apply = async (table) => {
      if (refuses && liveIn(table, 'shop') === 'v1')
        throw new TealError('table-refused', 'not so', { remedy: 'no', details: { app: 'shop' } });
      await take(table);
    };
    await rollsBack(deps, 'shop');
    await goesBackAtOnce(deps);
    assert.equal(liveIn(deps.router.applied.at(-1), 'shop'), 'v2', 'as it was');
    assert.equal(deps.apps.state('shop').release?.status, 'reverting', 'nothing is stopped on its account');
    refuses = false;
    await until('shop is back, too', () => isBack(deps.apps.state('shop')));
    assert.equal(liveIn(deps.router.applied.at(-1), 'shop'), 'v1');
  });
});

function liveIn(table: RoutingTable | undefined, name: Name): string | undefined {
  const part = table?.apps.find((each) => each.app === name);
  return part?.environments[part.live ?? 'blue']?.version;
}

describe('the parts of the routing table', () => {
  test('are the same objects as long as nothing has changed in their app', async (t) => {
    const deps = await stage(t);
    const before = deps.router.applied.at(-1);
    await rollsBack(deps, 'blog');
    await until('blog is back', () => isBack(deps.apps.state('blog')));
    const after = deps.router.applied.at(-1);
    const part = (table: RoutingTable | undefined, name: Name) =>
      table?.apps.find((each) => each.app === name);
    assert.notEqual(before, after);
    assert.equal(part(after, 'shop'), part(before, 'shop'));
    assert.notEqual(part(after, 'blog'), part(before, 'blog'));
  });
});
