import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { patchEnvironment, type Patch } from '../acceptance/sabotage/patch.ts';
import type { Done, Task } from './worker.ts';

/** A process that simulates. */
export class Simulator {
  readonly #process: ChildProcess;

  /** @param patches breaks in the engine, by which the simulation is tested itself */
  constructor(patches: readonly Patch[] = []) {
    this.#process = fork(path.join(import.meta.dirname, 'worker.ts'), {
      env: { ...process.env, ...patchEnvironment(patches) },
      serialization: 'advanced',
    });
  }

  /** @throws Error when it ends at one of the seeds */
  async play(task: Task): Promise<Done> {
    this.#process.send(task);
    const over = new AbortController();
    const { signal } = over;
    try {
      const ended = once(this.#process, 'exit', { signal }).then(() => null);
      ended.catch(() => undefined);
      const answer = await Promise.race([once(this.#process, 'message', { signal }), ended]);
      if (answer !== null) return answer[0] as Done;
    } finally {
      over.abort();
    }
    throw new Error(`a simulation ended its process, at one of the seeds ${task.seeds.join(' ')}`);
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }
}
