/** Raw figures of full runs, kept beside the earlier ones. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../results');

/** What the figures were measured on. */
export function machine(): Readonly<Record<string, unknown>> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    system: `${process.platform} ${release()}`,
    node: process.versions.node,
    // A machine with other work gives other figures: to be seen beside them.
    loadAverages: loadavg(),
  };
}

/** Writes `<name>-<time>.json`. @returns the file */
export async function saveRun(name: string, at: Date, run: object): Promise<string> {
  const file = join(folder, `${name}-${at.toISOString().slice(0, 19).replaceAll(':', '')}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify({ at: at.toISOString(), ...run }, round, 1)}\n`);
  return file;
}

/** Digits beyond these are noise; JSON has no word for a time that never ended. */
function round(_key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) ? Math.round(value * 1000) / 1000 : 'never';
}
