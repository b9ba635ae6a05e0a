/** Stories in which something did not hold, and what was changed so that it does. Their seeds tell the same story only as long as nobody changes the simulation: what they taught has a test of its own beside them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulateAll } from './pool.ts';

const kept: readonly { readonly seed: number; readonly says: string }[] = [];

for (const { seed, says } of kept)
  test(`seed ${seed}: ${says}`, async () => {
    await simulateAll({ from: seed, to: seed + 1 }, { faults: true }, ({ broken }) => {
      assert.deepEqual(
        broken.flatMap(({ violations }) => violations),
        [],
      );
      return true;
    });
  });
