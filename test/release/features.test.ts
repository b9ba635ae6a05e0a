import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { App } from '../../src/config/config.ts';
import type { Feature } from '../../src/config/features.ts';
import { app, Story } from './story.ts';
import { feature } from '../features/feature.ts';

const everyone = { kind: 'expose', to: [], percent: 5, forMs: 1000 } as const;
const canary = (features: Readonly<Record<string, Feature>>): App => ({
  ...app({ strategy: 'steps', steps: [everyone] }),
  features,
});

const stage = ({ state }: Story, name = 'checkout') => state.features[name]?.stage;

/** v1 is live, and v2 has been deployed. */
function begun(features: Readonly<Record<string, Feature>> = { checkout: feature() }): Story {
  const story = new Story(canary(features));
  story.goesLive('v1', app());
  story.deploys('v2', canary(features));
  return story;
}

describe('a flag that goes with a version', () => {
  test('is a draft, opens with the release, is live with it, and is to be removed when it has ended', () => {
    const story = begun();
    assert.equal(stage(story), 'draft');
    assert.equal(story.state.features['checkout']?.keep, null);
    story.isReady();
    story.isReady();
    assert.equal(stage(story), 'open');
    const { id, cursor } = story.state.release!;
    story.does({ type: 'exposure-acknowledged', release: id, cursor, generation: 9 });
    story.later(1000);
    story.isReady();
    assert.equal(stage(story), 'live-for-all', 'with the event that starts the switch');
    assert.equal(story.status, 'switching');
    assert.equal(story.state.features['checkout']?.keep, true);
    story.routersHaveIt();
    story.isDrained();
    assert.equal(stage(story), 'live-for-all');
    story.later(3_600_000);
    story.hasStopped();
    assert.equal(story.status, 'completed');
    assert.equal(stage(story), 'to-remove');
    assert.equal(story.state.features['checkout']?.since, story.now);
    assert.equal(story.state.features['checkout']?.release, 'shop-2');
  });

  test('is off with the event that starts a rollback, and with one that aborts', () => {
    const promoted = begun();
    promotes(promoted);
    assert.equal(stage(promoted), 'live-for-all');
    promoted.routersHaveIt();
    promoted.does({ type: 'rollback', reason: null });
    assert.equal(promoted.state.live, 'blue');
    assert.equal(stage(promoted), 'rolled-back');
    assert.equal(promoted.state.features['checkout']?.keep, false);
    const aborted = begun();
    aborted.does({ type: 'abort', reason: null });
    assert.equal(stage(aborted), 'rolled-back');
  });

  test('stays on through later releases, also when they are taken back, however many there are', () => {
    const story = begun();
    promotes(story);
    story.routersHaveIt();
    for (let number = 3; number < 20; number++) {
      story.goesLive(`v${number}`);
      assert.equal(stage(story), 'to-remove', `v${number}`);
    }
    assert.ok(!story.state.lives.some(({ version }) => version === 'v2'), 'nobody goes back that far');
    story.does({ type: 'rollback', reason: null });
    assert.equal(stage(story), 'to-remove');
  });

  test('is off when a later rollback reaches behind its version', () => {
    const story = begun();
    promotes(story);
    story.routersHaveIt();
    story.isDrained();
    story.later(3_600_000);
    story.hasStopped();
    assert.equal(stage(story), 'to-remove');
    story.does({ type: 'rollback', reason: null });
    assert.equal(stage(story), 'to-remove', 'the old version is being started');
    story.isReady();
    story.isReady();
    assert.equal(story.state.lives.at(-1)?.version, 'v1');
    assert.equal(stage(story), 'rolled-back');
  });

  test('begins anew with another version, and is removed with its line in teal.yaml', () => {
    const story = begun();
    story.does({ type: 'abort', reason: null });
    story.hasStopped();
    story.does({ type: 'apply', config: canary({ checkout: feature({ with: 'v3' }) }) });
    assert.equal(stage(story), 'draft');
    story.later(5);
    story.does({ type: 'apply', config: canary({}) });
    assert.deepEqual(story.state.features['checkout'], {
      version: 'v3',
      stage: 'removed',
      since: story.now,
      release: null,
      keep: null,
      owner: null,
    });
  });
});

/** At once, past all that is left of its steps. */
function promotes(story: Story): void {
  story.isReady();
  story.does({ type: 'promote', full: true });
  story.isReady();
}

test('a flag of no version is where teal.yaml says', () => {
  const free = (more: Partial<Feature>): Feature => feature({ with: null, ...more });
  const story = new Story(
    canary({ a: free({}), b: free({ for: ['beta'] }), c: free({ width: 100_000 }), d: free({ on: null }) }),
  );
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((name) => stage(story, name)),
    ['draft', 'open', 'live-for-all', 'draft'],
  );
});

test('an app without features keeps its state as it was, in each of its events', () => {
  const story = new Story();
  story.goesLive('v1');
  assert.deepEqual(story.state.features, {});
});
