import { availableParallelism } from 'node:os';
import { Simulator } from '../simulator.ts';
import { mutants, type Mutant } from './mutants.ts';

/** A mutant that takes more is one that the simulation misses. */
const mostSeeds = 600;

/** How many stories without faults a break has to come through, by how many it took with them. */
export type Calm = (faulty: number) => number;

/** Else chance alone could tell them apart. */
export const asMany: Calm = (faulty) => Math.max(faulty, 60);
export const few: Calm = () => 20;

/** Few: the first seed that finds it ends the search. */
const chunk = 5;

/** What a number of stories have shown. */
interface Search {
  /** Up to the first in which something does not hold, that one included. */
  readonly seeds: number;
  /** Of the invariant that did not hold. */
  readonly invariant: number | null;
}

/** What a break was found by. */
export interface Proof {
  readonly mutant: Mutant;
  readonly faulty: Search;
  readonly calm: Search;
  readonly good: boolean;
}

/** Each has to be found by the invariant that it breaks, with faults; and not without. Told one by one, in the order of the list. */
export async function proveMutants(stories: Calm, told: (proof: Proof) => void): Promise<boolean> {
  const proofs: (Proof | undefined)[] = mutants.map(() => undefined);
  let next = 0;
  let shown = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < mutants.length; at = next++) {
      proofs[at] = await prove(mutants[at] as Mutant, stories);
      for (let ready = proofs[shown]; ready !== undefined; ready = proofs[++shown]) told(ready);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return proofs.every((proof) => proof?.good === true);
}

/** One of them. */
export async function prove(mutant: Mutant, stories: Calm): Promise<Proof> {
  const simulator = new Simulator([mutant]);
  try {
    // What else breaks with it is not what it was made for.
    const isIt = (invariant: number): boolean => invariant === mutant.invariant;
    const faulty = await search(simulator, { faults: true, seeds: mostSeeds, looksFor: isIt });
    const seeds = stories(faulty.seeds);
    const calm = await search(simulator, { faults: false, seeds, looksFor: () => true });
    const good = faulty.invariant !== null && calm.invariant === null;
    return { mutant, faulty, calm, good };
  } finally {
    await simulator.close();
  }
}

interface SearchOptions {
  readonly faults: boolean;
  readonly seeds: number;
  readonly looksFor: (invariant: number) => boolean;
}

async function search(simulator: Simulator, { faults, seeds, looksFor }: SearchOptions): Promise<Search> {
  for (let from = 1; from <= seeds; from += chunk) {
    const part = Array.from({ length: Math.min(chunk, seeds - from + 1) }, (_, index) => from + index);
    const { broken } = await simulator.play({ seeds: part, faults });
    for (const { seed, violations } of broken) {
      const found = violations.find(({ invariant }) => looksFor(invariant));
      if (found !== undefined) return { seeds: seed, invariant: found.invariant };
    }
  }
  return { seeds, invariant: null };
}

/** The columns of `row`. */
export const head = 'invariant  found after  without faults  mutant';

/** As a person reads it. */
export function row({ mutant: { invariant, says }, faulty, calm, good }: Proof): string {
  const after = faulty.invariant === null ? `not in ${faulty.seeds}` : `${faulty.seeds} seeds`;
  const clean = calm.invariant === null ? `clean in ${calm.seeds}` : `found at ${calm.seeds}`;
  const name = invariant === 0 ? 'ends' : `${invariant}`;
  const columns = `${name.padStart(9)}  ${after.padStart(11)}  ${clean.padStart(14)}  ${says}`;
  return good ? columns : `${columns}   ← NOT AS IT SHALL BE`;
}
