import type { Token } from '../sql/parser.ts';
import type { Statement } from '../sql/read.ts';

/** One place that a comment allows something at. */
export interface Allowance {
  readonly rules: readonly string[];
  readonly reason: string;
  /** The statement it is about; null: the whole file. */
  readonly statement: Statement | null;
  /** Bytes. */
  readonly at: number;
}

/** A comment that means to allow something, and how it would be written. */
export interface BadAllowance {
  readonly at: number;
  readonly what: string;
}

const wording = /^(?:--+|\/\*+)\s*teal:\s*(allow(?:-file)?)\b\s*([^]*?)(?:\*\/)?$/;
const names = /^([\w-]+(?:\s*,\s*[\w-]+)*)/;

/**
 * What comments allow: `-- teal: allow drop-column because nobody reads it`, in front of a statement, in it, or behind it on its
 * last line; `allow-file` at any place for the whole file. Without a reason it allows nothing.
 */
export function allowances(
  text: string,
  tokens: readonly Token[],
  statements: readonly Statement[],
): { readonly good: readonly Allowance[]; readonly bad: readonly BadAllowance[] } {
  const good: Allowance[] = [];
  const bad: BadAllowance[] = [];
  const bytes = Buffer.from(text);
  for (const { text: comment, start } of tokens.filter((token) => token.comment)) {
    const [, scope, said = ''] = wording.exec(comment) ?? [];
    if (scope === undefined) continue;
    const [listed = ''] = names.exec(said.trim()) ?? [];
    const [, reason] = /^\s+because\s+(\S[^]*)$/.exec(said.trim().slice(listed.length)) ?? [];
    if (listed === '' || listed === 'because') bad.push({ at: start, what: 'It names no rule.' });
    else if (reason === undefined) bad.push({ at: start, what: 'It gives no reason.' });
    else {
      const statement = scope === 'allow-file' ? null : (statementAt(bytes, start, statements) ?? null);
      if (scope === 'allow' && statement === null)
        bad.push({ at: start, what: 'There is no statement after it.' });
      else good.push({ rules: listed.split(/\s*,\s*/), reason: reason.trim(), statement, at: start });
    }
  }
  return { good, bad };
}

function statementAt(bytes: Buffer, at: number, statements: readonly Statement[]): Statement | undefined {
  const before = statements.findLast(({ start }) => start <= at);
  if (before !== undefined && !bytes.subarray(before.end, at).includes('\n')) return before;
  return statements.find(({ start }) => start > at);
}

/** Marks after which a file says how to take itself back, which its tool does not run on the way up. */
const downMarks =
  /^--\s*(?:migrate:down|\+goose\s+down|\+migrate\s+down|rollback\b|@undo)|^--+ create above \/ drop below --+/im;

/** What a migration tool runs on the way up: of a file with both ways, the first part. */
export function upPart(text: string): string {
  const down = downMarks.exec(text);
  return down === null ? text : text.slice(0, down.index);
}

/** PostgreSQL's NAMEDATALEN is 64, with the zero at the end. */
const longestName = 63;

/** Names that the server cuts off, as its parser does before anybody sees them. */
export function longNames(tokens: readonly Token[]): readonly Token[] {
  return tokens.filter(({ text, start, end, comment }) => {
    const quotes = text.startsWith('"') ? 2 : 0;
    return (
      !comment &&
      (quotes > 0 || /^[\p{L}_]/u.test(text)) &&
      !text.includes("'") &&
      end - start - quotes > longestName
    );
  });
}

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters as people count them (Unicode code points). */
  readonly column: number;
}

/** Turns places in bytes into lines and columns. */
export function positions(text: string): (at: number) => Position {
  const bytes = Buffer.from(text);
  return (at) => {
    const before = bytes.subarray(0, at).toString();
    const lines = before.split('\n');
    return { line: lines.length, column: Array.from(lines.at(-1) ?? '').length + 1 };
  };
}
