import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buckets, within } from '../../src/audience/bucket.ts';
import {
  beginCohort,
  countFirsts,
  firstCohort,
  type CohortState,
  type ReleaseCohort,
} from '../../src/audience/cohort.ts';

/** Buckets are followed in steps of 250: a quarter of a percent, of which all widths here are multiples. */
const grain = 250;
const places = Array.from({ length: buckets / grain }, (_, index) => index * grain);

interface Story {
  readonly state: CohortState;
  /** How often each place has been among the firsts. */
  readonly firsts: readonly number[];
}

/** One release that exposes `width` first. */
function release({ state, firsts }: Story, width: number): Story & { readonly chosen: readonly number[] } {
  const begun = beginCohort(state, 'fresh');
  const chosen = places.filter((place) => within(place, begun.offset, width));
  const counted = countFirsts(state, begun, width);
  return {
    state: counted.state,
    chosen,
    firsts: firsts.map((count, index) => count + (chosen.includes(index * grain) ? 1 : 0)),
  };
}

const begin = (): Story => ({ state: firstCohort, firsts: places.map(() => 0) });

test('C18: `same` is the same people in three releases and more, whatever fresh releases are between them', () => {
  const begun = beginCohort({ offset: 12_345 }, 'same');
  assert.equal(begun.offset, 0);
  const after = countFirsts({ offset: 12_345 }, begun, 5000);
  assert.deepEqual(after.state, { offset: 12_345 });
  assert.equal(beginCohort(after.state, 'same').offset, 0);
});

for (const percent of [1, 5, 30]) {
  test(`C18: \`fresh\` at ${percent} % repeats nobody until all have been first`, () => {
    let story = begin();
    for (let number = 1; number <= 60; number++) {
      const closes = number % Math.ceil(100 / percent) === 0 && 100 % percent !== 0;
      const least = Math.min(...story.firsts);
      const next = release(story, percent * 1000);
      const repeats = next.chosen.filter((place) => (story.firsts[place / grain] as number) > least);
      if (100 % percent === 0) assert.deepEqual(repeats, [], `release ${number}`);
      else if (repeats.length > 0) assert.ok(closes || Math.min(...next.firsts) > least, `release ${number}`);
      story = next;
    }
  });
}

test('C18: with widths that change, nobody is ever ahead of anybody by more than one, and only the release that closes a round repeats', () => {
  const width = fc.oneof(
    fc.constantFrom(1000, 5000, 30_000),
    fc.integer({ min: 1, max: buckets / grain }).map((count) => count * grain),
  );
  fc.assert(
    fc.property(fc.array(width, { minLength: 1, maxLength: 40 }), (widths) => {
      let story = begin();
      for (const each of widths) {
        const least = Math.min(...story.firsts);
        const next = release(story, each);
        assert.ok(Math.max(...next.firsts) - Math.min(...next.firsts) <= 1);
        const repeated = next.chosen.some((place) => (story.firsts[place / grain] as number) > least);
        // It repeats some only when behind it everybody has been first.
        if (repeated) assert.ok(Math.min(...next.firsts) > least);
        story = next;
      }
    }),
    { numRuns: 60 },
  );
});

test('the offset moves once for each release that exposed anyone, also when it was aborted, and not for one that exposed nobody', () => {
  const begun = beginCohort(firstCohort, 'fresh');
  const once = countFirsts(firstCohort, begun, 5000);
  assert.deepEqual(once.state, { offset: 5000 });
  assert.deepEqual(countFirsts(once.state, once.release, 5000), once);
  assert.deepEqual(countFirsts(once.state, once.release, 50_000), once);
  assert.equal(once.release.offset, 0, 'the windows of a running release stay where they are');
  assert.equal(beginCohort(firstCohort, 'fresh').offset, 0);
});

test('a retry exposes the same people again and is not counted again, also after another release', () => {
  const first = countFirsts(firstCohort, beginCohort(firstCohort, 'fresh'), 5000);
  const other = countFirsts(first.state, beginCohort(first.state, 'fresh'), 10_000);
  assert.deepEqual(other.state, { offset: 15_000 });
  const again = beginCohort(other.state, 'fresh', first.release);
  assert.equal(again.offset, 0);
  assert.deepEqual(countFirsts(other.state, again, 5000).state, { offset: 15_000 });
});

test('a retry of a release that exposed nobody begins where the next release would', () => {
  const quiet: ReleaseCohort = beginCohort(firstCohort, 'fresh');
  const again = beginCohort({ offset: 10_000 }, 'fresh', quiet);
  assert.deepEqual(again, { cohort: 'fresh', offset: 10_000, counted: false });
});

test('the window of a release that closes a round goes on at the beginning of the circle', () => {
  const state = { offset: 98_000 };
  const begun = beginCohort(state, 'fresh');
  assert.ok(
    within(99_999, begun.offset, 5000) && within(0, begun.offset, 5000) && within(2999, begun.offset, 5000),
  );
  assert.ok(!within(3000, begun.offset, 5000) && !within(97_999, begun.offset, 5000));
  assert.deepEqual(countFirsts(state, begun, 5000).state, { offset: 3000 });
});
