/** What the processes of a Teal take, by /proc (proc(5)): Linux only. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../src/cli/client.ts';

export interface Usage {
  readonly name: string;
  /** Of one core, in percent. */
  readonly cpu: number;
  readonly rssMiB: number;
}

/** As the kernel counts for user space (USER_HZ), on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** Over a time in which nobody asks for anything. */
export async function idleUsage(client: Client, ms: number): Promise<readonly Usage[]> {
  const { pid, router } = await client.status();
  const processes = [
    { name: 'control plane', pid },
    { name: 'router parent', pid: router?.pid ?? 0 },
    ...(router?.workers ?? []).map((worker, index) => ({
      name: `router worker ${index + 1}`,
      pid: worker.pid,
    })),
  ];
  const before = processes.map((each) => ticksOf(each.pid));
  const began = performance.now();
  await sleep(ms);
  const seconds = (performance.now() - began) / 1000;
  return processes.map((each, index) => ({
    name: each.name,
    cpu: ((ticksOf(each.pid) - (before[index] ?? 0)) / ticksPerSecond / seconds) * 100,
    rssMiB: rssOf(each.pid),
  }));
}

function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of the program, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function rssOf(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kib) / 1024;
}
