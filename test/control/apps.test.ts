import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Apps, teal, type By } from '../../src/control/apps.ts';
import { daily, pruneEvents } from '../../src/control/retention.ts';
import { TealError } from '../../src/errors.ts';
import type { Event } from '../../src/release/events.ts';
import type { NewEvent, Store } from '../../src/store/store.ts';
import { app, build } from '../release/story.ts';
import { openStore, scratch, settle } from './help.ts';

const anna: By = { actor: 'user:anna', reason: 'a new feature' };
const apply = { type: 'apply', config: app() } as const;
const named = (name: string) => ({ type: 'apply', config: { ...app(), name } }) as const;
const deploy = (version: string) => ({ type: 'deploy', build: build(version), promote: null }) as const;
const raw = (event: Event): NewEvent => {
  const { type, ...data } = event;
  return { at: 1, actor: 'x', reason: null, type, data };
};

describe('apps', () => {
  test('decide, store and tell, with who asked and why', async (t) => {
    const store = await openStore(t);
    const apps = await Apps.load(store, () => 42);
    const told: string[] = [];
    apps.listen((state, events) => told.push(`${state.app}: ${events.map(({ type }) => type).join(', ')}`));
    await apps.submit('shop', apply, teal);
    await apps.submit('shop', deploy('v1'), anna);
    assert.deepEqual(told, ['shop: applied', 'shop: release-started, cleared']);
    const [newest] = await store.recent({ limit: 1 });
    assert.equal(newest?.actor, 'user:anna');
    assert.equal(newest?.reason, 'a new feature');
    assert.equal(newest?.at, 42);
  });

  test('decide the inputs of one app one after the other: of two deploys at once the second is refused', async (t) => {
    const apps = await Apps.load(await openStore(t), Date.now);
    await apps.submit('shop', apply, teal);
    const both = await Promise.allSettled([
      apps.submit('shop', deploy('v1'), anna),
      apps.submit('shop', deploy('v2'), anna),
    ]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    assert.equal((both[1] as PromiseRejectedResult).reason.code, 'release-in-progress');
    assert.equal(apps.state('shop').release?.build.version, 'v1');
  });

  test('go on after a refusal', async (t) => {
    const apps = await Apps.load(await openStore(t), Date.now);
    await apps.submit('shop', apply, teal);
    await assert.rejects(apps.submit('shop', { type: 'rollback', reason: null }, anna), {
      code: 'nothing-to-roll-back-to',
    });
    await apps.submit('shop', deploy('v1'), anna);
    assert.equal(apps.state('shop').release?.status, 'starting');
  });

  test('decide again, on what another writer has changed in between', async (t) => {
    const store = await openStore(t);
    const apps = await Apps.load(store, Date.now);
    await apps.submit('shop', apply, teal);
    const told: string[] = [];
    apps.listen((_, events) => told.push(...events.map(({ type }) => type)));
    await store.append('shop', 1, [raw({ type: 'frozen', reason: 'audit' })]);
    await assert.rejects(apps.submit('shop', deploy('v1'), anna), { code: 'frozen' });
    await store.append('shop', 2, [raw({ type: 'unfrozen' })]);
    await apps.submit('shop', { type: 'maintenance', message: 'm' }, anna);
    await apps.submit('shop', deploy('v1'), anna);
    assert.deepEqual(told, ['frozen', 'unfrozen', 'maintenance-set', 'release-started', 'cleared']);
    assert.deepEqual((await Apps.load(store, Date.now)).state('shop'), apps.state('shop'));
  });

  test('take in what they have written themselves when they were told that it could not be', async (t) => {
    const store = await openStore(t);
    let lies = false;
    const appendAll: typeof store.appendAll = async (batches) => {
      const stored = await store.appendAll(batches);
      if (lies)
        throw new TealError('disk-full', 'an I/O error of the commit', { remedy: 'look at the disk' });
      return stored;
    };
    const apps = await Apps.load(
      {
        appendAll,
        streams: () => store.streams(),
        read: (stream, after) => store.read(stream, after),
        snapshot: (stream) => store.snapshot(stream),
      } as Store,
      Date.now,
    );
    await apps.submit('shop', apply, teal);
    lies = true;
    const told: string[] = [];
    apps.listen((_, events) => told.push(...events.map(({ type }) => type)));
    await assert.rejects(apps.submit('shop', deploy('v1'), anna), { code: 'disk-full' });
    assert.deepEqual(told, ['release-started', 'cleared'], 'what is on disk is worked at');
    lies = false;
    await assert.rejects(apps.submit('shop', deploy('v2'), anna), { code: 'release-in-progress' });
    assert.equal(apps.state('shop').release?.build.version, 'v1');
  });

  test('are the same after a start: from events alone, and from a snapshot and the rest', async (t) => {
    const folder = await scratch(t);
    const first = await openStore(t, folder);
    const apps = await Apps.load(first, Date.now);
    await apps.submit('shop', apply, teal);
    await apps.submit('shop', deploy('v1'), anna);
    // Enough for a snapshot by itself.
    for (let count = 0; count < 210; count++)
      await apps.submit('shop', { type: 'scale', role: null, instances: (count % 5) + 1 }, anna);
    assert.ok(((await first.snapshot('shop'))?.version ?? 0) >= 200);
    const before = apps.state('shop');
    assert.deepEqual((await Apps.load(first, Date.now)).state('shop'), before);
    await apps.saveSnapshots();
    assert.equal(await first.prune(Date.now() + 1), 213);
    assert.deepEqual((await Apps.load(first, Date.now)).state('shop'), before);
  });

  test('are refused when their events do not follow from each other', async (t) => {
    const store = await openStore(t);
    await store.append('shop', 0, [raw({ type: 'applied', config: app() }), raw({ type: 'steps-passed' })]);
    await assert.rejects(Apps.load(store, Date.now), { code: 'store-unreadable' });
  });

  test('are refused when an event or a snapshot is of a newer Teal, or is none', async (t) => {
    const applied = raw({ type: 'applied', config: app() });
    const loading = async (events: readonly NewEvent[]): Promise<TealError> => {
      const store = await openStore(t);
      await store.append('shop', 0, events);
      const error = await Apps.load(store, Date.now).catch((caught: unknown) => caught);
      assert.ok(error instanceof TealError, String(error));
      return error;
    };
    const unknown = await loading([applied, { ...applied, type: 'teleported', data: { to: 'mars' } }]);
    assert.equal(unknown.code, 'store-newer');
    assert.match(unknown.message, /Event 2 of shop \(teleported\)/);
    assert.match(unknown.remedy, /run the newer Teal again/);
    assert.equal((await loading([{ ...applied, type: 'toString' }])).code, 'store-newer');
    for (const data of [null, 7, 'text', ['a']])
      assert.equal((await loading([{ ...applied, data }])).code, 'store-unreadable');
    assert.equal((await loading([applied, raw({ type: 'switched' } as never)])).code, 'store-unreadable');
    for (const [snapshot, code] of [
      [{ version: 1, shape: 99, state: {} }, 'store-newer'],
      [{ version: 1, shape: 3, state: null }, 'store-unreadable'],
      [{ version: 1, shape: 3, state: { app: 'blog' } }, 'store-unreadable'],
    ] as const) {
      const store = await openStore(t);
      await store.append('shop', 0, [applied]);
      await store.saveSnapshot('shop', snapshot);
      await assert.rejects(Apps.load(store, Date.now), { code });
    }
  });

  test('take several configurations in one transaction, or none of them', async (t) => {
    const store = await openStore(t);
    const apps = await Apps.load(store, Date.now);
    await apps.applyAll(
      [
        { app: 'shop', input: named('shop') },
        { app: 'blog', input: named('blog') },
      ],
      anna,
    );
    assert.deepEqual(apps.names(), ['shop', 'blog']);
    await store.append('blog', 1, [raw({ type: 'restarted' })]);
    const more = ['shop', 'blog'].map((name) => ({ app: name, input: named(name) }));
    await assert.rejects(apps.applyAll(more, anna), { code: 'store-conflict' });
    assert.equal((await store.read('shop')).length, 1);
    assert.deepEqual(apps.names(), ['shop', 'blog']);
  });

  test('nothing is stored, and everything works again, around a full disk', async (t) => {
    const folder = await scratch(t);
    const store = await openStore(t, folder, 40);
    const apps = await Apps.load(store, Date.now);
    await apps.submit('shop', apply, teal);
    const reason = 'x'.repeat(20_000);
    const fill = async (): Promise<void> => {
      for (;;) await apps.submit('shop', { type: 'maintenance', message: 'm' }, { actor: 'a', reason });
    };
    await assert.rejects(fill(), { code: 'disk-full' });
    const before = apps.state('shop');
    await assert.rejects(
      apps.submit('shop', { type: 'maintenance', message: 'again' }, { actor: 'a', reason }),
      {
        code: 'disk-full',
      },
    );
    assert.equal(apps.state('shop'), before);
    await store.close();
    const roomy = await openStore(t, folder);
    const again = await Apps.load(roomy, Date.now);
    assert.deepEqual(again.state('shop'), before);
    await again.submit('shop', deploy('v1'), anna);
  });
});

describe('the event log', () => {
  const day = 24 * 60 * 60 * 1000;

  test('forgets events older than a quarter, and no app forgets anything', async (t) => {
    const store = await openStore(t);
    let now = 1000 * day;
    const apps = await Apps.load(store, () => now);
    await apps.submit('shop', apply, teal);
    await apps.submit('shop', deploy('v1'), anna);
    now += 91 * day;
    await apps.submit('shop', { type: 'pause' }, anna);
    const before = apps.state('shop');
    assert.equal(await pruneEvents(apps, store, now), 3);
    assert.deepEqual(
      (await store.recent({ limit: 10 })).map(({ type }) => type),
      ['paused'],
    );
    assert.deepEqual((await Apps.load(store, Date.now)).state('shop'), before);
    assert.equal(await pruneEvents(apps, store, now), 0);
  });

  test('that cannot be pruned is told, and pruned at another turn', async () => {
    const told: unknown[] = [];
    const pruning = daily(
      () => Promise.reject(new Error('full')),
      (error) => told.push(error),
    );
    await settle();
    pruning.close();
    assert.equal(told.length, 1);
  });
});
