import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readId, signId, type Signer } from '../../src/audience/signed.ts';
import { cookieKeys } from '../../src/router/embedded/audience.ts';
import { WorkerFacts } from '../../src/router/embedded/fact-sources.ts';
import { trustedList } from '../../src/router/embedded/peer.ts';
import { previewKey } from './rig.ts';

const now = Date.now();
const other = Buffer.from('another key for tests, no secret').toString('base64url');

function signer(facts: WorkerFacts, app: string, key: string): Signer {
  const keys = cookieKeys([{ id: 'k1', key: key }], app);
  return { app, keys, memory: facts.cookies(app, keys) };
}

test('what was found of cookies is remembered over tables, for the keys and the app that it was found with', () => {
  const facts = new WorkerFacts({
    trustedProxies: trustedList([]),
    geoDatabase: null,
    onWarning: (text) => assert.fail(text),
  });
  const first = signer(facts, 'shop', previewKey);
  const cookie = `teal-id=${signId(first, { key: 'A'.repeat(22), scope: null }, now)}`;
  assert.equal(readId(first, cookie, now)?.key, 'A'.repeat(22));
  assert.equal(signer(facts, 'shop', previewKey).memory, first.memory, 'the next table');
  assert.equal(readId(signer(facts, 'blog', previewKey), cookie, now), null, 'another app');
  assert.equal(readId(signer(facts, 'shop', other), cookie, now), null, 'another key');
  const changed = cookie.replace('AAAA', 'BAAA');
  assert.equal(readId(signer(facts, 'shop', previewKey), changed, now), null, 'another cookie');
  const late = now + 500 * 86_400_000;
  const again = signer(facts, 'shop', previewKey);
  assert.equal(readId(again, cookie, now)?.key, 'A'.repeat(22));
  assert.equal(readId(again, cookie, late), null, 'whether it is still in time is asked at every use');
  facts.close();
});
