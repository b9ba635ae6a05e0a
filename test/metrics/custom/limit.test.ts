import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MetricPolicy } from '../../../src/config/metrics.ts';
import type { Rule } from '../../../src/judge/facts.ts';
import { found, nothingFound, ruleOf, type Found, type Look } from '../../../src/metrics/custom/limit.ts';
import type { Reading } from '../../../src/metrics/custom/reading.ts';
import { limits, policy } from './source.ts';

const names = { candidate: 'green', live: 'blue' };
const value = (of: number): Reading => ({ kind: 'value', value: of });
const empty: Reading = { kind: 'empty', why: 'no series' };
const down: Reading = { kind: 'unavailable', why: 'answered 503' };

/** A number stands for itself, a pair for candidate and live. */
type Seen = number | Reading | readonly [candidate: number | Reading, live: number | Reading];

const reading = (seen: number | Reading): Reading => (typeof seen === 'number' ? value(seen) : seen);

function looksOf(seen: readonly Seen[]): readonly Look[] {
  return seen.map((each, index) => {
    const at = (index + 1) * 1000;
    if (typeof each === 'number' || 'kind' in each) return { at, candidate: reading(each), live: null };
    return { at, candidate: reading(each[0]), live: reading(each[1]) };
  });
}

const after = (settings: MetricPolicy, seen: readonly Seen[]): Found =>
  looksOf(seen).reduce((state, look) => found(settings, state, look), nothingFound);

/** Looks a second apart; the rule right after the last. */
function rule(more: Partial<MetricPolicy>, ...seen: readonly Seen[]): Rule {
  const settings = policy('http://p', more);
  return ruleOf(settings, after(settings, seen), names, seen.length * 1000);
}

const outcome = (more: Partial<MetricPolicy>, ...seen: readonly Seen[]): string =>
  rule(more, ...seen).outcome;

const max = (most: number): Partial<MetricPolicy> => ({ limits: limits({ max: most }) });
const ratio = (most: number, more: Partial<MetricPolicy['limits']> = {}): Partial<MetricPolicy> => ({
  limits: limits({ maxRatio: most, ...more }),
});

test('before the first answer nothing is known', () => {
  assert.deepEqual(rule({}), { name: 'errors', outcome: 'inconclusive', says: 'not asked yet' });
});

test('an absolute limit is passed by more than it, on either side', () => {
  assert.equal(outcome(max(1), 1), 'pass');
  assert.equal(outcome(max(1), 1.001), 'fail');
  assert.equal(outcome({ limits: limits({ min: 5 }) }, 5), 'pass');
  assert.equal(outcome({ limits: limits({ min: 5 }) }, 4.9), 'fail');
  assert.equal(outcome({ limits: limits({ min: 5, max: 6 }) }, 7), 'fail');
  assert.equal(outcome({ limits: limits({ min: 5, max: 6 }) }, 5.5), 'pass');
  assert.equal(outcome(max(1), Infinity), 'fail');
  assert.equal(outcome(max(1), -Infinity), 'pass');
  assert.equal(rule(max(0.05), 0.31234).says, '0.312 on green: at most 0.05');
});

test('a ratio compares with live at the same moment', () => {
  assert.equal(outcome(ratio(1.5), [0.15, 0.1]), 'pass');
  assert.equal(outcome(ratio(1.5), [0.16, 0.1]), 'fail');
  assert.equal(outcome({ limits: limits({ minRatio: 0.8 }) }, [79, 100]), 'fail');
  assert.equal(outcome({ limits: limits({ minRatio: 0.8 }) }, [80, 100]), 'pass');
  assert.equal(rule(ratio(1.5), [0.31, 0.01]).says, '0.31 on green, 0.01 on blue: at most 1.5 × live');
});

test('with nothing on live every number is too many times it, but for those up to the floor', () => {
  assert.equal(outcome(ratio(2), [0, 0]), 'pass');
  assert.equal(outcome(ratio(2), [0.001, 0]), 'fail');
  assert.equal(outcome(ratio(2, { floor: 0.01 }), [0.001, 0]), 'pass');
  assert.equal(outcome(ratio(2, { floor: 0.01 }), [0.02, 0]), 'fail');
});

test('a ratio to what cannot be compared with is inconclusive', () => {
  for (const live of [empty, down, value(-1), value(Infinity), value(-Infinity)])
    assert.equal(outcome(ratio(2), [1, live]), 'inconclusive', JSON.stringify(live));
  assert.equal(outcome(ratio(2), 1), 'inconclusive', 'nobody is on live');
  assert.equal(outcome(ratio(2, { floor: 5 }), [1, down]), 'pass', 'fine whatever live has');
  assert.match(rule(ratio(2), [1, down]).says, /on green, nothing on blue/);
});

test('an absolute limit fails whatever is known of the ratio', () => {
  const both = { limits: limits({ max: 1, maxRatio: 2 }) };
  assert.equal(outcome(both, [3, down]), 'fail');
  assert.equal(outcome(both, [0.5, down]), 'inconclusive');
  assert.equal(outcome(both, [0.5, 0.4]), 'pass');
});

