import { TealError } from '../../errors.ts';
import type { Parser } from '../sql/parser.ts';
import { emptyCorpus, type Corpus, type Statement } from './corpus.ts';
import { innerOf } from './inner.ts';

/** The kind and version that a file says of itself in its first line. */
const kind = 'teal-corpus';
const version = 1;

/** A corpus as JSON lines: what is known of all in the first, a statement in each other one. @param more for the first line */
export function writeCorpus({ statements, ...head }: Corpus, more: object = {}): string {
  const lines = [{ kind, version, ...head, ...more }, ...statements];
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** @throws TealError `corpus-invalid` */
export function readCorpus(file: { readonly path: string; readonly text: string }): Corpus {
  const [first = '', ...lines] = file.text.split('\n').filter((line) => line.trim() !== '');
  const head = parsed(file.path, 1, first);
  if (head['kind'] !== kind || head['version'] !== version)
    throw invalid(file.path, 1, `it begins with no {"kind":"${kind}","version":${version}, …}`);
  const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return {
    statements: lines.map((line, at) => statementOf(file.path, at + 2, line)),
    from: number(head['from']),
    to: number(head['to']),
    evicted: number(head['evicted']) ?? 0,
    resets: number(head['resets']) ?? 0,
    lost: Array.isArray(head['lost']) ? head['lost'].map(String) : [],
  };
}

function statementOf(path: string, line: number, text: string): Statement {
  const { text: sql, calls, role, searchPath } = parsed(path, line, text);
  if (typeof sql !== 'string' || sql === '') throw invalid(path, line, '"text" is no statement');
  if (typeof calls !== 'number' || !(calls >= 0)) throw invalid(path, line, '"calls" is no number');
  const name = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return { text: sql, calls, role: name(role), searchPath: name(searchPath) };
}

function parsed(path: string, line: number, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below, like JSON that is no object.
  }
  throw invalid(path, line, 'it is no JSON object');
}

function invalid(path: string, line: number, why: string): TealError {
  return new TealError('corpus-invalid', `${path}:${line} is no line of a corpus: ${why}`, {
    remedy: 'Make it with: teal db collect --out corpus.jsonl. Files with SQL are named *.sql.',
    details: { file: path, line },
  });
}

/** Statements of a file with SQL, one call each; their constants become parameters. */
export function corpusOfSql(parser: Parser, file: { readonly path: string; readonly text: string }): Corpus {
  const statements = parser.parse(file.text);
  if ('message' in statements)
    return {
      ...emptyCorpus,
      lost: [`${file.path} cannot be read: ${statements.message}; none of its statements is looked at`],
    };
  const bytes = Buffer.from(file.text);
  return {
    ...emptyCorpus,
    statements: statements.map(({ start, end }) => ({
      text: withoutValues(parser, bytes.subarray(start, end).toString().trim()),
      calls: 1,
      role: null,
      searchPath: null,
    })),
  };
}

/**
 * A statement with no constants in it. Servers before 16 keep those of BEGIN, SET, COPY and their like; what cannot be rid of them and
 * asks nothing of the schema loses everything behind its first word.
 */
export function withoutValues(parser: Parser, text: string): string {
  if (innerOf(parser, text).kind !== 'query') return /^\s*\w+/.exec(text)?.[0]?.trim() ?? '';
  return parser.normalize(text) ?? text;
}
