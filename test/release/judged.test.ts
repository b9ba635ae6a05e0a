import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExposePolicy, StepPolicy } from '../../src/config/release.ts';
import { effects } from '../../src/release/effects.ts';
import { judging } from '../../src/release/judging.ts';
import { byAnyone } from '../../src/release/steps.ts';
import { wakeAt } from '../../src/release/timers.ts';
import { build, judged, Story, verdict } from './story.ts';

const minute = 60_000;
const hour = 60 * minute;
const expose = (percent: number, more: Partial<ExposePolicy> = {}): ExposePolicy => ({
  kind: 'expose',
  to: [],
  percent,
  forMs: 2 * minute,
  judge: 'on',
  atMostMs: 15 * minute,
  withoutEvidence: 'ask',
  ...more,
});
const byTime = { judge: 'hold', forMs: 10 * minute } as const;
const canary = (steps: readonly StepPolicy[], more: Parameters<typeof judged>[0] = {}) =>
  judged({ strategy: 'steps', steps, previewInstances: 1, ...more }, [{ instances: 10 }]);

/** v1 is live; v2 has its first people. */
function begun(steps: readonly StepPolicy[], more: Parameters<typeof judged>[0] = {}): Story {
  const story = new Story();
  story.goesLive('v1', canary([]));
  story.deploys('v2', canary(steps, more));
  story.isReady();
  if (steps[0]?.kind === 'expose') reached(story);
  return story;
}

/** The candidate has grown, and every router sends the step's people there. */
function reached(story: Story): void {
  story.isReady();
  const { id, cursor } = story.state.release!;
  story.does({ type: 'exposure-acknowledged', release: id, cursor, generation: 9 });
}

const isJudged = (story: Story): boolean => effects(story.state).some(({ kind }) => kind === 'judge');

describe('what the judge holds', () => {
  for (const action of ['freeze', 'stop', 'restart-instance'] as const) {
    test(`${action}: nothing goes on by itself, and a person lets pass each step, the last one too`, () => {
      const story = begun([expose(5)]);
      story.judge(action);
      assert.deepEqual(story.later(24 * hour), []);
      assert.deepEqual(story.does({ type: 'promote', full: false }), ['step-passed']);
      assert.deepEqual(story.later(24 * hour), [], 'it holds at the last step, too');
      assert.deepEqual(story.does({ type: 'promote', full: false }), ['steps-passed']);
      const passed = story.events.at(-1);
      assert.ok(passed?.type === 'steps-passed' && passed.verdict?.action === action, 'with what was seen');
      assert.equal(story.status, 'scaling');
    });

    test(`${action}: is passed at once by a full promotion`, () => {
      const story = begun([expose(5), expose(50)]);
      story.judge(action);
      assert.deepEqual(story.does({ type: 'promote', full: true }), [
        'step-passed',
        'step-passed',
        'steps-passed',
      ]);
      assert.equal(story.status, 'scaling');
    });
  }
});

describe('a step that evidence lets pass', () => {
  test('does not go on by time, and does as soon as it is shown to be safe', () => {
    const story = begun([expose(5), expose(50)]);
    assert.ok(isJudged(story));
    assert.deepEqual(story.later(24 * hour), []);
    assert.deepEqual(story.judge('wait'), [], 'what is nothing new is not told');
    assert.deepEqual(story.judge('advance'), ['judged', 'step-passed']);
    const passed = story.events.at(-1);
    assert.ok(passed?.type === 'step-passed' && passed.verdict?.action === 'advance', 'with what was seen');
    assert.equal(story.state.release?.cursor, 1);
    assert.equal(story.state.release?.verdict, null, 'the next step is asked anew');
  });

  test('is not let pass by a verdict about the step before', () => {
    const story = begun([expose(5), expose(50)]);
    const { id } = story.state.release!;
    story.judge('advance');
    reached(story);
    const late = { type: 'verdict', release: id, cursor: 0, verdict: verdict('advance') } as const;
    assert.deepEqual(story.does(late), []);
    assert.equal(story.state.release?.cursor, 1);
  });

  test('waits for a window when it is safe outside of one', () => {
    const story = begun([expose(5), expose(50)]);
    const closed = { open: [{ days: [1], fromMinute: 0, toMinute: 1, zone: 'UTC' }], holidays: [] };
    story.does({ type: 'apply', config: canary([], { windows: closed }) });
    assert.deepEqual(story.judge('advance'), ['judged']);
    assert.deepEqual(story.judge('advance'), []);
    const opens = wakeAt(story.state);
    assert.ok(opens !== null && opens > story.now);
    story.now = opens;
    assert.deepEqual(story.does({ type: 'tick' }), ['step-passed']);
  });

  test('is held while the release is paused, and passes when it goes on', () => {
    const story = begun([expose(5), expose(50)]);
    story.does({ type: 'pause' });
    assert.equal(judging(story.state)?.phase, 'watching');
    assert.deepEqual(story.judge('advance'), ['judged']);
    assert.deepEqual(story.does({ type: 'resume' }), ['resumed', 'step-passed']);
  });
});

