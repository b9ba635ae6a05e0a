import { simulateAll } from '../pool.ts';
import { mutants, type Mutant } from './mutants.ts';

/** A mutant that takes more is one that the simulation misses. */
const mostSeeds = 600;
/** As many without faults as it took with them, and at least so many. */
const leastCalm = 60;

interface Found {
  readonly seeds: number;
  /** Of the invariant that did not hold. */
  readonly invariant: number | null;
}

/** Each has to be found by the invariant that it breaks, with faults; and not without. Says so, line by line. */
export async function proveMutants(tell: (line: string) => void): Promise<boolean> {
  tell('invariant  found after  without faults  mutant');
  let good = true;
  for (const mutant of mutants) {
    const faulty = await find(mutant, true, mostSeeds);
    const calm = await find(mutant, false, Math.max(faulty.seeds, leastCalm));
    const ok = faulty.invariant === mutant.invariant && calm.invariant === null;
    good &&= ok;
    tell(row(mutant, faulty, calm) + (ok ? '' : '   ← NOT AS IT SHALL BE'));
  }
  return good;
}

async function find(mutant: Mutant, faults: boolean, seeds: number): Promise<Found> {
  let tried = 0;
  let first: { readonly seed: number; readonly invariant: number } | null = null;
  await simulateAll({ from: 1, to: 1 + seeds }, { faults, patches: [mutant] }, (done) => {
    tried += done.seeds;
    for (const { seed, violations } of done.broken) {
      // What else breaks with it is not what it was made for.
      const found = faults
        ? violations.find(({ invariant }) => invariant === mutant.invariant)
        : violations[0];
      if (found !== undefined && (first === null || seed < first.seed)) first = { seed, ...found };
    }
    return first === null;
  });
  const found = first as { readonly seed: number; readonly invariant: number } | null;
  return { seeds: found?.seed ?? tried, invariant: found?.invariant ?? null };
}

function row({ invariant, says }: Mutant, faulty: Found, calm: Found): string {
  const after = faulty.invariant === null ? `not in ${faulty.seeds}` : `${faulty.seeds} seeds`;
  const clean = calm.invariant === null ? `clean in ${calm.seeds}` : `found at ${calm.seeds}`;
  const name = invariant === 0 ? 'ends' : `${invariant}`;
  return `${name.padStart(9)}  ${after.padStart(11)}  ${clean.padStart(14)}  ${says}`;
}
