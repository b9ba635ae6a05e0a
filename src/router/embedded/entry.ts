import path from 'node:path';

/** The file of an entry point beside this one: `.ts` when run from source, `.js` when built. */
export function entryPath(name: string): string {
  return path.join(import.meta.dirname, name + path.extname(import.meta.filename));
}
