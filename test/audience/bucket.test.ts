import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketOf, buckets, within } from '../../src/audience/bucket.ts';

/** The definition, written down a second time. */
function defined(seed: string, key: string): number {
  const digest = hash('sha256', Buffer.from(`${seed}:${key}`, 'utf8'), 'buffer');
  return digest.readUInt32BE(0) % 100_000;
}

test('a bucket is the first four bytes of SHA-256 over seed and key, modulo 100 000', () => {
  // Computed with Python's hashlib.
  const known: readonly (readonly [string, string, number])[] = [
    ['shop', 'anna', 1907],
    ['shop', 'jörg@example.com', 37935],
  ];
  for (const [seed, key, bucket] of known) assert.equal(bucketOf(seed, key), bucket);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (seed, key) => {
      const bucket = bucketOf(seed, key);
      assert.equal(bucket, defined(seed, key));
      assert.ok(bucket >= 0 && bucket < buckets);
    }),
  );
});

test('a window holds as many buckets as it is wide, wherever it begins, and a wider one holds the narrower', () => {
  const bucket = fc.integer({ min: 0, max: buckets - 1 });
  fc.assert(
    fc.property(bucket, bucket, fc.integer({ min: 0, max: buckets }), bucket, (at, offset, width, more) => {
      const distance = (at + buckets - offset) % buckets;
      assert.equal(within(at, offset, width), distance < width);
      if (within(at, offset, width)) assert.ok(within(at, offset, Math.min(buckets, width + more)));
    }),
  );
});

/** 32-bit FNV-1a without a seed, as it is often used for this: the test below has to find it out. */
function fnv(key: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(key)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return Math.floor((value / 2 ** 32) * buckets);
}

const numbers = (most: number): readonly string[] =>
  Array.from({ length: most }, (_, index) => `${index + 1}`);
const uuid = (index: number): string => {
  const hex = hash('sha256', `uuid ${index}`);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};
const names = ['jörg', 'zoë', '李雷', 'Ольга', 'محمد', 'ユーザー', 'n̈ame', '😀'];

const populations: Readonly<Record<string, readonly string[]>> = {
  '1 to 9': numbers(9),
  '1 to 100': numbers(100),
  '1 to 1000': numbers(1000),
  '1 to 10000': numbers(10_000),
  '100001 to 101000': Array.from({ length: 1000 }, (_, index) => `${100_001 + index}`),
  '00000 to 00999': Array.from({ length: 1000 }, (_, index) => `${index}`.padStart(5, '0')),
  UUIDs: Array.from({ length: 5000 }, (_, index) => uuid(index)),
  'e-mail addresses': Array.from({ length: 5000 }, (_, index) => `user${index}@example.com`),
  'names beyond ASCII': Array.from({ length: 4000 }, (_, index) => `${names[index % names.length]} ${index}`),
};
const seeds = ['shop', 'api', 'a', 'checkout-service', 'x-1'];
const percentages = [1, 5, 10, 25, 50, 75];

/** Probability of a count at least as far from the middle on its side, under a binomial; exact sum in logarithms. */
function tail(count: number, n: number, p: number): number {
  const low = count <= n * p;
  let sum = 0;
  for (let k = low ? 0 : count; k <= (low ? count : n); k++)
    sum += Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
  return Math.min(1, sum);
}

const logFactorials: number[] = [0];
function logFactorial(n: number): number {
  for (let k = logFactorials.length; k <= n; k++)
    logFactorials.push((logFactorials[k - 1] as number) + Math.log(k));
  return logFactorials[n] as number;
}
const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/**
 * Percentages whose count is too far out. 270 are looked at, so that by chance alone all stay within 1 in 100 000 each with a
 * probability of 99.5 %; the keys are fixed, so what passes once passes always.
 */
function tooFar(hashOf: (seed: string, key: string) => number): readonly string[] {
  const found: string[] = [];
  for (const [population, keys] of Object.entries(populations)) {
    for (const seed of seeds) {
      const placed = keys.map((key) => hashOf(seed, key));
      for (const percent of percentages) {
        const count = placed.filter((bucket) => within(bucket, 0, percent * 1000)).length;
        if (tail(count, keys.length, percent / 100) < 1e-5)
          found.push(`${population}, ${percent} %: ${count} of ${keys.length}`);
      }
    }
  }
  return found;
}

test('C19: whatever people are called, each percentage holds as many of them as chance would', () => {
  assert.deepEqual(tooFar(bucketOf), []);
});

test('C19 can fail: a plain FNV-1a without a seed does', () => {
  const found = tooFar((_seed, key) => fnv(key));
  assert.ok(found.length >= 20, `${found.length}`);
  assert.ok(found.some((line) => line.startsWith('1 to 100')));
});
