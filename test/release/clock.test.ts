import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clockJumped } from '../../src/release/clock.ts';
import { evolve } from '../../src/release/evolve.ts';
import { stepEndsAt, wakeAt } from '../../src/release/timers.ts';
import { app, Story } from './story.ts';

const teal = { actor: 'teal' };

/** Somebody sets the clock, and the app is told. */
function jumps(story: Story, ms: number): void {
  for (const event of clockJumped(story.state, ms))
    story.state = evolve(story.state, event, { at: story.now, ...teal });
  story.now += ms;
}

const stepping = (): Story => {
  const spec = app({ steps: [{ kind: 'wait', ms: 60_000 }] });
  const story = new Story(spec);
  story.deploys('v1', spec);
  story.isReady();
  return story;
};

test('a jump moves everything that is waited for along with the clock, however long it is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e10, max: 1e10 }),
      fc.integer({ min: 0, max: 59_999 }),
      fc.boolean(),
      (ms, before, isPaused) => {
        const story = stepping();
        const [ends, wakes] = [
          stepEndsAt(story.state.release!)! - story.now,
          wakeAt(story.state)! - story.now,
        ];
        story.later(before);
        if (isPaused) story.does({ type: 'pause' });
        jumps(story, ms);
        if (isPaused) story.does({ type: 'resume' });
        assert.equal(stepEndsAt(story.state.release!)! - story.now, ends - before);
        assert.equal(wakeAt(story.state)! - story.now, wakes - before);
        assert.deepEqual(story.later(59_999 - before), []);
        assert.notDeepEqual(story.later(1), []);
      },
    ),
  );
});

test('a jump is nothing to an app that waits for nothing', () => {
  const story = new Story();
  assert.deepEqual(clockJumped(story.state, 1000), []);
  story.goesLive('v1');
  assert.deepEqual(clockJumped(story.state, 1000), []);
});
