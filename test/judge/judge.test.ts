import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scoreLevels } from '../../src/judge/betting.ts';
import { eventMetrics } from '../../src/judge/units.ts';
import type { InstanceFacts, Stratum, Tick } from '../../src/judge/facts.ts';
import { begin, logComparison, step, type JudgeState } from '../../src/judge/judge.ts';
import { sentence } from '../../src/judge/says.ts';
import { defaults, totalGuard, type Settings } from '../../src/judge/settings.ts';
import { judge, type Verdict } from '../../src/judge/verdict.ts';
import { pair, stratum, tick } from './support.ts';

const run = (settings: Settings, ticks: readonly Tick[]): JudgeState =>
  ticks.reduce((state, each) => step(settings, state, each), begin(settings));

/** Ticks that are all alike but for their number. */
const times = (count: number, of: (seq: number) => Tick): readonly Tick[] =>
  Array.from({ length: count }, (_, seq) => of(seq));

/** 5 % of 6000 active people for 10 s: 50 person-minutes on the candidate; failing people as told. */
const failing = (x: number, y: number, some: Partial<Stratum> = {}): Stratum =>
  stratum({
    events: {
      errors: pair(50, 950, x, y),
      'errors-3': pair(50, 950, 0, 0),
      'slow-95': pair(50, 950, 2, 38),
      'slow-99': pair(50, 950, 0, 8),
    },
    arrived: { candidate: 5, live: 95 },
    ...some,
  });

/** The first verdict that does something, and after how many ticks. */
function first(settings: Settings, ticks: readonly Tick[], action: Verdict['action']): number | null {
  let state = begin(settings);
  for (const each of ticks) {
    state = step(settings, state, each);
    if (judge(settings, state).action === action) return state.next;
  }
  return null;
}

test('an outage on the candidate is rolled back at the first tick, and the sentence says what was seen', () => {
  const state = run(defaults, [tick(0, [failing(11, 3, { arrived: { candidate: 214, live: 4100 } })])]);
  const verdict = judge(defaults, state);
  assert.deepEqual([verdict.outcome, verdict.action, verdict.because], ['fail', 'roll-back', 'comparison']);
  assert.match(
    sentence(defaults, state, verdict),
    /^11 of 214 people on green hit an error, 3 of 4 100 on blue: \d+–?\d*× worse; rolled back after 10 s$|at least \d+× worse; rolled back after 10 s$/,
  );
  const errors = verdict.metrics[0];
  assert(errors?.named && errors.id === 'errors' && (errors.ratio?.low ?? 0) > 5);
  assert(Math.abs((errors.harmed ?? 0) - (11 - 50 * (3 / 950))) < 1e-9, 'beyond what live leads to expect');
  assert(verdict.p <= 0.01 && verdict.metrics.every(({ id, named }) => named === (id === 'errors')));
});

test('with a silent live side four failing people at 5 % are enough, one is not', () => {
  assert.equal(judge(defaults, run(defaults, [tick(0, [failing(1, 0)])])).action, 'wait');
  assert.equal(judge(defaults, run(defaults, [tick(0, [failing(4, 0)])])).action, 'roll-back');
});

test('what was enough once stays enough, also when later ticks look better', () => {
  const ticks = times(500, (seq) => tick(seq, [seq === 0 ? failing(6, 0) : failing(0, 30)]));
  const state = run(defaults, ticks);
  assert(logComparison(defaults, state) < 1);
  assert.equal(judge(defaults, state).action, 'roll-back');
});

test('evidence between freeze and rollback holds the release where it is, until it fades', () => {
  const ticks = times(60, (seq) => tick(seq, [seq === 0 ? failing(3, 0) : failing(0, 3)], { seconds: 30 }));
  assert.equal(judge(defaults, run(defaults, ticks.slice(0, 1))).action, 'freeze');
  assert.equal(first(defaults, ticks, 'advance') === null, false);
});

