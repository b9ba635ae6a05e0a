import { availableParallelism } from 'node:os';
import { Simulator } from './simulator.ts';
import type { Done } from './worker.ts';

export interface PoolOptions {
  readonly faults: boolean;
}

/** Small enough that the first failing seed is told soon, large enough that talking costs nothing. */
const chunk = 20;

/**
 * Simulates seeds in as many processes as there are cores, in ascending order.
 * @param told after each part; false: that is enough
 */
export async function simulateAll(
  { from, to }: { readonly from: number; readonly to: number },
  { faults }: PoolOptions,
  told: (done: Done) => boolean,
): Promise<void> {
  let next = from;
  let enough = false;
  const take = (): readonly number[] => {
    const end = enough ? next : Math.min(next + chunk, to);
    const seeds = Array.from({ length: end - next }, (_, index) => next + index);
    next = end;
    return seeds;
  };
  const size = Math.min(availableParallelism(), Math.ceil((to - from) / chunk));
  await Promise.all(
    Array.from({ length: size }, async () => {
      const simulator = new Simulator();
      try {
        for (let seeds = take(); seeds.length > 0; seeds = take())
          if (!told(await simulator.play({ seeds, faults }))) enough = true;
      } finally {
        await simulator.close();
      }
    }),
  );
}
