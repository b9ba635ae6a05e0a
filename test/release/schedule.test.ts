import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepPolicy, Windows } from '../../src/config/release.ts';
import { schedule } from '../../src/release/schedule.ts';
import { byAnyone, steps } from '../../src/release/steps.ts';
import { wakeAt } from '../../src/release/timers.ts';
import { app, Story } from './story.ts';

const minute = 60_000;
const always: Windows = { open: [], holidays: [] };
/** Weekdays 09:00 to 17:00, UTC. */
const office: Windows = {
  open: [{ days: [1, 2, 3, 4, 5], fromMinute: 540, toMinute: 1020, zone: 'UTC' }],
  holidays: [],
};
const expose = (percent: number, forMs: number): StepPolicy => ({ kind: 'expose', to: [], percent, forMs });

test('each step begins where the one before ends, and the last says when it is live', () => {
  const policy = app({
    steps: [expose(5, 10 * minute), { kind: 'wait', ms: minute }, byAnyone, expose(50, minute)],
  });
  const planned = schedule(steps(policy.release), always, 0);
  assert.deepEqual(
    planned.map(({ step, startsAt, endsAt }) => [step.kind, startsAt, endsAt]),
    [
      ['expose', 0, 10 * minute],
      ['wait', 10 * minute, 11 * minute],
      ['approve', 11 * minute, 11 * minute],
      ['expose', 11 * minute, 12 * minute],
      ['promote', 12 * minute, 12 * minute],
    ],
  );
  assert.deepEqual(
    planned.map(({ size }) => size),
    [5, 5, 5, 50, 'full'],
  );
  assert.deepEqual(planned.at(-1)?.exposed, [{ to: [], width: 50_000 }]);
});

test('outside a window nothing begins and nothing that waits for the clock ends', () => {
  const policy = app({ steps: [expose(5, 120 * minute)] });
  // A Friday at 16:00: the two hours end on Monday morning.
  const friday = Date.UTC(2026, 10, 20, 16);
  const planned = schedule(steps(policy.release), office, friday);
  assert.deepEqual(
    planned.map(({ startsAt, endsAt }) => [startsAt, endsAt]),
    [
      [friday, Date.UTC(2026, 10, 23, 9)],
      [Date.UTC(2026, 10, 23, 9), Date.UTC(2026, 10, 23, 9)],
    ],
  );
  const saturday = Date.UTC(2026, 10, 21, 12);
  assert.equal(schedule(steps(policy.release), office, saturday)[0]?.startsAt, Date.UTC(2026, 10, 23, 9));
  const never: Windows = { ...office, open: [{ ...office.open[0]!, days: [] }] };
  assert.deepEqual(
    schedule(steps(policy.release), never, friday).map(({ endsAt }) => endsAt),
    [null, null],
  );
});

test('what is planned is what then happens, were all work done at once', () => {
  const spec = app({
    windows: office,
    previewInstances: 1,
    steps: [expose(5, 20 * minute), { kind: 'wait', ms: 7 * minute }, expose(30, 400 * minute)],
  });
  const story = new Story(spec);
  // A Thursday: the last step ends after hours.
  story.now = Date.UTC(2026, 10, 19, 15);
  story.goesLive('v1');
  story.now += minute;
  const planned = schedule(steps(spec.release), office, story.now);
  story.deploys('v2', spec);
  for (let turn = 0; turn < 30 && story.status !== 'switching'; turn++) {
    const { release } = story.state;
    const begun = story.status === 'stepping' ? release?.expose : null;
    if (begun?.at === null)
      story.does({
        type: 'exposure-acknowledged',
        release: release!.id,
        cursor: release!.cursor,
        generation: 1,
      });
    else if (story.isReady().length === 0) story.later((wakeAt(story.state) ?? story.now) - story.now);
  }
  assert.equal(story.status, 'switching');
  assert.equal(story.now, planned.at(-1)?.endsAt);
  assert.equal(story.now, Date.UTC(2026, 10, 20, 9));
});