test('a healthy version goes on when every guarded metric is shown to be safe, and not before two minutes', () => {
  const ticks = times(200, (seq) => tick(seq, [failing(0, 1)]));
  const at = first(defaults, ticks, 'advance') ?? 0;
  assert(at >= 12 && at < 60, `${at}`);
  const waiting = judge(defaults, run(defaults, ticks.slice(0, 3)));
  assert.equal(waiting.action, 'wait');
  // The forecast was about right.
  const forecast = (waiting.needed?.seconds ?? 0) / 10 + 3;
  assert(forecast > at / 2 && forecast < at * 2, `${forecast} ${at}`);
  assert.match(
    sentence(defaults, run(defaults, ticks.slice(0, 3)), waiting),
    /^0 of 15 people on green hit an error, 3 of 285 on blue; needs about \d+ more people, ~.* at this traffic$/,
  );
});

test('a version twice as bad is not let on; one metric is enough to hold it', () => {
  const slower = (seq: number): Tick =>
    tick(seq, [
      stratum({
        events: {
          errors: pair(50, 950, 0, 1),
          'errors-3': pair(50, 950, 0, 0),
          'slow-95': pair(50, 950, seq % 2 === 0 ? 5 : 4, 38),
          'slow-99': pair(50, 950, 0, 8),
        },
      }),
    ]);
  assert.equal(first(defaults, times(90, slower), 'advance'), null);
});

test('good behaviour is not hoarded: bad minutes after it close the gate again', () => {
  const settings: Settings = { ...defaults, freeze: 99, alpha: 1e-9 };
  const state = run(
    settings,
    times(400, (seq) => tick(seq, [failing(0, 1)])),
  );
  assert.equal(judge(settings, state).action, 'advance');
  let later = state;
  for (let seq = 400; seq < 412; seq += 1) later = step(settings, later, tick(seq, [failing(2, 1)]));
  assert.notEqual(judge(settings, later).action, 'advance');
});

test('too little traffic to tell: it asks a person after a quarter of an hour, and neither goes on nor back by itself', () => {
  const quiet = times(200, (seq) =>
    tick(seq, [
      stratum({
        events: { errors: pair(0.05, 0.95, 0, 0) },
        arrived: { candidate: seq % 20 === 0 ? 1 : 0, live: 1 },
      }),
    ]),
  );
  assert.equal(first(defaults, quiet, 'advance'), null);
  assert.equal(first(defaults, quiet, 'roll-back'), null);
  assert.equal(first(defaults, quiet, 'ask'), 90);
  assert.equal(judge(defaults, run(defaults, quiet)).outcome, 'inconclusive');
});

test('while a person is asked the judge goes on, and rolls back', () => {
  const ticks = times(200, (seq) =>
    tick(seq, [stratum({ events: { errors: pair(1, 9, seq >= 150 ? 1 : 0, 0) } })]),
  );
  const asked = first(defaults, ticks, 'ask') ?? 0;
  const back = first(defaults, ticks, 'roll-back') ?? 0;
  assert(asked === 90 && back > 150 && back < 160, `${asked} ${back}`);
});

test('a regression that begins an hour into a release is rolled back within a minute', () => {
  const ticks = times(400, (seq) => tick(seq, [failing(seq >= 360 ? 3 : 0, 1)], { phase: 'watching' }));
  const at = first(defaults, ticks, 'roll-back') ?? 0;
  assert(at > 360 && at <= 366, `${at}`);
});

test('an incident on both sides is not the version', () => {
  const ticks = times(360, (seq) => tick(seq, [seq > 100 && seq < 112 ? failing(25, 475) : failing(0, 1)]));
  assert.equal(first(defaults, ticks, 'roll-back'), null);
  assert.equal(judge(defaults, run(defaults, ticks)).action, 'advance');
});

