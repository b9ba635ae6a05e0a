import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { checkPatch } from '../acceptance/sabotage/check.ts';
import { mutants } from './mutants/mutants.ts';
import { few, prove } from './mutants/prove.ts';
import { simulateAll } from './pool.ts';
import type { Outcome } from './simulate.ts';

const run = promisify(execFile);

/** As many as fit into a few seconds; the whole is `npm run simulate`. */
const seeds = { from: 1, to: 11 };

async function broken(faults: boolean): Promise<readonly Outcome[]> {
  const found: Outcome[] = [];
  await simulateAll(seeds, { faults }, (done) => {
    found.push(...done.broken);
    return found.length === 0;
  });
  return found;
}

const shown = (outcomes: readonly Outcome[]): readonly string[] =>
  outcomes.map(({ seed, violations }) => `npm run simulate -- --seed ${seed}: ${violations[0]?.says}`);

describe('a simulated Teal', () => {
  test('keeps its invariants, and brings every release to its end, whatever goes wrong around it', async () => {
    assert.deepEqual(shown(await broken(true)), []);
  });

  test('tells the same story for the same seed, step for step', async () => {
    const file = path.join(import.meta.dirname, 'run.ts');
    const tell = async (): Promise<string> => {
      const { stdout } = await run(process.execPath, [file, '--seed', '3', '--trace'], {
        maxBuffer: 2 ** 26,
      });
      return stdout;
    };
    const [one, two] = await Promise.all([tell(), tell()]);
    assert.ok(one.split('\n').length > 100, 'a story has more to tell');
    assert.equal(one, two);
  });
});

describe('a break of the engine', () => {
  test('there is one for each invariant, and each still finds what it changes', () => {
    assert.deepEqual(
      mutants.flatMap((mutant) => {
        const why = checkPatch(mutant);
        return why === null ? [] : [`${mutant.says}: ${why}`];
      }),
      [],
    );
    const guarded = new Set(mutants.map(({ invariant }) => invariant));
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 11].filter((number) => !guarded.has(number)),
      [],
    );
  });

  // One that few stories suffice for; all of them are `npm run simulate -- --mutants`.
  test('is found by the invariant that it breaks where something goes wrong, and nowhere else', async () => {
    const quick = mutants.find(({ file }) => file === 'src/control/apps.ts');
    assert.ok(quick);
    const { faulty, calm } = await prove(quick, few);
    assert.equal(faulty.invariant, quick.invariant);
    assert.equal(calm.invariant, null);
  });
});
