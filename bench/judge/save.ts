import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row } from './figures.ts';

const results = join(import.meta.dirname, '../results');

/** Writes the figures of a run, each hour of it included, beside the earlier ones. @returns the file */
export async function save(
  rows: readonly Row[],
  { at, ...run }: { readonly at: Date } & Readonly<Record<string, unknown>>,
): Promise<string> {
  const file = join(results, `judge-${at.toISOString().slice(0, 19).replaceAll(':', '')}.json`);
  await mkdir(results, { recursive: true });
  const head = JSON.stringify({ at: at.toISOString(), node: process.versions.node, ...run });
  const lines = rows.map(({ replays, ...figures }) =>
    JSON.stringify(
      {
        ...figures,
        // Columns, one entry per hour: seeds count up from `seed` in the order of the scenarios.
        rolledBackAt: replays.map(({ rolledBackAt }) => rolledBackAt),
        promotedAt: replays.map(({ promotedAt }) => promotedAt),
        harmedRequests: replays.map(({ harmed }) => harmed),
      },
      round,
    ),
  );
  await writeFile(file, `${head.slice(0, -1)},"rows":[\n${lines.join(',\n')}\n]}\n`);
  return file;
}

const round = (_key: string, value: unknown): unknown =>
  typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
