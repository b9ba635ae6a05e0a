import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Apps, teal } from '../../src/control/apps.ts';
import { Clock, tellOfJump, watchClock } from '../../src/control/clock.ts';
import { app, build } from '../release/story.ts';
import { openStore, until } from './help.ts';

interface Times {
  readonly clock: Clock;
  wall: number;
  steady: number;
  /** Time passes. */
  pass(ms: number): void;
}

function times(): Times {
  const at = { wall: 1_000_000_000, steady: 5000 };
  const clock = new Clock({ wall: () => at.wall, steady: () => at.steady });
  return Object.assign(at, {
    clock,
    pass(ms: number) {
      at.wall += ms;
      at.steady += ms;
    },
  });
}

const hourMs = 3_600_000;

describe('the clock that releases go by', () => {
  test('is that of the machine, also where that is slewed', () => {
    const it = times();
    it.pass(1000);
    assert.equal(it.clock.now(), it.wall);
    for (let second = 0; second < 100; second++) {
      it.pass(1000);
      it.wall += 400;
      assert.equal(it.clock.now(), it.wall);
    }
    assert.equal(it.clock.jumped, 0);
  });

  for (const [way, ms] of [
    ['forth', hourMs],
    ['back', -hourMs],
  ] as const) {
    test(`goes on when that is set ${way}, until everybody knows`, () => {
      const it = times();
      const before = it.clock.now();
      it.pass(10);
      it.wall += ms;
      assert.equal(it.clock.now(), before + 10);
      it.pass(500);
      assert.equal(it.clock.now(), before + 510);
      assert.equal(it.clock.wall(), it.wall);
      assert.equal(it.clock.jumped, ms);
      it.clock.accept(ms);
      assert.equal(it.clock.now(), it.wall);
      assert.equal(it.clock.jumped, 0);
    });

    test(`set ${way} is told to all apps that wait for something, in one transaction, and no timer fires`, async (t) => {
      const it = times();
      const store = await openStore(t);
      const apps = await Apps.load(store, it.clock.now);
      const spec = (name: string) => ({ ...app({ steps: [{ kind: 'wait', ms: 60_000 }] }), name });
      for (const name of ['shop', 'blog', 'idle'])
        await apps.submit(name, { type: 'apply', config: spec(name) }, teal);
      for (const name of ['shop', 'blog'])
        await apps.submit(name, { type: 'deploy', build: build('v1', spec(name)), promote: null }, teal);
      const ready = { colour: 'blue', version: 'v1', size: 'preview' } as const;
      await apps.submit('shop', { type: 'environment-ready', ...ready }, teal);
      it.wall += ms;
      await apps.submit('shop', { type: 'tick' }, teal);
      assert.equal(apps.state('shop').release?.status, 'stepping', 'before anybody was told');
      assert.equal(await tellOfJump(it.clock, apps), ms);
      assert.equal(it.clock.now(), it.wall);
      await apps.submit('shop', { type: 'tick' }, teal);
      const { release } = apps.state('shop');
      assert.equal(release?.status, 'stepping', 'and after it');
      assert.equal(release.since, it.wall);
      assert.equal(apps.state('blog').release?.deadlineAt, it.wall + 600_000);
      const told = (await store.recent({ limit: 100 })).filter(({ type }) => type === 'clock-jumped');
      assert.deepEqual(told.map(({ stream }) => stream).toSorted(), ['blog', 'shop']);
      it.pass(60_000);
      await apps.submit('shop', { type: 'tick' }, teal);
      assert.notEqual(apps.state('shop').release?.status, 'stepping', 'it has waited as long as it should');
      const again = await Apps.load(store, it.clock.now);
      assert.deepEqual(again.state('shop'), apps.state('shop'));
    });
  }

  test('is accepted as it is where nobody waits for anything', async (t) => {
    const it = times();
    const apps = await Apps.load(await openStore(t), it.clock.now);
    it.wall += hourMs;
    await tellOfJump(it.clock, apps);
    assert.equal(it.clock.now(), it.wall);
    assert.equal(await tellOfJump(it.clock, apps), 0);
  });

  test('is told of once, also where somebody who shares the event log was quicker', async (t) => {
    const it = times();
    const store = await openStore(t);
    const apps = await Apps.load(store, it.clock.now);
    await apps.submit('shop', { type: 'apply', config: app() }, teal);
    await apps.submit('shop', { type: 'deploy', build: build('v1'), promote: null }, teal);
    const clock = new Clock({ wall: () => it.wall, steady: () => it.steady });
    const others = await Apps.load(store, clock.now);
    it.wall += hourMs;
    await tellOfJump(clock, others);
    await tellOfJump(it.clock, apps);
    assert.equal(it.clock.now(), it.wall);
    assert.deepEqual(apps.state('shop'), others.state('shop'));
    const told = (await store.recent({ limit: 100 })).filter(({ type }) => type === 'clock-jumped');
    assert.equal(told.length, 1);
  });

  test('goes on as it was while a jump cannot be stored, and is looked at again', async (t) => {
    const it = times();
    const store = await openStore(t);
    const apps = await Apps.load(store, it.clock.now);
    await apps.submit('shop', { type: 'apply', config: app() }, teal);
    await apps.submit('shop', { type: 'deploy', build: build('v1'), promote: null }, teal);
    const write = store.appendAll.bind(store);
    let full = true;
    store.appendAll = async (batches) => {
      if (full) throw new Error('the disk is full');
      return await write(batches);
    };
    const before = it.clock.now();
    it.wall += hourMs;
    const told: unknown[] = [];
    const watching = watchClock(it.clock, apps, (outcome) => told.push(outcome));
    t.after(() => watching.close());
    await until('it was tried', () => told.length > 0);
    assert.equal(it.clock.now(), before);
    full = false;
    await until('it was told', () => it.clock.jumped === 0);
    assert.equal(it.clock.now(), it.wall);
  });
});
