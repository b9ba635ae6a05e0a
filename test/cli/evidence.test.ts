import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderCourse, renderEvidence } from '../../src/cli/render/evidence.ts';
import { widthOf } from '../../src/cli/render/paint.ts';
import { renderApp } from '../../src/cli/render/status.ts';
import type { EvidenceView } from '../../src/control/contract.ts';
import { verdict } from '../release/story.ts';
import { app, now, release } from './fake.ts';

process.env['TZ'] = 'UTC';
const wide = { width: 100, colour: false, now };
const narrow = { width: 40, colour: false, now };

const said = verdict('freeze', {
  sentence:
    '11 of 214 people on green hit an error, 3 of 4 100 on blue: 9–60× worse; goes no further for now',
  log: 2.6,
  needed: { people: 340, seconds: 660 },
});
const counted = {
  requests: { candidate: 12_310, live: 240_000 },
  failed: { candidate: 40, live: 3 },
  anonymous: { candidate: 7, live: 93 },
  lost: 2,
  sampled: 0.5,
};
const evidence: EvidenceView = {
  app: 'shop',
  release: 'shop-7',
  at: now,
  candidate: 'green',
  verdict: said,
  metrics: [
    {
      id: 'errors',
      says: 'hit an error',
      log: 3.2,
      safety: -800,
      named: true,
      ratio: { low: 9, high: 60 },
      candidate: 11,
      live: 3,
      harmed: 10.84,
    },
    {
      id: 'latency',
      says: 'are answered more slowly',
      log: -Number.MAX_VALUE,
      safety: null,
      named: false,
      ratio: null,
      candidate: 200,
      live: 4000,
      harmed: null,
    },
  ],
  rules: [{ name: 'queue', outcome: 'pass', says: 'queue is 3, allowed 100' }],
  promise: { alpha: 0.01, beta: 0.05, freeze: 10 },
  limits: {},
  personMinutes: { candidate: 512.4, live: 9800 },
  counted,
  course: [
    {
      seq: 0,
      at: now - 40_000,
      seconds: 10,
      stage: 'step 1',
      action: 'wait',
      log: 0,
      sentence: 'watched on',
      lost: true,
    },
    {
      seq: 3,
      at: now,
      seconds: 40,
      stage: 'step 1',
      action: 'freeze',
      log: 2.6,
      sentence: said.sentence,
      lost: false,
    },
  ],
};

test('evidence says what was seen, what it takes, and what is promised', () => {
  assert.equal(
    renderEvidence(evidence, { ...wide, width: 400 }),
    [
      '! shop-7  11 of 214 people on green hit an error, 3 of 4 100 on blue: 9–60× worse; goes no further for now',
      '  evidence  log E 2.6 · holds at 2.3 · back at 4.6',
      '  promise   randomised · rolled back by mistake: at most 1 % · gone on by mistake: at most 5 %',
      '  errors    hit an error: · log E 3.2, worse by itself · safe -800.0 of 3.0 · ratio 9–60 · 11 of 214 on green, 3 of 4,100 on blue · harmed 11',
      '  latency   are answered more slowly: · log E −∞ · 200 scored on green, 4,000 on blue',
      '  rule      queue: · pass · queue is 3, allowed 100',
      '  people    214 on green (512 active min) · 4,100 on blue (9800 active min) · needs about 340 more, ~11 min at this traffic · 50 % of them are counted, alike on both sides',
      '  requests  12,310 requests on green, 40 failed · 240,000 requests on blue, 3 failed · 100 of nobody known, not compared · the counts of 2 ticks were lost',
    ].join('\n'),
  );
});

test('a narrow terminal gets the same in more lines, none of them wider than it', () => {
  const lines = [renderEvidence(evidence, narrow), renderCourse(evidence, narrow)].join('\n').split('\n');
  for (const line of lines) assert.ok(widthOf(line) <= 40, line);
  assert.ok(lines.length > 20);
});

test('the course of a release shows when something changed', () => {
  assert.equal(
    renderCourse(evidence, { ...wide, width: 200 }),
    [
      '11:59:20  … step 1  after 10 s  log E 0.0  counts lost',
      '          watched on',
      '12:00:00  ! step 1  after 40 s  log E 2.6',
      `          ${said.sentence}`,
    ].join('\n'),
  );
});

test('where only limits hold the promise says so', () => {
  const alone = verdict('wait', { guarantee: 'no comparison: absolute limits only' });
  assert.match(
    renderEvidence({ ...evidence, verdict: alone }, wide),
    /promise {3}no comparison: absolute limits only\n/,
  );
});

test('the status says what the judge holds it for', () => {
  const held = app({ release: release({ verdict: { ...said, at: now } }) });
  assert.match(
    renderApp(held, { ...wide, width: 200 }),
    /\n {2}judge {5}! 11 of 214 people .* no further for now\n/,
  );
  for (const line of renderApp(held, narrow).split('\n'))
    assert.ok(widthOf(line) <= 44 || line.includes('http'), line);
});
