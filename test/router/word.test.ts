import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { turnMs, Word, type WordOptions } from '../../src/router/embedded/word.ts';

const limitMs = 10_000;

const word = (more: Partial<WordOptions> = {}): Word =>
  new Word({ limitMs, heardAt: null, today: 1_000_000, now: 0, ...more });

test('exposures expire when nothing was heard for the time, and not before', () => {
  const one = word();
  for (let now = turnMs; now < limitMs; now += turnMs) {
    one.turn(now);
    assert.equal(one.expired, false, `${now}`);
  }
  one.turn(limitMs);
  assert.equal(one.expired, true);
});

test('each word begins the time anew', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 }), (silences) => {
      const one = word();
      let now = 0;
      for (const seconds of silences) {
        for (let turn = 0; turn < seconds; turn++) one.turn((now += turnMs));
        assert.equal(one.expired, false);
        one.heard(2_000_000 + now);
      }
      assert.equal(one.heardAt, silences.length === 0 ? null : 2_000_000 + now);
    }),
  );
});

test('a machine that stood still for an hour was not silent for an hour', () => {
  const one = word();
  one.turn(turnMs);
  one.turn(3_600_000);
  assert.equal(one.expired, false);
  for (let turn = 1; turn <= 10; turn++) one.turn(3_600_000 + turn * turnMs);
  assert.equal(one.expired, true);
});

test('a router that was started again counts from what the one before has heard', () => {
  const today = 1_000_000;
  assert.equal(word({ heardAt: today - limitMs }).expired, true);
  const one = word({ heardAt: today - 8000 });
  assert.equal(one.expired, false);
  one.turn(turnMs);
  one.turn(2 * turnMs);
  assert.equal(one.expired, true);
});

test('a clock that was put back makes nothing expire', () => {
  assert.equal(word({ heardAt: 1_000_000 + 3_600_000 }).expired, false);
});

test('without a limit nothing ever expires', () => {
  const one = word({ limitMs: null, heardAt: 0 });
  for (let turn = 1; turn < 1000; turn++) one.turn(turn * turnMs);
  assert.equal(one.expired, false);
});
