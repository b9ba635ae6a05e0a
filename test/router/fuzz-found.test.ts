import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Asked } from '../../scripts/fuzz/responses.ts';
import { judge } from '../../scripts/fuzz/run.ts';

interface Kept {
  readonly seed: number;
  readonly case: number;
  readonly says: string;
  /** latin1 */
  readonly bytes: string;
  readonly cuts: readonly number[];
  readonly asked: Asked | null;
}

/** Cases on which the router and others once disagreed; `npm run fuzz:http` adds what it finds. */
const found = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fuzz-found.json'), 'utf8'),
) as readonly Kept[];

for (const { seed, case: index, says, bytes, cuts, asked } of found) {
  test(`no longer: ${says} (seed ${seed}, case ${index})`, () => {
    const verdict = judge({ bytes: Buffer.from(bytes, 'latin1'), cuts }, asked);
    assert.ok(verdict.kind !== 'disagreement' && verdict.kind !== 'crash', verdict.says);
  });
}
