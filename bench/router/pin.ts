/** Which core does what: the proxy has one to itself, load and origin have the others. */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Of util-linux; there is no call for it in Node. */
const taskset = 'taskset';

/** As `taskset -c` writes them. */
export interface Cores {
  readonly proxy: string;
  readonly load: string;
}

export function cores(): Cores {
  const count = availableParallelism();
  if (count < 2) throw new Error('two cores are needed: one for the proxy, one for load and origin');
  return { proxy: '0', load: count === 2 ? '1' : `1-${count - 1}` };
}

/** Each core of a list by itself. */
export function single(on: string): readonly string[] {
  const [first = 0, last = first] = on.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}`);
}

/** A command line that runs on these cores. */
export function pinned(on: string, command: readonly string[]): readonly [string, readonly string[]] {
  return [taskset, ['-c', on, ...command]];
}

/** Everything this process starts from now on runs on these cores: its main thread is the one that forks. */
export function pinChildren(on: string): void {
  execFileSync(taskset, ['-c', '-p', on, String(process.pid)], { stdio: 'ignore' });
}
