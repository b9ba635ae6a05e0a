import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import type { Result } from './result.ts';

const results = join(import.meta.dirname, '../results');

/** Writes the raw figures of a run beside the earlier ones. @returns the file */
export async function save(result: Result, asked: object, at: Date): Promise<string> {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    system: `${process.platform} ${release()}`,
    node: process.versions.node,
    // A machine with other work gives other figures: to be seen beside them.
    loadAverages: loadavg(),
  };
  const file = join(results, `switch-${at.toISOString().slice(0, 19).replaceAll(':', '')}.json`);
  await mkdir(results, { recursive: true });
  const rounded = JSON.stringify({ at: at.toISOString(), machine, asked, ...result }, round, 2);
  await writeFile(file, `${rounded}\n`);
  return file;
}

/** Microseconds are more than the clocks are worth. */
function round(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}
