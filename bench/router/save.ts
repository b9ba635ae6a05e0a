import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const results = join(import.meta.dirname, '../results');

/** Writes the raw figures of a run beside the earlier ones. @returns the file */
export async function save(
  run: { readonly at: string } & Readonly<Record<string, unknown>>,
): Promise<string> {
  const file = join(results, `router-${run.at.slice(0, 19).replaceAll(':', '')}.json`);
  await mkdir(results, { recursive: true });
  await writeFile(file, `${JSON.stringify(run, round, 1)}\n`);
  return file;
}

/** Digits beyond these are noise; JSON has no word for a time that never ended. */
function round(_key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) ? Math.round(value * 1000) / 1000 : 'never';
}
