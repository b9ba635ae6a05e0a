import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOf, median, shortOf, tableOf, type BadRun, type GoodRun } from '../../bench/proof/figures.ts';

const bad = (more: Partial<BadRun> = {}): BadRun => ({
  end: 'rolled back',
  harmed: 6,
  exposedSeconds: 12,
  detectedSeconds: 9,
  lost: 0,
  why: '',
  ...more,
});
const good = (more: Partial<GoodRun> = {}): GoodRun => ({
  end: 'live',
  seconds: 100,
  errors: { candidate: 1, live: 2 },
  lost: 0,
  why: '',
  ...more,
});
const twenty = <T>(of: () => T): readonly T[] => Array.from({ length: 20 }, of);
const met = { bad: twenty(bad), good: twenty(good) };

test('the proof is short of nothing when every run ended as it has to', () => {
  assert.deepEqual(shortOf(met), []);
  assert.equal(lineOf(met, 50)['good'], true);
  assert.match(tableOf(met), /rolled back +6 +12\.0 +9\.0 +0/);
});

test('one healthy release of twenty may ask for a sign-off; two may not', () => {
  const asked = (many: number) => [
    ...twenty(good).slice(many),
    ...Array.from({ length: many }, () => good({ end: 'asked' })),
  ];
  assert.deepEqual(shortOf({ ...met, good: asked(1) }), []);
  assert.match(shortOf({ ...met, good: asked(2) }).join('; '), /^18 of 20 healthy versions went live$/);
  assert.deepEqual(shortOf({ bad: [], good: [good(), good({ end: 'asked' })] }), []);
});

for (const [what, figures, words] of [
  ['a bad version that stays', { ...met, bad: [bad({ end: 'open' }), ...met.bad.slice(1)] }, /19 of 20 bad/],
  [
    'a bad version that was stopped by something else',
    { ...met, bad: [bad({ end: 'aborted' })] },
    /0 of 1 bad/,
  ],
  [
    'too many harmed in the median',
    { ...met, bad: twenty(() => bad({ harmed: 11 })) },
    /11 people .* not 10/,
  ],
  [
    'too many harmed once',
    { ...met, bad: [bad({ harmed: 31 }), ...met.bad.slice(1)] },
    /31 people .* not 30/,
  ],
  [
    'a healthy version rolled back',
    { ...met, good: [good({ end: 'rolled back' }), ...met.good.slice(1)] },
    /1 healthy versions rolled back/,
  ],
  [
    'a request that Teal lost',
    { ...met, good: [good({ lost: 1 }), ...met.good.slice(1)] },
    /1 requests lost/,
  ],
] as const) {
  test(`the proof is short of a goal by ${what}`, () => {
    assert.match(shortOf(figures).join('; '), words);
    assert.equal(lineOf(figures, 1)['good'], false);
  });
}

test('the median is the middle one, or between the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});
