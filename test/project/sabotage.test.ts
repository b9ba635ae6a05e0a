import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proofs } from '../acceptance/proofs.ts';
import { checkPatch } from '../acceptance/sabotage/check.ts';
import { mutations } from '../acceptance/sabotage/mutations.ts';

test('every sabotage of the acceptance scenarios still finds what it changes', () => {
  const rotten = mutations.flatMap((mutation) => {
    const why = checkPatch(mutation);
    return why === null ? [] : [`${mutation.id}, ${mutation.says}: ${why}`];
  });
  assert.deepEqual(rotten, []);
});

test('every scenario that is proved has a sabotage', async () => {
  const known = new Set(mutations.map(({ id }) => id));
  const naked = [...(await proofs()).keys()].filter((id) => !known.has(id));
  assert.deepEqual(naked, []);
});
