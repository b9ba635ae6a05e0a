import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instance, fakeDeps } from './fakes.ts';
import { settle } from './help.ts';

const web = instance({ id: 'old' });

describe('letting instances go', () => {
  test('takes them out of the table, and only then drains them, and counts what it drained', async (t) => {
    const deps = await fakeDeps(t);
    deps.platform.running = [web];
    const applied = Promise.withResolvers<void>();
    deps.router.beforeApply = () => applied.promise;
    const released = deps.releases.release([web]);
    await settle();
    assert.ok(deps.releases.released.has('old'));
    assert.equal(deps.router.drained.length, 0, 'not before the table is in force');
    applied.resolve();
    await released;
    assert.deepEqual(deps.router.drained, [
      { app: 'shop', endpoints: ['old'], streams: 'drain', deadlineMs: 1000 },
    ]);
    await deps.releases.release([web]);
    assert.deepEqual(deps.releases.drainOf('shop', 'blue'), { finished: 2, cut: 0, seconds: 0.1 });
    deps.releases.forgetDrain('shop', 'blue');
    assert.equal(deps.releases.drainOf('shop', 'blue').finished, 0);
    deps.releases.keepOnly('blog', []);
    assert.equal(deps.releases.released.size, 1, 'of another app');
    deps.releases.keepOnly('shop', []);
    assert.equal(deps.releases.released.size, 0);
  });

  test('of a background role waits for nobody', async (t) => {
    const deps = await fakeDeps(t);
    await deps.releases.release([instance({ address: null })]);
    assert.equal(deps.router.drained.length, 0);
  });

  test('fails when Teal leaves in the middle of it: nobody may stop them then', async (t) => {
    const deps = await fakeDeps(t);
    deps.router.beforeDrain = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const released = deps.releases.release([web]);
    const told = assert.rejects(released, { code: 'control-unavailable' });
    await settle();
    deps.releases.leave();
    await told;
    await assert.rejects(deps.releases.release([web]));
  });

  test('is done at once when the router is gone: no request reaches them any more', async (t) => {
    const deps = await fakeDeps(t);
    deps.router.beforeDrain = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const released = deps.releases.release([web]);
    await settle();
    deps.releases.withoutRouter();
    await released;
    await deps.releases.release([web]);
  });

  test('fails when the router cannot drain', async (t) => {
    const deps = await fakeDeps(t);
    deps.router.beforeDrain = async () => {
      throw new Error('no answer');
    };
    await assert.rejects(deps.releases.release([web]), /no answer/);
  });
});
