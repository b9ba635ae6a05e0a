import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { idSeconds } from '../../src/audience/signed.ts';
import { begun, firstRing, following, isOld, keyIds, keySignsMs, rotated } from '../../src/release/keys.ts';
import { app, Story } from './story.ts';

const day = 86_400_000;
const longest = idSeconds * 1000;

test('a key verifies before it signs, and the older ones go on verifying', () => {
  const story = new Story(app());
  const ids = (): readonly string[] => keyIds(story.state.keys);
  assert.deepEqual(ids(), ['k1']);
  assert.deepEqual(story.does({ type: 'rotate-keys' }), [], 'nothing signs that routers do not know');
  assert.deepEqual(story.does({ type: 'add-key', key: 'k2' }), ['key-added']);
  assert.deepEqual(ids(), ['k1', 'k2']);
  assert.equal(following(story.state.keys), 'k2', 'what was cut short is gone on with');
  assert.deepEqual(story.does({ type: 'add-key', key: 'k2' }), []);
  assert.deepEqual(story.does({ type: 'rotate-keys' }), ['keys-rotated']);
  assert.deepEqual(ids(), ['k2', 'k1']);
  assert.deepEqual(story.does({ type: 'add-key', key: 'k2' }), [], 'nor is a key made twice');
  assert.deepEqual(story.does({ type: 'add-key', key: 'k3' }), ['key-added']);
});

test('a key verifies for as long as anything that it signed is good, and no longer', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 12 }), (waits) => {
      let ring = begun(firstRing, 0);
      let now = 0;
      const stopped = new Map<string, number>();
      for (const wait of waits) {
        now += wait * day;
        stopped.set(keyIds(ring)[0] ?? '', now);
        ring = rotated({ ...ring, next: following(ring) }, now);
        const good = [...stopped].filter(([, at]) => now - at < longest).map(([id]) => id);
        assert.deepEqual(keyIds(ring).slice(1).toSorted(), good.toSorted());
      }
      assert.equal(new Set(keyIds(ring)).size, keyIds(ring).length);
    }),
  );
});

test('a key is old after its time; one of unknown age never is', () => {
  const ring = begun(firstRing, day);
  assert.ok(!isOld(ring, day + keySignsMs - 1) && isOld(ring, day + keySignsMs));
  assert.ok(!isOld(firstRing, 1e15));
  assert.deepEqual(begun(ring, 5 * day), ring, 'what is applied later is no new key');
});
