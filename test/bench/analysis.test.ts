import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distribution, latencies, placeboTime, timeOf, type Move } from '../../bench/lib/analysis.ts';
import { goals, resultOf, type Measured } from '../../bench/lib/result.ts';
import { stagesOf } from '../../bench/lib/stages.ts';
import { tableOf } from '../../bench/lib/table.ts';
import type { EventView } from '../../src/control/contract.ts';
import type { Sample } from '../../src/load/samples.ts';

const windowMs = 500;

const sample = (sentAt: number, version: string, latency = 1): Sample => ({
  index: 0,
  scheduledAt: sentAt,
  sentAt,
  endedAt: sentAt + latency,
  status: 200,
  outcome: 'answered',
  version,
  shape: 0,
});

const move = (at: number, kind: Move['kind'] = 'switch'): Move => ({
  kind,
  at,
  answeredAt: at + 2,
  ...(kind === 'switch' ? { from: 'v1', to: 'v2' } : { from: 'v2', to: 'v1' }),
});

const event = (type: string, at: number): EventView => ({
  seq: at,
  at,
  app: 'bench',
  actor: 'teal',
  reason: null,
  type,
  says: type,
  data: {},
});

test('the time to switch ends with the start of the request after the last one that the old side answered', () => {
  const started = [
    sample(95, 'v1'),
    sample(105, 'v1'),
    sample(110, 'v2'),
    // Workers may change over one after the other: the first answer of the new side ends nothing.
    sample(115, 'v1'),
    sample(121, 'v2'),
    sample(125, 'v2'),
  ];
  assert.deepEqual(timeOf(move(100), started, Infinity), { ms: 21, gapMs: 6 });
});

test('a request that started before the command does not count, however late it is answered', () => {
  const started = [sample(99, 'v1', 400), sample(103, 'v2')];
  assert.deepEqual(timeOf(move(100), started, Infinity), { ms: 3, gapMs: 4 });
});

test('what the other side answers after the next command belongs to that one', () => {
  const started = [sample(101, 'v1'), sample(105, 'v2'), sample(201, 'v1')];
  assert.equal(timeOf(move(100), started, 200).ms, 5);
});

test('a switch after which the old side answers to the end has never happened', () => {
  const started = [sample(101, 'v1'), sample(150, 'v2'), sample(199, 'v1'), sample(201, 'v1')];
  assert.equal(timeOf(move(100), started, 200).ms, null);
  assert.equal(timeOf(move(300), started, Infinity).ms, null);
  assert.equal(distribution([1, null]).p95, Infinity);
});

test('the placebo is the time to the first request that starts after the answer', () => {
  const placebo = { windowAt: 0, at: 100, answeredAt: 104 };
  assert.equal(placeboTime(placebo, [sample(101, 'v1'), sample(106, 'v1')]), 6);
  assert.equal(placeboTime(placebo, [sample(101, 'v1')]), null);
});

test('latencies are those of the requests that were due within the windows', () => {
  const samples = [sample(99, 'v1', 1), sample(100, 'v1', 2), sample(599, 'v1', 3), sample(600, 'v1', 4)];
  assert.deepEqual(latencies(samples, [100], windowMs), [2, 3]);
  assert.deepEqual(latencies(samples, [100, 590], windowMs), [2, 3, 4]);
});

test('percentiles are by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual(distribution(values), { count: 100, median: 50, p95: 95, p99: 99, max: 100 });
});

test('the stages of a move are told by the events after its command', () => {
  const events = [
    event('switched', 50),
    event('switched', 111),
    event('step-passed', 101),
    event('switch-started', 104),
  ];
  assert.deepEqual(stagesOf(move(100.5), events), { accepted: 0.5, routed: 3.5, acknowledged: 10.5 });
  assert.equal(stagesOf(move(200), events), null);
});

/** A run at 500 requests a second: placebo at 1 s, switch at 2 s, placebo at 3 s, rollback at 4 s. */
function measured(change: Partial<Measured> = {}, { switchMs = 10, slowMs = 1 } = {}): Measured {
  const samples = Array.from({ length: 2500 }, (_, index) => {
    const at = index * 2;
    const version = at >= 2000 + switchMs && at < 4006 ? 'v2' : 'v1';
    return sample(at, version, at >= 2000 && at < 2500 ? slowMs : 1);
  });
  return {
    cycles: [
      {
        moves: [move(2000), move(4000, 'rollback')],
        placebos: [
          { windowAt: 1000, at: 1500, answeredAt: 1503 },
          { windowAt: 3000, at: 3500, answeredAt: 3503 },
        ],
      },
    ],
    run: { sent: 2500, answered: 2500, failed: 0, problems: {}, samples },
    events: [],
    windowMs,
    skews: [0, 0.1],
    full: false,
    ...change,
  };
}

test('a run that meets every goal is short of none', () => {
  const result = resultOf(measured());
  assert.deepEqual(result.short, []);
  assert.deepEqual(
    result.moves.map(({ kind, ms, placeboMs }) => ({ kind, ms, placeboMs })),
    [
      { kind: 'switch', ms: 10, placeboMs: 4 },
      { kind: 'rollback', ms: 6, placeboMs: 4 },
    ],
  );
  assert.equal(result.windows.ratio, 1);
  assert.match(tableOf(result), /all goals are met/);
});

const shortfalls: readonly (readonly [string, Measured, RegExp])[] = [
  ['a slow switch', measured({}, { switchMs: 120 }), /median switch: 120\.0 ms/],
  [
    'a lost request',
    measured({ run: { ...measured().run, answered: 2499, failed: 1 } }),
    /1 requests failed/,
  ],
  ['few requests in a full run', measured({ full: true }), /500 and 500 requests in the windows/],
  ['requests that feel it', measured({ full: true }, { slowMs: 9 }), /p99 after the moves: 9\.00 × placebo/],
  ['clocks that cannot be compared', measured({ skews: [0, 3] }), /clocks are 0\.00 and 3\.00 ms apart/],
  [
    'a load that hardly probes',
    measured({
      run: { ...measured().run, samples: measured().run.samples.filter((_, index) => index % 5 === 0) },
    }),
    new RegExp(`fewer than ${goals.probesPerSecond} probes`),
  ],
];

for (const [what, run, words] of shortfalls) {
  test(`${what} is short of a goal, and said so`, () => {
    const { short } = resultOf(run);
    assert.ok(
      short.some((each) => words.test(each)),
      `${words} in ${JSON.stringify(short)}`,
    );
  });
}
