import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slowMark } from '../../src/judge/settings.ts';
import { Latencies, marksOf } from '../../src/metrics/latencies.ts';

test('percentiles of what several workers saw are those of all of it, to the width of a bucket', () => {
  const workers = [new Latencies(), new Latencies(), new Latencies()];
  const all: number[] = [];
  // Log-uniform from 0.1 ms to 100 s.
  for (let index = 0; index < 9_999; index++) {
    const ms = 0.1 * 1e6 ** (index / 9_999);
    all.push(ms);
    workers[index % 3]?.add(ms);
  }
  const { slow, scale } = marksOf(workers.map(({ counts }) => counts));
  const exact = (part: number): number => all[Math.ceil(part * all.length) - 1] ?? 0;
  const width = 2 ** (1 / 16) + 0.001;
  assert.equal(scale.length, 99);
  scale.forEach((mark, index) => {
    const true_ = exact((index + 1) / 100);
    assert(mark >= true_ * 0.999 && mark <= true_ * width, `${index + 1} %: ${mark}, exactly ${true_}`);
  });
  assert.deepEqual(slow, { q95: slowMark(scale[94] ?? 0), q99: slowMark(scale[98] ?? 0) });
});

test('the quickest and the slowest have a place, and too few say nothing', () => {
  const latencies = new Latencies();
  assert.deepEqual(marksOf([latencies.counts]), { slow: null, scale: [] });
  for (let index = 0; index < 199; index++) latencies.add(0);
  assert.deepEqual(marksOf([latencies.counts]), { slow: null, scale: [] });
  latencies.add(1e12);
  const { scale } = marksOf([latencies.counts]);
  assert.equal(scale.length, 99);
  assert.equal(Math.max(...scale), Math.min(...scale));
  assert.deepEqual(marksOf([]), { slow: null, scale: [] });
});
