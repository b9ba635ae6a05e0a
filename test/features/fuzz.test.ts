import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { judge } from '../../scripts/unflag/judge.ts';
import { withFault } from '../../scripts/planted.ts';
import { planting } from '../../scripts/unflag/faults.ts';
import { loadSyntax } from '../../src/features/code/syntax.ts';

before(loadSyntax);

test('random programs do the same without the flag as with it fixed', async () => {
  for (let index = 0; index < 40; index++) {
    const { verdict } = await judge(77, index);
    assert.ok(!('says' in verdict), `program ${index}: ${JSON.stringify(verdict)}`);
  }
});

test('every fault that the fuzzer plants still finds what it changes', () => {
  const { folder, faults } = planting;
  assert.ok(faults.length >= 5);
  for (const fault of faults) {
    const file = path.join(import.meta.dirname, '../../src', folder, fault.file);
    assert.notEqual(withFault(readFileSync(file, 'utf8'), fault), '');
  }
});