test('it fails after so many in a row, and is open until then', () => {
  const three = { ...max(1), failures: 3 };
  assert.equal(outcome(three, 2, 2), 'inconclusive');
  assert.match(rule(three, 2, 2).says, /2 of 3 times in a row/);
  assert.equal(outcome(three, 2, 2, 2), 'fail');
  assert.equal(outcome(three, 2, 2, 0, 2, 2), 'inconclusive');
  assert.equal(outcome(three, 2, 2, 0), 'pass');
  assert.equal(outcome(three, 2, down, 2, empty, 2), 'fail', 'silence ends no row');
  assert.equal(outcome(three, 2, down, down, down), 'inconclusive', 'and adds nothing to it');
});

test('the mean of the window is compared, and what is older is forgotten', () => {
  const window = { ...max(1), windowMs: 3000 };
  assert.equal(outcome(window, 0, 0, 2.9), 'pass');
  assert.equal(outcome(window, 0, 0, 3.1), 'fail');
  assert.equal(outcome(window, 0, 0, 0, 3.1), 'fail', 'three looks are in it');
  assert.equal(outcome(window, 100, 0, 0, 2.9), 'pass');
  const pairs = { ...ratio(2), windowMs: 10_000 };
  assert.equal(outcome(pairs, [100, down], [2, 1]), 'pass', 'only looks that found both make a ratio');
});

test('one look without an answer is bridged by those before it; no longer than the window', () => {
  const settings = policy('http://p', { ...max(1), windowMs: 5000 });
  const state = after(settings, [0.5, down]);
  assert.equal(ruleOf(settings, state, names, 2000).outcome, 'pass');
  assert.equal(ruleOf(settings, state, names, 60_000).outcome, 'inconclusive');
  const brief = policy('http://p', max(1));
  assert.equal(ruleOf(brief, after(brief, [0.5]), names, 2000).outcome, 'pass');
  const stopped = ruleOf(brief, after(brief, [0.5]), names, 60_000);
  assert.deepEqual(
    [stopped.outcome, stopped.says],
    ['inconclusive', 'no number for green: nothing for a while'],
  );
});

test('without a number it is inconclusive, unless asked otherwise', () => {
  assert.deepEqual(rule({}, empty, empty, empty, empty), {
    name: 'errors',
    outcome: 'inconclusive',
    says: 'no number for green: no series',
  });
  assert.equal(outcome({}, down, down, down, down), 'inconclusive');
  assert.equal(outcome({ noData: 'pass' }, empty), 'pass');
  assert.equal(
    outcome({ noData: 'pass' }, down),
    'inconclusive',
    'who cannot be asked has not said that all is well',
  );
  for (const nothing of [empty, down]) {
    assert.equal(outcome({ noData: 'fail', failures: 2 }, nothing), 'inconclusive');
    assert.equal(outcome({ noData: 'fail', failures: 2 }, nothing, nothing), 'fail');
    assert.equal(outcome({ noData: 'fail', failures: 2 }, nothing, 0, nothing), 'inconclusive');
  }
  assert.equal(
    outcome({ noData: 'fail', windowMs: 60_000 }, 0, empty),
    'fail',
    'though a number is in the window',
  );
  assert.equal(outcome({ noData: 'fail', ...ratio(2) }, [1, down]), 'inconclusive', 'live is not on trial');
});

test('a dry run passes, and says what it would have been', () => {
  const dry = { dryRun: true, ...max(1) };
  assert.deepEqual(rule(dry, 5), {
    name: 'errors',
    outcome: 'pass',
    says: 'dry run, would fail: 5 on green: at most 1',
  });
  assert.match(rule(dry, down).says, /^dry run, would be inconclusive: no number for green: answered 503$/);
  assert.match(rule(dry, 0.5).says, /^dry run, passes: 0.5 on green: at most 1$/);
});

const someReading = fc.oneof(fc.double({ noNaN: true }).map(value), fc.constant(empty), fc.constant(down));
const someLimits = fc
  .record({
    max: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    maxRatio: fc.option(fc.double({ min: 0.1, max: 10, noNaN: true })),
    minRatio: fc.option(fc.double({ min: 0.1, max: 10, noNaN: true })),
  })
  .map(limits);

test('nothing but a number of the candidate beyond a limit ever fails, unless missing numbers are to', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(someReading, fc.option(someReading))),
      someLimits,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(0, 1000, 5000),
      (seen, of, failures, windowMs) => {
        const settings = policy('http://p', { limits: of, failures, windowMs });
        let state = nothingFound;
        for (const [index, [candidate, live]] of seen.entries())
          state = found(settings, state, { at: (index + 1) * 1000, candidate, live });
        const { outcome: now, says } = ruleOf(settings, state, names, seen.length * 1000);
        const numbers = seen.filter(([candidate]) => candidate.kind === 'value').length;
        if (now === 'fail') assert.ok(numbers >= failures, says);
        assert.ok(state.looks.length <= Math.max(1, windowMs / 1000), 'the window is bounded');
        assert.doesNotMatch(says, /NaN/);
        const dry = ruleOf({ ...settings, dryRun: true }, state, names, seen.length * 1000);
        assert.equal(dry.outcome, 'pass');
      },
    ),
  );
});
