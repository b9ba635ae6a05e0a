import type { Phase } from '../../config/database.ts';

/** The four files of a release's migration, as SQL. */
export type Generated = Readonly<Record<Phase, string>>;

/** Pieces of a file: statements and comments, with an empty line between them. */
export function sqlFile(...pieces: readonly (string | null)[]): string {
  const there = pieces.filter((piece) => piece !== null && piece !== '');
  return `${there.length === 0 ? '-- Nothing to do.' : there.join('\n\n')}\n`;
}

/** Statements that hold together or not at all: one table each, so that no two locks are held at once. */
export function transaction(...statements: readonly (string | null)[]): string {
  return ['BEGIN;', ...statements.filter((each) => each !== null), 'COMMIT;'].join('\n');
}

/** A comment, at the width of these files. */
export function comment(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length > 110) lines.push(`-- ${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join('\n');
}
