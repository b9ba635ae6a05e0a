import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { unifiedDiff } from '../../src/features/code/diff.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'teal-diff-'));
after(() => rmSync(folder, { recursive: true }));

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', '', '  d'), { maxLength: 30 })
  .map((lines) => lines.join('\n'));

test('a diff is what git apply takes, and gives the new text', () => {
  fc.assert(
    fc.property(text, text, (before, now) => {
      const diff = unifiedDiff('file.txt', before, now);
      if (before === now) return assert.equal(diff, '');
      // git takes a file without text for one that is not there.
      fc.pre(before !== '' && now !== '');
      writeFileSync(path.join(folder, 'file.txt'), before);
      execFileSync('git', ['apply', '--unidiff-zero', '-'], {
        cwd: folder,
        input: `${diff}\n`,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      assert.equal(readFileSync(path.join(folder, 'file.txt'), 'utf8'), now);
    }),
    { numRuns: 60 },
  );
});

test('changes far from each other are hunks of their own, with three lines around', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `l${index}`);
  const changed = lines.with(2, 'x').with(15, 'y');
  assert.equal(
    unifiedDiff('f', `${lines.join('\n')}\n`, `${changed.join('\n')}\n`),
    '--- a/f\n+++ b/f\n@@ -1,6 +1,6 @@\n l0\n l1\n-l2\n+x\n l3\n l4\n l5\n@@ -13,7 +13,7 @@\n l12\n l13\n l14\n-l15\n+y\n l16\n l17\n l18',
  );
});
