import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { patchEnvironment, type Patch } from '../acceptance/sabotage/patch.ts';
import type { Done, Task } from './worker.ts';

export interface PoolOptions {
  readonly faults: boolean;
  /** Breaks in the engine, by which the simulation is tested itself. */
  readonly patches?: readonly Patch[];
  readonly workers?: number;
}

/** Small enough that the first failing seed is told soon, large enough that talking costs nothing. */
const chunk = 20;

/**
 * Simulates seeds in as many processes as there are cores, in ascending order.
 * @param told after each part; false: that is enough
 */
export async function simulateAll(
  { from, to }: { readonly from: number; readonly to: number },
  options: PoolOptions,
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
  const size = Math.min(options.workers ?? availableParallelism(), Math.ceil((to - from) / chunk));
  await Promise.all(
    Array.from({ length: size }, async () => {
      const worker = start(options.patches ?? []);
      try {
        for (let seeds = take(); seeds.length > 0; seeds = take()) {
          const done = await ask(worker, { seeds, faults: options.faults });
          if (!told(done)) enough = true;
        }
      } finally {
        worker.disconnect();
        await once(worker, 'exit');
      }
    }),
  );
}

function start(patches: readonly Patch[]): ChildProcess {
  return fork(path.join(import.meta.dirname, 'worker.ts'), {
    env: { ...process.env, ...patchEnvironment(patches) },
    serialization: 'advanced',
  });
}

async function ask(worker: ChildProcess, task: Task): Promise<Done> {
  worker.send(task);
  const ended = once(worker, 'exit').then(() => null);
  const answer = await Promise.race([once(worker, 'message'), ended]);
  if (answer !== null) return answer[0] as Done;
  throw new Error(`a simulation ended its process, at one of the seeds ${task.seeds.join(' ')}`);
}