test('the guard on all traffic sees what hurts both sides, and says that the cause is not proven', () => {
  const settings: Settings = { ...defaults, total: totalGuard({ exposed: 30_000, events: 30 }) };
  const both = times(60, (seq) => tick(seq, [failing(seq < 20 ? 0 : 3, seq < 20 ? 1 : 57)]));
  const frozen = first(settings, both, 'freeze') ?? 0;
  assert(frozen > 20 && frozen < 24, `${frozen}`);
  assert.equal(first(settings, both, 'roll-back'), null, '6 % a minute: bad, but not an outage');
  const outage = times(60, (seq) => tick(seq, [failing(seq < 20 ? 0 : 25, seq < 20 ? 1 : 475)]));
  const at = first(settings, outage, 'roll-back') ?? 0;
  assert(at > 20 && at < 23, `${at}`);
  const state = run(settings, outage.slice(0, at));
  assert.match(
    sentence(settings, state, judge(settings, state)),
    /worse than before the release \(cause not proven\); rolled back/,
  );
});

test('when the comparison and the guard on all traffic see it in the same tick, the one that proves the cause is told', () => {
  const settings: Settings = { ...defaults, total: totalGuard({ exposed: 30_000, events: 30 }) };
  const outage = times(10, (seq) => tick(seq, [failing(50, 250)]));
  const at = first(settings, outage, 'roll-back') ?? 0;
  const state = run(settings, outage.slice(0, at));
  assert(state.peaks.total >= Math.log(1 / settings.totalAlpha), 'both are enough');
  const verdict = judge(settings, state);
  assert.equal(verdict.because, 'comparison');
  assert.match(sentence(settings, state, verdict), /on green .* rolled back/);
});

/** The candidate's counts on several instances. */
const on = (counts: readonly number[]): readonly InstanceFacts[] =>
  counts.map((events, index) => ({
    id: `i${index}`,
    events: { errors: { exposed: 50 / counts.length, events } },
  }));

test('one bad instance of eight is named and restarted, and the release goes on', () => {
  const ticks = times(30, (seq) => tick(seq, [failing(2, 0, { instances: on([2, 0, 0, 0, 0, 0, 0, 0]) })]));
  const state = run(defaults, ticks.slice(0, 3));
  const verdict = judge(defaults, state);
  assert.deepEqual([verdict.action, verdict.subject], ['restart-instance', 'i0']);
  assert.match(sentence(defaults, state, verdict), /only on instance i0; restart i0, not the release$/);
  // Restarted under a new name and well: nothing holds any more. Another one bad after it: it was the version.
  const well = (seq: number): Tick =>
    tick(seq, [
      failing(0, 1, {
        instances: on([0, 0, 0, 0, 0, 0, 0, 0]).map((each, index) =>
          index === 0 ? { ...each, id: 'i8' } : each,
        ),
      }),
    ]);
  const later = Array.from({ length: 50 }, (_, index) => well(3 + index)).reduce(
    (now, each) => step(defaults, now, each),
    state,
  );
  assert.equal(judge(defaults, later).action, 'advance');
  const worse = Array.from({ length: 10 }, (_, index) =>
    tick(53 + index, [failing(2, 0, { instances: on([0, 0, 2, 0, 0, 0, 0, 0]) })]),
  ).reduce((now, each) => step(defaults, now, each), later);
  assert.equal(judge(defaults, worse).action, 'roll-back');
});

test('a version that is bad on both of its two instances is rolled back at once', () => {
  const state = run(defaults, [tick(0, [failing(4, 0, { instances: on([2, 2]) })])]);
  assert.equal(judge(defaults, state).action, 'roll-back');
});

test('people who do not arrive as the share says stop everything', () => {
  const fresh = [{ share: 0.05, candidate: 300, live: 700 }];
  const state = run(defaults, [tick(0, [stratum({ fresh })])]);
  const verdict = judge(defaults, state);
  assert.deepEqual([verdict.action, verdict.because], ['stop', 'routing']);
  assert.match(sentence(defaults, state, verdict), /the routing is broken/);
  // Repaired, and enough people since who arrive as they should.
  const repaired = times(200, (seq) =>
    tick(1 + seq, [stratum({ fresh: [{ share: 0.05, candidate: 50, live: 950 }] })]),
  );
  const later = repaired.reduce((now, each) => step(defaults, now, each), state);
  assert.notEqual(judge(defaults, later).action, 'stop');
});

