// Rules of whole releases, from a real server, by a clock that the test holds.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricPolicy } from '../../../src/config/metrics.ts';
import type { Rule } from '../../../src/judge/facts.ts';
import { CustomMetrics, type Asked } from '../../../src/metrics/custom/custom-metrics.ts';
import { limits, policy, says, startSource, vector, type Answer, type Source } from './source.ts';

let source: Source;
let metrics: CustomMetrics;
let now: number;

beforeEach(async () => {
  now = 0;
  source = await startSource(says(200, vector('0.5')));
  metrics = new CustomMetrics({ fetch, environment: {}, now: () => now });
});

afterEach(async () => {
  await metrics.close();
  await source.close();
});

function asked(policies: readonly MetricPolicy[], more: Partial<Asked> = {}): Asked {
  return {
    app: 'shop',
    release: 'shop-7',
    metrics: policies,
    candidate: { environment: 'green', version: 'v2' },
    live: { environment: 'blue', version: 'v1' },
    signal: new AbortController().signal,
    ...more,
  };
}

/** Asks until the rule is as wanted: an answer takes real time, while the clock of the rules stands still. */
async function until(given: Asked, wanted: (rule: Rule) => boolean): Promise<Rule> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const [rule] = await metrics.rules(given);
    if (rule !== undefined && wanted(rule)) return rule;
    assert.ok(performance.now() < deadline, JSON.stringify(rule));
    await sleep(5);
  }
}

/** Different numbers for the two sides. */
const sides =
  (green: string, blue: string): Answer =>
  (request, response) => {
    response.end(vector(request.url?.includes('green') ? green : blue));
  };

const isKnown = (rule: Rule): boolean => rule.says !== 'not asked yet';

test('the first tick waits for nobody; what was found counts at a later one', async () => {
  const given = asked([policy(source.url)]);
  const [first] = await metrics.rules(given);
  assert.deepEqual(first, { name: 'errors', outcome: 'inconclusive', says: 'not asked yet' });
  const rule = await until(given, isKnown);
  assert.deepEqual(rule, { name: 'errors', outcome: 'pass', says: '0.5 on green: at most 1' });
  assert.equal(source.asked.length, 1, 'live does not matter to an absolute limit');
});

test('each metric is asked at its own interval, one question at a time', async () => {
  const given = asked([policy(source.url, { intervalMs: 1000 })]);
  await until(given, isKnown);
  now = 999;
  await metrics.rules(given);
  await sleep(50);
  assert.equal(source.asked.length, 1);
  const held = Promise.withResolvers<void>();
  source.answer = (_request, response) => {
    void held.promise.then(() => response.end(vector('0.25')));
  };
  for (now = 1000; now < 1900; now += 100) await metrics.rules(given);
  now = 2500;
  await metrics.rules(given);
  const deadline = performance.now() + 10_000;
  while (source.asked.length < 2 && performance.now() < deadline) await sleep(5);
  await sleep(50);
  assert.equal(source.asked.length, 2, 'the one that waits is the only one');
  held.resolve();
  await until(given, (rule) => rule.says.startsWith('0.25'));
});

test('a ratio asks for both sides, and fails after so many looks in a row', async () => {
  source.answer = sides('0.4', '0.1');
  const given = asked([policy(source.url, { limits: limits({ maxRatio: 2 }), failures: 2 })]);
  const once = await until(given, isKnown);
  assert.equal(once.outcome, 'inconclusive');
  assert.match(once.says, /^0.4 on green, 0.1 on blue: at most 2 × live; beyond it 1 of 2 times in a row$/);
  now = 1000;
  await until(given, ({ outcome }) => outcome === 'fail');
  assert.equal(source.asked.length, 4);
});

test('another release begins with nothing, and nothing of an app reaches another', async () => {
  source.answer = sides('5', '0');
  const given = asked([policy(source.url)]);
  await until(given, ({ outcome }) => outcome === 'fail');
  const [other] = await metrics.rules(asked([policy(source.url)], { app: 'blog', release: 'blog-1' }));
  assert.equal(other?.says, 'not asked yet');
  const [next] = await metrics.rules(asked([policy(source.url)], { release: 'shop-8' }));
  assert.equal(next?.says, 'not asked yet');
});

test('nothing is asked before the delay is over', async () => {
  const given = asked([policy(source.url, { delayMs: 30_000 })]);
  await metrics.rules(given);
  now = 29_999;
  await metrics.rules(given);
  await sleep(50);
  assert.equal(source.asked.length, 0);
  now = 30_000;
  await until(given, isKnown);
});

test('a source that is down for longer than the window leaves the rule open', async () => {
  const given = asked([policy(source.url, { windowMs: 5000 })]);
  await until(given, ({ outcome }) => outcome === 'pass');
  source.answer = says(503, 'no');
  now = 4000;
  await metrics.rules(given);
  await sleep(50);
  assert.equal((await metrics.rules(given))[0]?.outcome, 'pass');
  now = 10_000;
  const rule = await until(given, ({ outcome }) => outcome === 'inconclusive');
  assert.match(rule.says, /answered 503|nothing for a while/);
});

test('closing ends questions that hang, and no more are asked', async () => {
  const begun = Promise.withResolvers<void>();
  source.answer = () => begun.resolve();
  const given = asked([policy(source.url, { timeoutMs: 60_000 })]);
  await metrics.rules(given);
  await begun.promise;
  await metrics.close();
  now = 60_000;
  const [rule] = await metrics.rules(given);
  assert.equal(rule?.says, 'not asked yet', 'a question that was taken back is no look');
  await sleep(30);
  assert.equal(source.asked.length, 1);
});

test('a judge that has given up ends its questions, and the next one asks again', async () => {
  const begun = Promise.withResolvers<void>();
  source.answer = () => begun.resolve();
  const gone = new AbortController();
  const given = asked([policy(source.url, { timeoutMs: 60_000 })], { signal: gone.signal });
  await metrics.rules(given);
  await begun.promise;
  gone.abort();
  source.answer = says(200, vector('0.5'));
  now = 1000;
  await until(asked([policy(source.url)]), ({ outcome }) => outcome === 'pass');
});
