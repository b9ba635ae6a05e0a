import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Windows, WindowPolicy } from '../../src/config/release.ts';
import { isOpen, opensAt } from '../../src/release/windows.ts';
import { app, build, Story } from './story.ts';

const office: WindowPolicy = {
  days: [1, 2, 3, 4, 5],
  fromMinute: 9 * 60,
  toMinute: 17 * 60,
  zone: 'Europe/Berlin',
};
const only = (more: Partial<WindowPolicy> = {}, holidays: readonly string[] = []): Windows => ({
  open: [{ ...office, ...more }],
  holidays,
});

const rows: readonly (readonly [what: string, windows: Windows, at: string, opens: string])[] = [
  ['inside', only(), '2026-11-23T10:00:00Z', '2026-11-23T10:00:00Z'],
  ['before it opens, in its own zone', only(), '2026-11-23T07:59:00Z', '2026-11-23T08:00:00Z'],
  ['the minute it closes', only(), '2026-11-23T16:00:00Z', '2026-11-24T08:00:00Z'],
  ['over the weekend', only(), '2026-11-20T18:00:00Z', '2026-11-23T08:00:00Z'],
  ['over a holiday', only({}, ['2026-11-24']), '2026-11-23T18:00:00Z', '2026-11-25T08:00:00Z'],
  ['in summer time', only(), '2026-07-06T06:00:00Z', '2026-07-06T07:00:00Z'],
  [
    'the night the clock goes forward',
    only({ days: [0], fromMinute: 150 }),
    '2026-03-29T00:00:00Z',
    '2026-03-29T01:30:00Z',
  ],
  [
    'past midnight',
    only({ fromMinute: 1320, toMinute: 360, days: [5] }),
    '2026-11-28T04:00:00Z',
    '2026-11-28T04:00:00Z',
  ],
  [
    'after one past midnight',
    only({ fromMinute: 1320, toMinute: 360, days: [5] }),
    '2026-11-28T05:00:00Z',
    '2026-12-04T21:00:00Z',
  ],
  [
    'a day that is another one there',
    only({ zone: 'Pacific/Auckland' }),
    '2026-11-22T20:30:00Z',
    '2026-11-22T20:30:00Z',
  ],
];

describe('release windows', () => {
  for (const [what, windows, at, opens] of rows) {
    test(`open ${what}`, () => {
      assert.equal(
        new Date(opensAt(windows, Date.parse(at)) ?? 0).toISOString(),
        opens.replace('Z', '.000Z'),
      );
    });
  }

  test('that there are none of are always open; that never come are never', () => {
    assert.equal(opensAt({ open: [], holidays: [] }, 7), 7);
    assert.equal(opensAt(only({ days: [] }), 7), null);
  });

  test('are open at the moment they are said to open, and closed until then', () => {
    const minute = 60_000;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e7 }), fc.nat(1439), fc.nat(1440), (at, from, to) => {
        fc.pre(from !== to);
        const windows = only({ fromMinute: from, toMinute: to });
        const opens = opensAt(windows, at * minute);
        assert.ok(opens !== null && opens >= at * minute);
        assert.ok(isOpen(windows, opens), 'open then');
        if (opens > at * minute) assert.ok(!isOpen(windows, opens - 1), 'closed before');
      }),
      { numRuns: 300 },
    );
  });
});

describe('outside its windows', () => {
  const monday = Date.parse('2026-11-23T15:30:00Z');
  const spec = app({
    windows: only(),
    strategy: 'steps',
    steps: [{ kind: 'wait', ms: 3_600_000 }],
  });

  test('a deploy waits, and begins when one opens', () => {
    const story = new Story(spec);
    story.now = monday + 3_600_000;
    assert.deepEqual(story.deploys('v1', spec), ['queued']);
    assert.deepEqual(story.later(14 * 3_600_000), []);
    assert.deepEqual(story.later(2 * 3_600_000).slice(0, 1), ['release-started']);
    assert.equal(story.state.release?.actor, 'user:anna');
  });

  test('no step advances by itself, and a rollback works', () => {
    const story = new Story(spec);
    story.now = monday;
    story.deploys('v1', spec);
    story.isReady();
    assert.deepEqual(story.later(3_600_000), [], 'it is half past five');
    assert.deepEqual(story.later(15.5 * 3_600_000), ['step-passed', 'steps-passed']);
    story.isReady();
    story.routersHaveIt();
    story.deploys('v2', spec);
    story.isReady();
    story.now = monday + 7 * 3_600_000;
    assert.deepEqual(story.does({ type: 'rollback', reason: null }), ['abort-started']);
  });

  test('a release that is tested when the window has shut goes live in the next one, whatever its deadline', () => {
    const tested = app({
      windows: only(),
      deadlineMs: 2 * 3_600_000,
      tests: [{ kind: 'command', name: 'smoke', command: 'true', timeoutMs: 1000 }],
    });
    const story = new Story(tested);
    story.now = monday;
    story.deploys('v1', tested);
    story.isReady();
    story.now = monday + 3_600_000;
    const { id, cursor } = story.state.release!;
    assert.deepEqual(story.does({ type: 'test-passed', release: id, cursor, output: '' }), ['step-passed']);
    assert.deepEqual(story.later(15.5 * 3_600_000), ['steps-passed']);
    assert.equal(story.status, 'scaling');
  });

  test('a rollback to a version that has to be started goes all the way', () => {
    const always = app({ rollbackWindowMs: 0 });
    const story = new Story(spec);
    story.now = monday;
    for (const version of ['v1', 'v2']) {
      story.goesLive(version, always);
      if (version === 'v2') story.isDrained();
    }
    story.later(1);
    story.hasStopped();
    story.now = monday + 7 * 3_600_000;
    assert.deepEqual(story.does({ type: 'rollback', reason: null }).at(0), 'release-started');
    story.isReady();
    assert.deepEqual(story.isReady(), ['switch-started']);
  });

  test('nothing else is deployed than what was asked last', () => {
    const story = new Story(spec);
    story.now = monday + 3_600_000;
    story.deploys('v1', spec);
    story.does({ type: 'deploy', build: build('v2', spec), promote: null });
    story.later(16 * 3_600_000);
    assert.equal(story.state.release?.build.version, 'v2');
  });
});
