import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upcastState } from '../../src/release/upcast.ts';
import { migrating, Story } from './story.ts';

test('a snapshot from before there were groups is of an app that is released alone', () => {
  const story = new Story();
  story.goesLive('v1');
  const { group, ready, ...release } = story.state.release!;
  assert.deepEqual([group, ready], [null, false]);
  const old = { ...story.state, release } as unknown as typeof story.state;
  assert.deepEqual(upcastState(old), story.state);
});

test('a snapshot and events from before there were migrations are of an app without any', () => {
  const story = new Story();
  story.goesLive('v1');
  const { migration, contracted, outdated, ...rest } = story.state;
  assert.deepEqual([migration, contracted, outdated], [null, [], []]);
  const state = upcastState(rest as unknown as typeof story.state);
  assert.deepEqual(state, story.state);
  story.state = state;
  assert.deepEqual(story.deploysBuild(migrating('v2', '0001_name')), [
    'release-started',
    'migration-started',
  ]);
  assert.deepEqual(story.state.migration?.olds, ['v1']);
});
