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
      const ended = once(worker, 'exit').then(() => null);
      try {
        for (let seeds = take(); seeds.length > 0; seeds = take()) {
          const done = await ask(worker, { seeds, faults: options.faults }, ended);
          if (!told(done)) enough = true;
        }
      } finally {
        if (worker.connected) worker.disconnect();
        await ended;
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

async function ask(worker: ChildProcess, task: Task, ended: Promise<null>): Promise<Done> {
  const answered = new Promise<Done>((resolve) => {
    worker.once('message', (done: Done) => resolve(done));
  });
  worker.send(task);
  const answer = await Promise.race([answered, ended]);
  if (answer !== null) return answer;
  throw new Error(`a simulation ended its process, at one of the seeds ${task.seeds.join(' ')}`);
}
