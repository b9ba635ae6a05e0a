import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Known } from '../../../src/control/migrate/known.ts';
import { emptyCorpus, mergeCorpora, type Corpus } from '../../../src/database/prove/corpus.ts';

const seen = (calls: Readonly<Record<string, number>>): Corpus => ({
  ...emptyCorpus,
  statements: Object.entries(calls).map(([text, times]) => ({
    text,
    calls: times,
    role: null,
    searchPath: null,
  })),
});

const many = (from: number, to: number, calls = 9): Record<string, number> =>
  Object.fromEntries(Array.from({ length: to - from }, (_, at) => [`s${from + at}`, calls]));

const texts = (known: Known): readonly string[] => known.corpus.statements.map(({ text }) => text);

test('when a version sends too many statements, those go that were seen longest ago, and are counted as lost', () => {
  const known = new Known();
  known.add(seen(many(0, 5000)));
  known.add(seen({ s0: 1 }));
  assert.equal(known.add(seen({ new: 1 })), true);
  assert.equal(known.corpus.statements.length, 5000);
  assert.deepEqual(texts(known).slice(-2), ['s0', 'new'], 'also when others were sent more often');
  assert.ok(!texts(known).includes('s1'));
  assert.equal(known.corpus.evicted, 1);
  assert.equal(known.add(seen({ new: 1, s0: 1 })), false);
});

test('of one look the rarest go', () => {
  const known = new Known();
  known.add(seen({ often: 7, rare: 1, ...many(0, 4999) }));
  assert.ok(!texts(known).includes('rare'));
  assert.ok(texts(known).includes('often'));
});

test('long statements are bounded by their length', () => {
  const known = new Known();
  for (let at = 0; at < 12; at++) known.add(seen({ [`${at}${'x'.repeat(1_000_000)}`]: 1 }));
  assert.deepEqual(
    texts(known).map((text) => Number.parseInt(text, 10)),
    [5, 6, 7, 8, 9, 10, 11],
  );
});

test('what is kept goes on where it was, and what is known is what all looks have seen together', () => {
  const looks = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 9 })), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(looks, fc.nat(6), (all, restart) => {
      let known = new Known();
      for (const [at, look] of all.entries()) {
        if (at === restart) known = new Known(JSON.parse(JSON.stringify(known.corpus)) as Corpus);
        known.add(seen(look));
      }
      const sorted = ({ statements }: Corpus): object =>
        Object.fromEntries(statements.map(({ text, calls }) => [text, calls]));
      assert.deepEqual(sorted(known.corpus), sorted(mergeCorpora(all.map(seen))));
      const last = (text: string): number => all.findLastIndex((look) => text in look);
      const order = texts(known).map(last);
      assert.deepEqual(
        order,
        order.toSorted((one, other) => one - other),
        'seen longest ago first',
      );
    }),
  );
});
