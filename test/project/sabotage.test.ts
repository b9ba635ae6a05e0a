import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPatch } from '../acceptance/sabotage/check.ts';
import { mutations } from '../acceptance/sabotage/mutations.ts';

test('every sabotage of the acceptance scenarios still finds what it changes', () => {
  const rotten = mutations.flatMap((mutation) => {
    const why = checkPatch(mutation);
    return why === null ? [] : [`${mutation.id}, ${mutation.says}: ${why}`];
  });
  assert.deepEqual(rotten, []);
});