test('a targeted cohort is judged by absolute limits only, and says that there is no guarantee', () => {
  const limited = (limit: number | null): Settings => ({
    ...defaults,
    cohort: 'targeted',
    metrics: defaults.metrics.map((metric) =>
      metric.kind === 'event' && metric.id === 'errors' ? { ...metric, limit } : metric,
    ),
  });
  const bad = times(100, (seq) => tick(seq, [failing(3, 0)]));
  const state = run(limited(0.01), bad.slice(0, 8));
  const verdict = judge(limited(0.01), state);
  assert.deepEqual(
    [verdict.action, verdict.because, verdict.guarantee],
    ['roll-back', 'limit', 'targeted: no error guarantee'],
  );
  assert.match(
    sentence(limited(0.01), state, verdict),
    /^green is above an absolute limit: 24 people hit an error, 0.06 per minute, allowed 0.01; rolled back after 80 s$/,
  );
  // Below its limit: on. Without a limit there is nothing to go by: a person is asked.
  assert.notEqual(
    first(
      limited(0.01),
      times(100, (seq) => tick(seq, [failing(0, 50)])),
      'advance',
    ),
    null,
  );
  assert.equal(first(limited(null), bad, 'roll-back'), null);
  assert.equal(first(limited(null), bad, 'ask'), 90);
});

test('with nobody left on live it says so, and judges by absolute limits', () => {
  const alone = tick(
    0,
    [stratum({ events: { errors: pair(1000, 0, 3, 0) }, arrived: { candidate: 9, live: 0 } })],
    { phase: 'watching' },
  );
  const state = run(defaults, [alone]);
  const verdict = judge(defaults, state);
  assert.equal(verdict.guarantee, 'no comparison: absolute limits only');
  assert.match(
    sentence(defaults, state, verdict),
    /^nobody is on blue to compare with: absolute limits only; watched on$/,
  );
});

test('a rule beside the statistics that fails comes first, and one without data only holds', () => {
  const rule = { name: 'health', outcome: 'fail', says: 'green is not healthy' } as const;
  const failed = run(defaults, [tick(0, [failing(0, 0)], { rules: [rule] })]);
  assert.deepEqual([judge(defaults, failed).action, judge(defaults, failed).because], ['roll-back', 'rule']);
  assert.equal(
    sentence(defaults, failed, judge(defaults, failed)),
    'green is not healthy; rolled back after 10 s',
  );
  const open = times(100, (seq) =>
    tick(seq, [failing(0, 1)], { rules: [{ ...rule, outcome: 'inconclusive' }] }),
  );
  assert.equal(first(defaults, open, 'advance'), null);
  assert.equal(first(defaults, open, 'ask'), 90);
});

