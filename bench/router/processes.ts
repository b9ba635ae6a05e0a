/** What the kernel says of processes (proc(5)): Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second: 100 on every Linux that Node runs on (`getconf CLK_TCK`). */
const ticksPerSecond = 100;

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** User and system time of all its threads, in clock ticks; that of ended children is not in it. */
  readonly ticks: number;
}

/** Reads one `/proc/<pid>/stat`. The name in it may hold spaces and parentheses: the fields begin behind the last one. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(text, 10),
    parent: Number(fields[1]),
    ticks: Number(fields[11]) + Number(fields[12]),
  };
}

/** The process and all that descend from it. */
export function treeOf(root: number, all: readonly ProcessStat[]): readonly ProcessStat[] {
  const tree = all.filter(({ pid }) => pid === root);
  for (let index = 0; index < tree.length; index += 1) {
    const parent = tree[index]?.pid;
    tree.push(...all.filter((candidate) => candidate.parent === parent));
  }
  return tree;
}

/** CPU time that a process and its descendants have used, in microseconds. */
export function cpuOf(root: number): number {
  const ticks = treeOf(root, allProcesses()).reduce((sum, each) => sum + each.ticks, 0);
  return (ticks / ticksPerSecond) * 1e6;
}

/** Resident memory of a process and its descendants, in bytes; pages they share count for each. */
export function memoryOf(root: number): number {
  return treeOf(root, allProcesses()).reduce((sum, { pid }) => sum + residentOf(pid), 0);
}

function residentOf(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

function allProcesses(): readonly ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'))];
      } catch {
        // Ended since the folder was read.
        return [];
      }
    });
}
