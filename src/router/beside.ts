import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

const prefix = '.next-';

/**
 * Where a unix socket is bound that shall be moved to `file` in one step: so one process takes a path from another, and
 * nobody finds nothing there. Not longer than `control.sock`, for which there is room.
 */
export const besidePath = (file: string): string => pathOf(file, process.pid);

/** Makes room for it, and removes what processes have left that were killed before they could move theirs. */
export async function clearBeside(file: string): Promise<void> {
  for (const name of await readdir(path.dirname(file))) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 36) : Number.NaN;
    if (pid === process.pid || (pid > 0 && !isAlive(pid))) await rm(pathOf(file, pid), { force: true });
  }
}

const pathOf = (file: string, pid: number): string =>
  path.join(path.dirname(file), `${prefix}${pid.toString(36)}`);

/** Whether there is a process of this number, be it somebody else's: then it may not be signalled, which says that it is there. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