const counts = fc.record({ exposed: fc.double({ min: 1e-9, max: 1e7, noNaN: true }), events: fc.nat(1000) });
const levels = fc.array(fc.nat(50), { minLength: scoreLevels + 1, maxLength: scoreLevels + 1 });
const share = fc.constantFrom(0, 0.01, 0.05, 0.5, 0.95, 1);
const anyStratum = fc.record({
  name: fc.constantFrom('eu', 'us'),
  events: fc.dictionary(fc.constantFrom(...eventMetrics), fc.record({ candidate: counts, live: counts })),
  scores: fc.dictionary(
    fc.constantFrom('latency', 'fewer-requests'),
    fc.array(fc.record({ share, candidate: levels, live: levels }), { maxLength: 2 }),
  ),
  fresh: fc.array(fc.record({ share, candidate: fc.nat(1000), live: fc.nat(1000) }), { maxLength: 2 }),
  arrived: fc.record({ candidate: fc.nat(1000), live: fc.nat(1000) }),
  instances: fc.array(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c'),
      events: fc.dictionary(fc.constantFrom(...eventMetrics), counts),
    }),
    { maxLength: 3 },
  ),
});
const anyTicks = fc
  .array(
    fc.record({
      strata: fc.array(anyStratum, { maxLength: 2 }),
      stage: fc.constantFrom('1 %', '5 %'),
      seconds: fc.constantFrom(1, 10, 60),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((all) => all.map(({ strata, stage, seconds }, seq) => tick(seq, strata, { stage, seconds })));
const anySettings = fc.constantFrom<Settings>(
  { ...defaults, total: totalGuard({ exposed: 1000, events: 3 }) },
  {
    ...defaults,
    cohort: 'targeted',
    metrics: defaults.metrics.map((metric) => (metric.kind === 'event' ? { ...metric, limit: 0.1 } : metric)),
  },
);

test('a log of ticks replays to the same bits, through JSON and through a restart anywhere', () => {
  fc.assert(
    fc.property(anySettings, anyTicks, fc.nat(11), (settings, ticks, restart) => {
      const straight = run(settings, ticks);
      const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
      let state = begin(settings);
      for (const each of copy(ticks)) {
        state = step(settings, state, each);
        if (each.seq === restart) state = copy(state);
        // What was judged is sent again after a crash, and changes nothing.
        assert.equal(step(settings, state, each), state);
      }
      assert.deepStrictEqual(copy(state), copy(straight));
      assert.deepStrictEqual(judge(settings, state), judge(settings, straight));
    }),
    { numRuns: 100 },
  );
});

test('no ticks make it anything but a finite number, and every verdict has a sentence', () => {
  fc.assert(
    fc.property(anySettings, anyTicks, (settings, ticks) => {
      const state = run(settings, ticks);
      const verdict = judge(settings, state);
      const text = JSON.stringify(
        [state, { ...verdict, metrics: verdict.metrics.map((each) => ({ ...each, ratio: null })) }],
        (_key, value: unknown) => {
          if (typeof value === 'number') assert(Number.isFinite(value), `${value}`);
          return value;
        },
      );
      assert(text.length < 100_000, `a state of ${text.length} bytes`);
      assert.match(sentence(settings, state, verdict), /^[^;]+; \S.*$/);
      assert.doesNotMatch(sentence(settings, state, verdict), /NaN|Infinity|undefined|null/);
    }),
    { numRuns: 200 },
  );
});

test('a tick that is left out, or says what cannot be, is refused', () => {
  const refuse = (strata: readonly Stratum[], what: RegExp): void => {
    assert.throws(() => step(defaults, begin(defaults), tick(0, strata)), what);
  };
  assert.throws(() => step(defaults, begin(defaults), tick(1, [])), /tick 1 came before tick 0/);
  refuse([stratum({ events: { errors: pair(0, 5, 1, 0) } })], /1 events, but nothing was exposed/);
  refuse([stratum({ events: { errors: pair(Number.NaN, 5, 0, 0) } })], /NaN is not an amount/);
  refuse([stratum({ events: { errors: pair(1, 5, 0, -1) } })], /-1 is not a count/);
  refuse([stratum({ fresh: [{ share: 1.5, candidate: 0, live: 0 }] })], /1.5 is not between 0 and 1/);
});

test("regions are compared each within itself: one that is worse on both sides is nobody's fault", () => {
  // The candidate has mostly the bad region, live mostly the good one.
  const regions = (x: number, y: number): readonly Stratum[] => [
    stratum({ name: 'bad', events: { errors: pair(90, 10, x, y) } }),
    stratum({ name: 'good', events: { errors: pair(10, 90, 0, 0) } }),
  ];
  assert.equal(
    first(
      defaults,
      times(100, (seq) => tick(seq, regions(9, 1))),
      'roll-back',
    ),
    null,
  );
  const pooled = times(100, (seq) => tick(seq, [stratum({ events: { errors: pair(100, 100, 9, 1) } })]));
  assert.notEqual(first(defaults, pooled, 'roll-back'), null, 'in one pot it would be blamed');
});
