/** What every store does with what it keeps beside events: evidence of judges, and requests that are to be done once. */
import assert from 'node:assert/strict';
import type { NewTick } from '../../src/store/evidence.ts';
import { type Case } from './case.ts';
import { event } from './case.ts';

const tick = (seq: number, data: unknown, memory: unknown): NewTick => ({
  app: 'shop',
  release: 'shop-2',
  seq,
  at: 1000 + seq,
  data,
  memory,
});

export const records: Readonly<Record<string, Case>> = {
  'evidence is kept tick by tick, with the memory after the last one, for whoever opens it next': async (
    store,
    open,
  ) => {
    assert.equal(await store.evidence.memory('shop', 'shop-2'), null);
    await store.evidence.save(tick(0, { counts: [1] }, 'first'));
    await store.evidence.save(tick(1, { counts: [2] }, 'second'));
    await store.evidence.save({ ...tick(0, 'other', 'other'), release: 'shop-3' });
    await store.close();
    const again = await open();
    assert.deepEqual(await again.evidence.memory('shop', 'shop-2'), { seq: 1, at: 1001, memory: 'second' });
    assert.deepEqual(await again.evidence.ticks('shop', 'shop-2'), [
      { seq: 0, at: 1000, data: { counts: [1] } },
      { seq: 1, at: 1001, data: { counts: [2] } },
    ]);
    assert.deepEqual(
      (await again.evidence.ticks('shop', 'shop-2', 0)).map(({ seq }) => seq),
      [1],
    );
  },

  'a tick that is kept is never changed, and one that was left out is refused with its memory': async (
    store,
  ) => {
    await store.evidence.save(tick(0, 'first', 'first'));
    await store.evidence.save(tick(0, 'again', 'again'));
    await assert.rejects(store.evidence.save(tick(2, 'third', 'third')), { code: 'store-conflict' });
    assert.deepEqual(await store.evidence.ticks('shop', 'shop-2'), [{ seq: 0, at: 1000, data: 'first' }]);
    assert.equal((await store.evidence.memory('shop', 'shop-2'))?.memory, 'first');
  },

  'of evidence the newest releases of an app stay': async (store) => {
    for (const [index, release] of ['shop-1', 'shop-2', 'shop-10'].entries())
      await store.evidence.save({ ...tick(0, release, release), release, at: index });
    await store.evidence.save({ ...tick(0, 'b', 'b'), app: 'blog', release: 'blog-1' });
    assert.deepEqual(await store.evidence.releases('shop'), ['shop-10', 'shop-2', 'shop-1']);
    assert.equal(await store.evidence.keepNewest('shop', 1), 2);
    assert.deepEqual(await store.evidence.releases('shop'), ['shop-10']);
    assert.deepEqual(await store.evidence.ticks('shop', 'shop-1'), []);
    assert.deepEqual(await store.evidence.releases('blog'), ['blog-1']);
  },

  'what versions send is kept by version, replaced as a whole, and forgotten with its version': async (
    store,
    open,
  ) => {
    assert.deepEqual(await store.statements.read('shop'), new Map());
    const sent = { statements: [{ text: 'SELECT 1 -- ü \u0000', calls: 1 }] };
    await store.statements.save(
      'shop',
      1,
      new Map<string, unknown>([
        ['', { at: 1 }],
        ['v1', sent],
        ['v2', 'two'],
      ]),
    );
    await store.statements.save('shop', 2, new Map([['v2', 'more']]));
    await store.statements.save('blog', 2, new Map([['v1', 'of another']]));
    await store.close();
    const again = await open();
    const kept = new Map<string, unknown>([
      ['', { at: 1 }],
      ['v1', sent],
      ['v2', 'more'],
    ]);
    assert.deepEqual(await again.statements.read('shop'), kept);
    assert.equal(await again.statements.keepOnly('shop', new Set(['v2', 'v3'])), 1);
    assert.deepEqual([...(await again.statements.read('shop')).keys()].toSorted(), ['', 'v2']);
    assert.deepEqual([...(await again.statements.read('blog')).keys()], ['v1']);
  },

  'what versions of an app send is forgotten in the transaction of its last event, or not at all': async (
    store,
    open,
  ) => {
    const kept = new Map<string, unknown>([
      ['', { at: 1 }],
      ['v1', 'one'],
    ]);
    for (const app of ['shop', 'blog']) await store.statements.save(app, 1, kept);
    assert.deepEqual(await store.statements.apps(), ['blog', 'shop']);
    const last = { stream: 'shop', expected: 0, events: [event('removed')], forget: true } as const;
    const late = { stream: 'blog', expected: 7, events: [event('late')] };
    await assert.rejects(store.appendAll([last, late]), { code: 'store-conflict' });
    assert.deepEqual(await store.statements.read('shop'), kept);
    await store.appendAll([last]);
    await store.close();
    const again = await open();
    assert.equal((await again.read('shop')).length, 1);
    assert.deepEqual(await again.statements.apps(), ['blog']);
    await again.statements.forget('blog');
    assert.deepEqual(await again.statements.apps(), []);
  },

  'a request is noted once, and its answer is there for whoever opens it next, until it expires': async (
    store,
    open,
  ) => {
    const [last] = await store.append('shop', 0, [event('one')]);
    const request = { id: 'r1', fingerprint: 'f1', at: 100, expiresAt: 200 };
    assert.equal(await store.requests.claim(request), null);
    const after = last?.seq ?? 0;
    const known = { fingerprint: 'f1', after, answer: null };
    assert.deepEqual(await store.requests.claim({ ...request, fingerprint: 'f2' }), known);
    await store.requests.finish('r1', { status: 409, body: '{"ü":1}' });
    await store.close();
    const again = await open();
    const answer = { status: 409, body: '{"ü":1}' };
    assert.deepEqual(await again.requests.claim({ ...request, at: 199 }), { ...known, answer });
    assert.equal(await again.requests.prune(199), 0);
    assert.equal(await again.requests.claim({ ...request, at: 200, expiresAt: 300 }), null, 'as new');
    assert.equal(await again.requests.prune(300), 1);
  },

  'of a request that is sent several times at once, one is the first': async (store) => {
    const request = { id: 'r1', fingerprint: 'f1', at: 100, expiresAt: 200 };
    const claims = await Promise.all(Array.from({ length: 4 }, () => store.requests.claim(request)));
    assert.equal(claims.filter((known) => known === null).length, 1);
    assert.ok(claims.every((known) => known === null || known.answer === null));
  },
};
