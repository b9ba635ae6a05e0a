import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The root of the project. */
export const root = dirname(dirname(import.meta.dirname));

/** The text of a file of the project. */
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Paths of the files that git tracks, or would track, below `under` (all when empty); those deleted but not yet committed left out. */
export function tracked(under = ''): readonly string[] {
  const options = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const listed = execFileSync('git', [...options, '--', under === '' ? '.' : under], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}
