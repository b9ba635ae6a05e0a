import type * as Library from 'libpg-query';
import type { Node } from 'libpg-query';
import { TealError } from '../../errors.ts';

export type {
  AlterTableCmd,
  AlterTableStmt,
  ColumnDef,
  Constraint,
  CreateStmt,
  DropStmt,
  GrantStmt,
  IndexStmt,
  Node,
  RangeVar,
  RenameStmt,
  TypeName,
} from 'libpg-query';

/** One statement of a text; places are in bytes of its UTF-8. */
export interface Parsed {
  readonly node: Node;
  readonly start: number;
  readonly end: number;
}

/** A word, sign or comment of a text; places are in bytes of its UTF-8. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly comment: boolean;
}

/** What PostgreSQL's own parser cannot read, where (in bytes), and why. */
export interface Unreadable {
  readonly message: string;
  readonly at: number;
}

/** PostgreSQL's parser. */
export interface Parser {
  parse(text: string): readonly Parsed[] | Unreadable;
  /** Empty where the text cannot be cut into tokens, such as one with a quote that never ends. */
  tokens(text: string): readonly Token[];
  /** The text with parameters in place of constants, as pg_stat_statements has it; null where it cannot be read. */
  normalize(text: string): string | null;
}

/**
 * Loads PostgreSQL's parser (as WebAssembly), which is not part of Teal: only the commands about SQL need it.
 * @throws TealError `parser-missing`
 */
export async function loadParser(): Promise<Parser> {
  try {
    const library = await import('libpg-query');
    await library.loadModule();
    return parserOf(library);
  } catch (cause) {
    throw new TealError('parser-missing', 'SQL cannot be read without libpg-query', {
      remedy: 'Install it beside Teal: npm install --save-dev libpg-query@18',
      details: { why: cause instanceof Error ? cause.message.split('\n')[0] : String(cause) },
      cause,
    });
  }
}

function parserOf(library: typeof Library): Parser {
  return {
    parse(text) {
      // The library refuses a text without anything in it.
      if (text.trim() === '') return [];
      const size = Buffer.byteLength(text);
      try {
        return (library.parseSync(text).stmts ?? []).flatMap(
          ({ stmt, stmt_location: start = 0, stmt_len: length = 0 }) =>
            stmt === undefined ? [] : [{ node: stmt, start, end: length === 0 ? size : start + length }],
        );
      } catch (error) {
        if (!library.hasSqlDetails(error)) throw error;
        // PostgreSQL counts characters here, and bytes everywhere else.
        const characters = Math.max(0, error.sqlDetails?.cursorPosition ?? 0);
        const before = Array.from(text).slice(0, characters).join('');
        return { message: error.message, at: Buffer.byteLength(before) };
      }
    },
    tokens(text) {
      if (text.trim() === '') return [];
      try {
        return library.scanSync(text).tokens.map(({ text: word, start, end, tokenName }) => ({
          text: word,
          start,
          end,
          comment: tokenName === 'SQL_COMMENT' || tokenName === 'C_COMMENT',
        }));
      } catch {
        return [];
      }
    },
    normalize(text) {
      try {
        return library.normalizeSync(text);
      } catch {
        return null;
      }
    },
  };
}
