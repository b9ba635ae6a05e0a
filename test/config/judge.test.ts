import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { App } from '../../src/config/config.ts';
import type { ExposePolicy, StepPolicy } from '../../src/config/release.ts';
import { diffConfig } from '../../src/config/diff.ts';
import { checkConfig, parseConfig } from '../../src/config/load.ts';
import { defaults } from '../../src/judge/settings.ts';

const text = (more: string): string => `apps: { shop: { run: { process: { command: serve } }, ${more} } }`;
const shop = (more: string): App => parseConfig(text(more), '/srv/teal.yaml').apps['shop']!;
const exposes = (app: App): readonly ExposePolicy[] =>
  app.release.steps.filter((step: StepPolicy) => step.kind === 'expose');
const minute = 60_000;

test('what is promised when nothing is said is what the judge itself has as its defaults', () => {
  const { judge } = shop('judge: on');
  assert.deepEqual(judge, {
    tickMs: 10_000,
    alpha: defaults.alpha,
    beta: defaults.beta,
    limits: {},
    metrics: [],
  });
  const [step] = exposes(shop('judge: on, release: { steps: [{ expose: { percent: 5 } }] }'));
  assert.deepEqual(step, {
    kind: 'expose',
    to: [],
    percent: 5,
    forMs: defaults.minSeconds * 1000,
    judge: 'on',
    atMostMs: defaults.maxSeconds * 1000,
    withoutEvidence: 'ask',
  });
});

test('a time that somebody gives is kept: the judge holds the step, or it takes at least that long', () => {
  const steps = (inside: string): ExposePolicy =>
    exposes(shop(`judge: on, release: { steps: [{ expose: { percent: 5, ${inside} } }] }`))[0]!;
  assert.deepEqual([steps('for: 1m').judge, steps('for: 1m').forMs], ['hold', minute]);
  const both = steps('for: 20m, judge: on, without-evidence: rollback');
  assert.deepEqual([both.forMs, both.atMostMs, both.withoutEvidence], [20 * minute, 20 * minute, 'rollback']);
  assert.equal(steps('for: 1m, judge: on').forMs, 2 * minute, 'judge.min is the least');
  assert.deepEqual([steps('judge: off').judge, steps('judge: off').forMs], ['off', 10 * minute]);
});

test('a canary goes on by evidence, and holds the last twentieth back by time', () => {
  const ramp = exposes(shop('judge: on, release: { strategy: canary }'));
  assert.deepEqual(
    ramp.map(({ percent, judge }) => [percent, judge]),
    [...[1, 5, 10, 25, 50].map((percent) => [percent, 'on']), [95, 'hold']],
  );
  assert.equal(ramp.at(-1)?.forMs, 30 * minute);
  const more = exposes(
    shop('judge: { hold-back: { percent: 2.5, for: 1h } }, release: { strategy: canary }'),
  );
  assert.deepEqual([more.at(-1)?.percent, more.at(-1)?.forMs], [97.5, 60 * minute]);
  const none = exposes(shop('judge: { hold-back: 0 }, release: { strategy: canary }'));
  assert.equal(none.at(-1)?.percent, 50);
});

test('without a judge a canary goes on by time, as it did', () => {
  const ramp = exposes(shop('judge: off, release: { strategy: canary }'));
  assert.deepEqual(
    ramp.map(({ percent, forMs, judge }) => [percent, forMs / minute, judge]),
    [...[1, 5, 10, 25, 50].map((percent) => [percent, 10, undefined]), [95, 30, undefined]],
  );
});

test('a weaker promise than the usual one draws a warning', () => {
  const found = checkConfig(text('judge: { alpha: 0.05, beta: 0.01 }'), 'teal.yaml');
  assert.deepEqual(
    found.map(({ severity, path }) => `${severity} ${path}`),
    ['warning apps.shop.judge.alpha'],
  );
});

test('what a change of it means is told, and takes effect with the next release', () => {
  const before = shop('judge: { limit: { errors: 0.1 } }');
  assert.deepEqual(diffConfig(before, shop('judge: { tick: 5s, limit: { errors: 0.2 } }')), [
    { path: 'judge.tick', before: '10s', after: '5s', effect: 'next release' },
    { path: 'judge.limit', before: '[errors: 0.1]', after: '[errors: 0.2]', effect: 'next release' },
  ]);
  const older = { ...before };
  delete (older as { judge?: unknown }).judge;
  assert.equal(diffConfig(older, before)[0]?.path, 'judge');
});
