import { phases, type Phase } from '../../config/database.ts';

/**
 * The phase that a path says: by the name of the file (`expand.sql`, `0007_expand.sql`, `expand-2.sql`), else by the folder that it
 * lies in (`contract/0007.sql`). null: an ordinary migration, which runs while the old version serves.
 */
export function phaseOf(path: string): Phase | null {
  const [file = '', folder = ''] = path.toLowerCase().split(/[\\/]/).toReversed();
  return named(file.replace(/\.sql$/, '')) ?? named(folder);
}

function named(name: string): Phase | null {
  const words = name.split(/[^a-z]+/);
  return phases.find((phase) => words.includes(phase)) ?? null;
}

/** What a release is told by: the phases of one folder, or of folders side by side, belong together. */
export function releaseOf(path: string): string {
  const parts = path.split(/[\\/]/);
  const file = parts.pop() ?? '';
  const folder = parts.at(-1);
  if (folder !== undefined && named(folder.toLowerCase()) !== null)
    return [...parts.slice(0, -1), file].join('/');
  const stem = file
    .toLowerCase()
    .replace(/\.sql$/, '')
    .split(/[^a-z0-9]+/)
    .filter((word) => named(word) === null);
  return [...parts, ...stem].join('/');
}
