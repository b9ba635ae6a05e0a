import type { YAMLError } from 'yaml';
import type { Problem } from './problem.ts';

type What = Pick<Problem, 'expected' | 'remedy'>;

const indentation = {
  expected: 'keys of one map in one column',
  remedy: 'line it up with its neighbours, with spaces',
};

/** What to do about the mistakes people make most; all others are told as the parser words them. */
const known: Partial<Record<YAMLError['code'], What>> = {
  TAB_AS_INDENT: { expected: 'spaces for indentation', remedy: 'replace the tab by two spaces' },
  BAD_INDENT: indentation,
  MULTILINE_IMPLICIT_KEY: { expected: '`key: value`', remedy: 'put a colon and a space after the key' },
  BLOCK_AS_IMPLICIT_KEY: {
    expected: 'one `key: value` to a line',
    remedy: 'quote the value if it holds ": ", or move the second key to its own line',
  },
  BAD_SCALAR_START: { expected: 'quotes around such a value', remedy: 'put the value in double quotes' },
  BAD_DQ_ESCAPE: { expected: 'a known escape after \\', remedy: "write \\\\ for a backslash, or use '…'" },
  MULTIPLE_DOCS: {
    expected: 'one document',
    remedy: 'remove the line --- and all that belongs to the other',
  },
  TAG_RESOLVE_FAILED: { expected: 'plain values without a tag', remedy: 'remove the !tag' },
  MISSING_CHAR: {
    expected: 'a complete value',
    remedy: 'close the quote or bracket, or put a space after the colon',
  },
};

/** A mistake in the YAML itself. The message of the parser names the token, never the text around it. */
export function syntaxProblem(
  error: YAMLError,
  at: { readonly line: number; readonly column: number },
): Problem {
  const what = known[error.code] ?? { expected: 'valid YAML', remedy: 'correct the YAML here or just above' };
  return { severity: 'error', ...at, path: '', ...what, got: error.message.split('\n')[0] ?? error.code };
}
