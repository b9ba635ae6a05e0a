/**
 * Keeps cores from going to sleep. Who writes to a process whose core sleeps pays for waking it, on virtual machines as much as for the rest of
 * the write: a proxy that keeps load and origin less busy would be charged for that, though its clients and apps are elsewhere in life.
 */
import { spawn } from 'node:child_process';
import { pinned, single } from './pin.ts';

/** Spins in the class of the scheduler that gets only what nobody else wants; ends with this process, however that ends. */
const spin = `while kill -0 ${process.pid} 2>/dev/null; do :; done`;

/** @param on cores, as `taskset -c` writes them @returns lets them sleep again */
export function keepAwake(on: string): () => void {
  const spinners = single(on).map((core) => {
    const [command, line] = pinned(core, ['chrt', '--idle', '0', 'sh', '-c', spin]);
    return spawn(command, line, { stdio: 'ignore' });
  });
  return () => {
    for (const spinner of spinners) spinner.kill('SIGKILL');
  };
}
