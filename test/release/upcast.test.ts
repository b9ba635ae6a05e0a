import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upcastState } from '../../src/release/upcast.ts';
import { Story } from './story.ts';

test('a snapshot from before there were groups is of an app that is released alone', () => {
  const story = new Story();
  story.goesLive('v1');
  const { group, ready, ...release } = story.state.release!;
  assert.deepEqual([group, ready], [null, false]);
  const old = { ...story.state, release } as unknown as typeof story.state;
  assert.deepEqual(upcastState(old), story.state);
});
