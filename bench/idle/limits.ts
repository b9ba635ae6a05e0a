import { readFileSync } from 'node:fs';

/** Open files that a process of ours may have: Node raises its soft limit to the hard one as it starts. Linux. */
export function openFilesLimit(): number {
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[1] === 'unlimited' ? Infinity : Number(line?.[1]);
}
