/** What every store does, whatever it keeps its events in. Run against each driver. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { NewEvent, Store } from '../../src/store/store.ts';
import { event, type Case } from './case.ts';
import { records } from './records.ts';

/** One place where a store keeps things; every `open` is another process's view of it. */
export interface Installation {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

const cases: Readonly<Record<string, Case>> = {
  'an event comes back as it was appended, with its place in the log and in its stream': async (store) => {
    const first = event('one', {
      reason: 'because',
      data: { text: 'ü \u0000 "', list: [1, null, { a: true }] },
    });
    const stored = await store.append('shop', 0, [first, event('two')]);
    assert.deepEqual(
      stored.map(({ stream, version, type, reason, actor }) => ({ stream, version, type, reason, actor })),
      [
        { stream: 'shop', version: 1, type: 'one', reason: 'because', actor: 'user:anna' },
        { stream: 'shop', version: 2, type: 'two', reason: null, actor: 'user:anna' },
      ],
    );
    assert.deepEqual(stored[0]?.data, first.data);
    assert.ok((stored[1]?.seq ?? 0) > (stored[0]?.seq ?? 0));
    assert.deepEqual(await store.read('shop'), stored);
    assert.deepEqual(await store.read('shop', 1), stored.slice(1));
    assert.deepEqual(await store.read('shop', 2), []);
    assert.deepEqual(await store.read('shop', 0, 1), stored.slice(0, 1));
    assert.deepEqual(await store.read('shop', 1, 5), stored.slice(1));
    assert.deepEqual(await store.read('none', 0, 1), []);
  },

  'what was appended is there for whoever opens it next': async (store, open) => {
    const stored = await store.append('shop', 0, [event('one'), event('two')]);
    await store.close();
    const again = await open();
    assert.deepEqual(await again.read('shop'), stored);
  },

  'several streams are appended to in one transaction: a conflict in one leaves nothing in any': async (
    store,
  ) => {
    await store.append('blog', 0, [event('there')]);
    const shop = { stream: 'shop', expected: 0, events: [event('one'), event('two')] };
    const late = { stream: 'blog', expected: 0, events: [event('late')] };
    await assert.rejects(store.appendAll([shop, late]), { code: 'store-conflict' });
    assert.deepEqual(await store.read('shop'), []);
    const stored = await store.appendAll([shop, { ...late, expected: 1 }]);
    assert.deepEqual(
      stored.map((events) => events.map(({ type }) => type)),
      [['one', 'two'], ['late']],
    );
    assert.deepEqual(await store.read('shop'), stored[0]);
  },

  'streams are independent and listed by name': async (store) => {
    assert.deepEqual(await store.streams(), []);
    assert.deepEqual(await store.read('shop'), []);
    await store.append('shop', 0, [event('a')]);
    await store.append('blog', 0, [event('b')]);
    await store.append('shop', 1, [event('c')]);
    assert.deepEqual(await store.streams(), ['blog', 'shop']);
    assert.deepEqual(
      (await store.read('shop')).map(({ version, type }) => ({ version, type })),
      [
        { version: 1, type: 'a' },
        { version: 2, type: 'c' },
      ],
    );
  },

  'an append upon an old version is refused, and changes nothing': async (store) => {
    await store.append('shop', 0, [event('one')]);
    for (const expected of [0, 2]) {
      await assert.rejects(store.append('shop', expected, [event('two'), event('three')]), {
        code: 'store-conflict',
        details: { stream: 'shop', expected, actual: 1 },
      });
    }
    await assert.rejects(store.append('other', 1, [event('one')]), { code: 'store-conflict' });
    assert.equal((await store.read('shop')).length, 1);
    assert.deepEqual(await store.streams(), ['shop']);
  },

  'of two that have it open, the one that decided upon the older state is refused': async (store, open) => {
    const other = await open();
    await store.append('shop', 0, [event('mine')]);
    await assert.rejects(other.append('shop', 0, [event('theirs')]), { code: 'store-conflict' });
    await other.append('shop', 1, [event('theirs')]);
    assert.deepEqual(
      (await store.read('shop')).map(({ type }) => type),
      ['mine', 'theirs'],
    );
  },

  'of an append that fails halfway nothing is kept': async (store) => {
    await store.append('shop', 0, [event('one')]);
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    await assert.rejects(store.append('shop', 1, [event('two'), event('bad', { data: circular })]));
    assert.equal((await store.read('shop')).length, 1);
    await store.append('shop', 1, [event('two')]);
  },

  'an append of nothing checks the version and adds nothing': async (store) => {
    assert.deepEqual(await store.append('shop', 0, []), []);
    await assert.rejects(store.append('shop', 1, []), { code: 'store-conflict' });
    assert.deepEqual(await store.streams(), []);
  },

  'recent events come newest first, of one stream or of all, page by page': async (store) => {
    for (const version of [0, 1, 2]) {
      await store.append('shop', version, [event(`s${version}`)]);
      await store.append('blog', version, [event(`b${version}`)]);
    }
    const types = async (options: Parameters<Store['recent']>[0]): Promise<readonly string[]> =>
      (await store.recent(options)).map(({ type }) => type);
    assert.deepEqual(await types({ limit: 4 }), ['b2', 's2', 'b1', 's1']);
    assert.deepEqual(await types({ stream: 'shop', limit: 2 }), ['s2', 's1']);
    const before = (await store.recent({ stream: 'shop', limit: 2 })).at(-1)?.seq ?? 0;
    assert.deepEqual(await types({ stream: 'shop', limit: 9, before }), ['s0']);
    assert.deepEqual(await types({ limit: 9, before }), ['b0', 's0']);
  },

  'what the installation keeps for itself is in no list of everything that happened': async (store) => {
    await store.append('shop', 0, [event('a')]);
    await store.append('@audit', 0, [event('b'), event('c')]);
    const types = (events: readonly { readonly type: string }[]) => events.map(({ type }) => type);
    assert.deepEqual(types(await store.recent({ limit: 10 })), ['a']);
    assert.deepEqual(types(await store.recent({ stream: '@audit', limit: 10 })), ['c', 'b']);
    assert.deepEqual(await store.streams(), ['@audit', 'shop']);
  },

  'the newest snapshot is kept, an older one does not replace it': async (store, open) => {
    assert.equal(await store.snapshot('shop'), null);
    await store.append('shop', 0, [event('one'), event('two'), event('three')]);
    await store.saveSnapshot('shop', { version: 2, shape: 1, state: { a: 1 } });
    await store.saveSnapshot('shop', { version: 1, shape: 1, state: { a: 0 } });
    const other = await open();
    assert.deepEqual(await other.snapshot('shop'), { version: 2, shape: 1, state: { a: 1 } });
    await store.saveSnapshot('shop', { version: 2, shape: 2, state: null });
    assert.deepEqual(await store.snapshot('shop'), { version: 2, shape: 2, state: null });
  },

  'a snapshot of events that do not exist is refused': async (store) => {
    await store.append('shop', 0, [event('one')]);
    await assert.rejects(store.saveSnapshot('shop', { version: 2, shape: 1, state: 1 }), RangeError);
    await assert.rejects(store.saveSnapshot('blog', { version: 1, shape: 1, state: 1 }), RangeError);
    assert.equal(await store.snapshot('shop'), null);
  },

  'pruning removes only events that are old and that a snapshot stands for': async (store, open) => {
    const at = (...times: readonly number[]): readonly NewEvent[] =>
      times.map((time) => event('e', { at: time }));
    await store.append('shop', 0, at(10, 20, 30, 40));
    await store.append('blog', 0, at(10, 20));
    await store.saveSnapshot('shop', { version: 3, shape: 1, state: 'three' });
    assert.equal(await store.prune(5), 0);
    assert.equal(await store.prune(25), 2);
    assert.equal(await store.prune(25), 0);
    assert.equal(await store.prune(100), 1);
    assert.equal((await store.read('blog')).length, 2);
    await store.close();
    const again = await open();
    assert.deepEqual(
      (await again.read('shop', 3)).map(({ version }) => version),
      [4],
    );
    assert.equal((await again.append('shop', 4, at(50)))[0]?.version, 5);
  },

  'a stream whose events are all pruned goes on where it was': async (store, open) => {
    const stored = await store.append('shop', 0, [event('one'), event('two')]);
    await store.saveSnapshot('shop', { version: 2, shape: 1, state: 'two' });
    assert.equal(await store.prune(Number.MAX_SAFE_INTEGER), 2);
    await store.close();
    const again = await open();
    assert.deepEqual(await again.streams(), ['shop']);
    const [next] = await again.append('shop', 2, [event('three')]);
    assert.equal(next?.version, 3);
    assert.ok((next?.seq ?? 0) > (stored[1]?.seq ?? 0));
  },

  'reading from before what was pruned is refused rather than answered in part': async (store) => {
    await store.append('shop', 0, [event('one'), event('two')]);
    await store.saveSnapshot('shop', { version: 1, shape: 1, state: 1 });
    await store.prune(Number.MAX_SAFE_INTEGER);
    await assert.rejects(store.read('shop'), { code: 'store-unreadable' });
    assert.equal((await store.read('shop', 1)).length, 1);
  },

  'an old event behind a young one stays: what is left has no gap': async (store) => {
    await store.append(
      'shop',
      0,
      [10, 99, 20].map((time) => event('e', { at: time })),
    );
    await store.saveSnapshot('shop', { version: 3, shape: 1, state: 3 });
    assert.equal(await store.prune(50), 1);
    assert.equal((await store.read('shop', 1)).length, 2);
  },

  'generations rise, and none is given twice, whoever asks': async (store, open) => {
    const given: number[] = [];
    for (let count = 0; count < 1500; count++) given.push(await store.nextGeneration());
    assert.deepEqual(
      given,
      given.toSorted((one, two) => one - two),
    );
    const other = await open();
    given.push(await other.nextGeneration(), await store.nextGeneration(), await other.nextGeneration());
    await store.close();
    const again = await open();
    const next = await again.nextGeneration();
    assert.ok(next > Math.max(...given));
    assert.equal(new Set(given).size, given.length);
  },

  'a secret is random, the same for everybody, and stays': async (store, open) => {
    const secret = await store.secret('preview');
    assert.match(secret, /^[\w-]{43}$/);
    assert.notEqual(await store.secret('other'), secret);
    const other = await open();
    assert.equal(await other.secret('preview'), secret);
    await store.close();
    assert.equal(await (await open()).secret('preview'), secret);
  },

  'whatever the data, it is read as JSON carries it': async (store) => {
    let version = 0;
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.string({ unit: 'binary' }), async (data, reason) => {
        // SQLite and PostgreSQL keep well-formed text only; a lone surrogate is none.
        const [stored] = await store.append('shop', version, [
          event('e', { data, reason: reason.toWellFormed() }),
        ]);
        const [read] = await store.read('shop', version);
        version += 1;
        assert.deepEqual(read, stored);
        assert.deepEqual(read?.data, JSON.parse(JSON.stringify(data)));
        assert.equal(read?.reason, reason.toWellFormed());
      }),
      { numRuns: 100 },
    );
  },

  'events after a position come oldest first, of one stream or of all, page by page': async (store) => {
    for (const version of [0, 1, 2]) {
      await store.append('shop', version, [event(`s${version}`)]);
      await store.append('blog', version, [event(`b${version}`)]);
    }
    const since = async (options: Parameters<Store['since']>[0]): Promise<readonly string[]> =>
      (await store.since(options)).map(({ type }) => type);
    const all = await store.since({ after: 0, limit: 9 });
    assert.deepEqual(
      all.map(({ type }) => type),
      ['s0', 'b0', 's1', 'b1', 's2', 'b2'],
    );
    assert.deepEqual(await since({ after: all[2]?.seq ?? 0, limit: 2 }), ['b1', 's2']);
    assert.deepEqual(await since({ stream: 'blog', after: all[1]?.seq ?? 0, limit: 9 }), ['b1', 'b2']);
    assert.deepEqual(await since({ stream: 'none', after: 0, limit: 9 }), []);
  },

  'who follows can tell that events were pruned before they came': async (store, open) => {
    assert.equal(await store.pruned(), 0);
    const [first, second] = await store.append('shop', 0, [event('one'), event('two')]);
    await store.append('blog', 0, [event('other')]);
    await store.saveSnapshot('shop', { version: 2, shape: 1, state: {} });
    assert.equal(await store.prune(first?.at ?? 0), 0);
    assert.equal(await store.pruned(), 0);
    assert.equal(await store.prune(Number.MAX_SAFE_INTEGER), 2);
    assert.equal(await store.pruned(), second?.seq);
    await store.close();
    assert.equal(await (await open()).pruned(), second?.seq);
  },

  'a probe writes, and leaves nothing that anybody reads': async (store) => {
    await store.probe();
    await store.probe();
    assert.deepEqual(await store.streams(), []);
    assert.equal(await store.nextGeneration(), 1);
  },

  'closing twice is closing once': async (store) => {
    await store.close();
    await store.close();
  },
};

/** Declares one test per case; each gets an installation of its own, and all it opens is closed. */
export function behaviour(name: string, install: () => Promise<Installation>): void {
  describe(`${name} does what every store does`, () => {
    for (const [says, run] of Object.entries({ ...cases, ...records })) {
      describe(says, () => {
        let installation: Installation;
        const opened: Store[] = [];
        const open = async (): Promise<Store> => {
          const store = await installation.open();
          opened.push(store);
          return store;
        };
        before(async () => {
          installation = await install();
        });
        after(async () => {
          for (const store of opened) await store.close();
          await installation.remove();
        });
        test(says, async () => run(await open(), open));
      });
    }
  });
}
