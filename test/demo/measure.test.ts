import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leftAfterMs } from '../../examples/demo/measure.ts';
import type { Sample } from '../../src/load/samples.ts';

const sample = (sentAt: number, version: string | null): Sample => ({
  index: 0,
  scheduledAt: sentAt,
  sentAt,
  endedAt: sentAt + 1000,
  status: version === null ? 0 : 200,
  outcome: version === null ? 'reset' : 'answered',
  version,
  shape: 0,
});

test('leaving takes until the first request after the last one that was answered by the old version', () => {
  const samples = [
    sample(90, 'v3'),
    sample(110, 'v3'),
    sample(115, 'v2'),
    sample(120, 'v3'),
    sample(125, 'v2'),
  ];
  assert.equal(leftAfterMs(samples, 'v3', 100), 25);
  assert.equal(leftAfterMs(samples.toReversed(), 'v3', 100), 25);
});

test('a request that was under way before counts by its start, not by its end', () => {
  assert.equal(leftAfterMs([sample(99, 'v3'), sample(104, 'v2')], 'v3', 100), 4);
});

test('nothing is claimed when no request was started afterwards', () => {
  assert.equal(leftAfterMs([sample(110, 'v3'), sample(Number.NaN, null)], 'v3', 100), null);
});

test('a request without an answer says nothing of who would have answered it', () => {
  assert.equal(leftAfterMs([sample(110, 'v3'), sample(112, null), sample(114, 'v2')], 'v3', 100), 12);
});