describe('without evidence in time', () => {
  test('a person is asked; the judge goes on, and rolls back', () => {
    const story = begun([expose(5), expose(50)]);
    assert.deepEqual(story.judge('ask'), ['judged']);
    assert.deepEqual(story.judge('ask', { seq: 4 }), [], 'once');
    assert.deepEqual(story.later(24 * hour), []);
    assert.ok(isJudged(story));
    assert.deepEqual(story.judge('roll-back'), ['abort-started']);
    assert.equal(story.state.release?.error?.code, 'verdict-fail');
  });

  test('whoever approves is recorded with what they saw', () => {
    const story = begun([expose(5), expose(50)]);
    assert.equal(story.refuses({ type: 'approve', step: 0 }).code, 'wrong-state');
    story.judge('ask');
    story.actor = 'user:ben';
    assert.deepEqual(story.does({ type: 'approve', step: 0 }), ['step-passed']);
    const [approval] = story.state.release!.approvals;
    assert.deepEqual([approval?.actor, approval?.cursor, approval?.verdict?.action], ['user:ben', 0, 'ask']);
    assert.equal(story.state.release?.cursor, 1);
  });

  test('whoever rejects aborts it', () => {
    const story = begun([expose(5)]);
    story.judge('ask');
    assert.deepEqual(story.does({ type: 'reject', step: 0, reason: 'too few' }), [
      'step-failed',
      'abort-started',
    ]);
  });

  test('evidence that comes later lets it pass all the same', () => {
    const story = begun([expose(5), expose(50)]);
    story.judge('ask');
    assert.deepEqual(story.judge('advance'), ['judged', 'step-passed']);
  });

  test('it goes on, or back, when the step says so', () => {
    assert.deepEqual(begun([expose(5, { withoutEvidence: 'advance' }), expose(50)]).judge('ask'), [
      'judged',
      'step-passed',
    ]);
    const back = begun([expose(5, { withoutEvidence: 'rollback' })]);
    assert.deepEqual(back.judge('ask'), ['abort-started']);
    assert.match(back.state.release?.reason ?? '', /without-evidence: rollback/);
  });
});

describe('evidence of harm', () => {
  test('takes everyone back before the switch and after it, in a pause, frozen and outside a window too', () => {
    const story = begun([expose(5)]);
    story.does({ type: 'pause' });
    story.does({ type: 'freeze', reason: null });
    assert.deepEqual(story.judge('roll-back'), ['abort-started']);
    const after = begun([]);
    after.isReady();
    after.routersHaveIt();
    assert.equal(after.status, 'promoted');
    assert.equal(judging(after.state)?.stage, 'live');
    assert.deepEqual(after.judge('roll-back'), ['rollback-started']);
    assert.equal(after.state.live, 'blue');
    assert.ok(!isJudged(after));
    assert.deepEqual(after.judge('roll-back'), [], 'once');
  });

  test('below that lets nothing go on by itself, until it goes away', () => {
    const story = begun([expose(5, byTime), { kind: 'wait', ms: minute }]);
    assert.deepEqual(story.judge('freeze'), ['judged']);
    assert.equal(wakeAt(story.state), null, 'nothing to wake up for');
    assert.deepEqual(story.later(hour), []);
    assert.deepEqual(story.judge('wait'), ['judged', 'step-passed']);
    story.judge('freeze');
    assert.deepEqual(story.later(hour), []);
    assert.deepEqual(story.judge('wait'), ['judged', 'step-passed', 'steps-passed']);
  });

  test('a person may go on all the same', () => {
    const story = begun([expose(5), { ...byAnyone }, expose(50)]);
    story.judge('advance');
    story.judge('freeze');
    assert.deepEqual(story.does({ type: 'approve', step: 1 }), ['step-passed']);
    assert.equal(story.state.release?.approvals[0]?.verdict?.action, 'freeze');
    assert.equal(story.state.release?.verdict?.action, 'freeze', 'it still holds what goes on by itself');
  });

  test('is looked for while an approval is awaited', () => {
    const story = begun([expose(5), { ...byAnyone }]);
    story.judge('advance');
    assert.equal(judging(story.state)?.stage, 'step 1');
    assert.equal(judging(story.state)?.phase, 'watching');
    assert.deepEqual(story.judge('roll-back'), ['abort-started']);
  });

  test('is not acted upon in a step that is not judged', () => {
    const story = begun([expose(5, { judge: 'off', forMs: minute }), expose(50)]);
    assert.ok(isJudged(story), 'it is counted all the same: the next step may ask');
    assert.deepEqual(story.judge('roll-back'), []);
    assert.deepEqual(story.judge('freeze'), []);
    assert.deepEqual(story.later(minute), ['step-passed']);
    reached(story);
    assert.deepEqual(story.judge('roll-back'), ['abort-started']);
  });
});

test('who is compared: by lot, by lot inside a group, or nobody', () => {
  assert.equal(judging(begun([expose(5)]).state)?.cohort, 'randomised');
  const staff = { to: ['staff'] };
  assert.equal(judging(begun([expose(5, staff)]).state)?.cohort, 'split');
  assert.equal(judging(begun([expose(5, { ...staff, percent: null })]).state)?.cohort, 'targeted');
});

test('nothing is judged where it is off, at the first version, and on the way back to an older one', () => {
  const first = new Story();
  first.goesLive('v1', canary([expose(5)]));
  assert.equal(judging(first.state), null);
  const off = new Story();
  off.goesLive('v1', canary([]));
  off.goesLive('v2', { ...canary([]), judge: null });
  assert.equal(judging(off.state), null);
  assert.ok(build('v3').spec.judge === undefined, 'as older versions of Teal stored it');
});
