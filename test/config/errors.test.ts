import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorCodes } from '../../src/errors.ts';

test('docs/errors.md has one line for every error code, with its exit code and status', async () => {
  const text = await readFile(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('| `'));
  const documented = lines.map((line) => {
    const [, code = '', exit, status, meaning, remedy] = line.split('|').map((cell) => cell.trim());
    assert.ok(
      meaning !== undefined && meaning.length > 10 && remedy !== undefined && remedy.length > 5,
      line,
    );
    return [code.replaceAll('`', ''), { exit: Number(exit), status: Number(status) }];
  });
  assert.equal(new Set(documented.map(([code]) => code)).size, documented.length, 'a code is there twice');
  assert.deepEqual(Object.fromEntries(documented), errorCodes);
});
