// The bench compares rules; what it stands on is checked here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interval, upper } from '../../bench/judge/figures.ts';
import { Counter, pastOf } from '../../bench/judge/people.ts';
import { isHigh } from '../../bench/judge/rank-test.ts';
import { Walk } from '../../bench/judge/rule.ts';
import { harmful, healthy } from '../../bench/judge/scenarios.ts';
import { teal } from '../../bench/judge/teal.ts';
import { fixedThreshold } from '../../bench/judge/threshold.ts';
import { traceOf, usual } from '../../bench/judge/trace.ts';
import { near } from './support.ts';

const times = (count: number, value: number): readonly number[] => Array<number>(count).fill(value);
const scenario = (name: string): (typeof harmful)[number] => {
  const found = [...healthy, ...harmful].find((each) => each.name === name);
  assert(found, name);
  return found;
};

test('the rank test decides the published cases: ten points of 100 against 1 are high, seven of ten are not', () => {
  // github.com/spinnaker/spinnaker/issues/6278, github.com/spinnaker/kayenta/issues/426
  assert.equal(isHigh([...times(7, 100), ...times(3, 1)], times(10, 1)), false);
  assert.equal(isHigh([...times(8, 100), ...times(2, 1)], times(10, 1)), true);
  assert.equal(isHigh([0, 1, 2, 1, 0, 0], times(6, 0)), false);
  assert.equal(isHigh(times(10, 1), times(10, 1)), false);
  // Everything five times as large is seen, in any unit.
  const points = Array.from({ length: 20 }, (_, index) => 1 + (index % 5) / 10);
  for (const unit of [1, 1e-6]) {
    const live = points.map((each) => each * unit);
    const candidate = live.map((each) => 5 * each);
    assert.deepEqual([isHigh(candidate, live), isHigh(live, candidate)], [true, false]);
  }
});

test('limits of a share are those of Clopper and Pearson', () => {
  near(upper(0, 400, 0.95), 1 - 0.05 ** (1 / 400), 1e-9);
  const [low, high] = interval(3, 20);
  near(low, 0.03207, 1e-4);
  near(high, 0.37893, 1e-4);
  assert.deepEqual(interval(5, 5)[1], 1);
});

test('an hour has the traffic it says, and is the same for the same seed', () => {
  const [one, two] = [traceOf({ ...usual, seed: 7 }), traceOf({ ...usual, seed: 7 })];
  assert.deepEqual(one, two);
  near(one.length / 3600, 55, 0.05);
  near(one.fails.reduce((sum, each) => sum + each, 0) / one.length, 0.0052, 0.001);
  assert(one.at.every((at, index) => index === 0 || at >= (one.at[index - 1] ?? 0)));
});

test('only requests that the old version would have answered count as harmed', () => {
  const trace = traceOf({ ...usual, seed: 8 });
  const harmedIn = (name: string, share: number): number => {
    const walk = new Walk(trace, scenario(name));
    walk.to(3600, share);
    return walk.harmed;
  };
  assert.equal(harmedIn('healthy', 1), 0);
  assert.equal(harmedIn('+20 % errors', 0), 0);
  near(harmedIn('+20 % errors', 1) / trace.length, 0.2 * (1 - 0.0052), 0.005);
});

test('on one hour an outage of a fifth harms 25 times fewer than by a fixed threshold, and a healthy version is let live', () => {
  const rule = teal('steps of 5', pastOf(1));
  const trace = traceOf({ ...usual, seed: 9 });
  const outage = scenario('+20 % errors');
  const [ours, theirs] = [rule.replay(trace, outage), fixedThreshold(10).replay(trace, outage)];
  assert(
    (ours.rolledBackAt ?? Infinity) <= 60 && theirs.rolledBackAt === 660,
    JSON.stringify([ours, theirs]),
  );
  assert(theirs.harmed >= 25 * ours.harmed, `${ours.harmed} ${theirs.harmed}`);
  assert.deepEqual(rule.replay(trace, scenario('healthy')), {
    rolledBackAt: null,
    promotedAt: 2400,
    harmed: 0,
  });
});

test('people are exposed where their next request would go: a step of the ramp takes along those who have left', () => {
  const counter = new Counter(pastOf(1));
  const fine = { fails: false, latency: 10 };
  for (let person = 0; person < 100; person += 1)
    counter.see({ person, bucket: person / 100, isNew: person < 10, at: 1, share: 0.1 }, fine);
  const exposed = (end: number, share: number): readonly number[] => {
    const { errors } = counter.take(end, 6, share).events;
    return [errors?.candidate.exposed ?? 0, errors?.live.exposed ?? 0].map((minutes) =>
      Math.round(minutes * 10),
    );
  };
  assert.deepEqual(exposed(6, 0.1), [10, 90]);
  assert.deepEqual(exposed(12, 0.95), [95, 5]);
  assert.deepEqual(exposed(62, 0.95), [0, 0], 'after a minute they are not active any more');
});
