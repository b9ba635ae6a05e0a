import type { Parser, Token } from '../sql/parser.ts';

/**
 * What there is to ask of a statement. `query`: how the schema answers `text`, which is the statement or the one inside it ·
 * `session`: it names nothing of the schema · `schema`: it changes the schema, as migrations do.
 */
export type Inner =
  | { readonly kind: 'query'; readonly text: string }
  | { readonly kind: 'session' | 'schema' };

const queries: ReadonlySet<string> = new Set([
  'select',
  'insert',
  'update',
  'delete',
  'merge',
  'values',
  'table',
  'with',
  'call',
  '(',
]);
const sessions: ReadonlySet<string> = new Set(
  `begin start commit end rollback abort savepoint release set reset show discard deallocate listen unlisten notify checkpoint load
  fetch move close execute prepare_transaction`.split(/\s+/),
);

/** The statement that a statement of a session or of upkeep is about, if any. */
export function innerOf(parser: Parser, text: string): Inner {
  const tokens = parser.tokens(text).filter(({ comment }) => !comment);
  const words = tokens.map((token) => token.text.toLowerCase());
  const [first = '', second = ''] = words;
  const rest = (from: number): Inner => {
    const start = tokens[from]?.start;
    if (from <= 0 || start === undefined) return { kind: 'session' };
    return innerOf(parser, Buffer.from(text).subarray(start).toString());
  };
  if (queries.has(first)) return { kind: 'query', text: text.replace(/;\s*$/, '') };
  switch (first) {
    case 'prepare':
      return second === 'transaction' ? { kind: 'session' } : rest(words.indexOf('as') + 1);
    case 'declare':
      return rest(words.indexOf('for') + 1);
    case 'explain':
      return rest(afterOptions(words, 1, explainWords));
    case 'copy':
      return copied(tokens, words, text);
    case 'truncate':
      return named(tokens, words, second === 'table' ? 2 : 1);
    case 'lock':
      return named(tokens, words, second === 'table' ? 2 : 1);
    case 'analyze':
    case 'vacuum':
      return named(tokens, words, afterOptions(words, 1, vacuumWords));
    case 'refresh':
      return named(tokens, words, words[3] === 'concurrently' ? 4 : 3);
    case 'create':
      return made(words, rest);
    default:
      return { kind: sessions.has(first) ? 'session' : 'schema' };
  }
}

const explainWords: ReadonlySet<string> = new Set(['analyze', 'verbose']);
const vacuumWords: ReadonlySet<string> = new Set(['full', 'freeze', 'verbose', 'analyze']);

/** Behind options in parentheses, or words that are options. */
function afterOptions(words: readonly string[], from: number, options: ReadonlySet<string>): number {
  if (words[from] === '(' && !queries.has(words[from + 1] ?? '')) return words.indexOf(')', from) + 1;
  let at = from;
  while (options.has(words[at] ?? '')) at++;
  return at;
}

/** CREATE TABLE … AS, which reads; every other CREATE is a migration's. */
function made(words: readonly string[], rest: (from: number) => Inner): Inner {
  const as = words.findIndex((word, at) => word === 'as' && queries.has(words[at + 1] ?? ''));
  return words.slice(1, 4).includes('table') && as !== -1 ? rest(as + 1) : { kind: 'schema' };
}

/** COPY (query) TO; COPY table (columns) FROM is an INSERT, TO is a SELECT. */
function copied(tokens: readonly Token[], words: readonly string[], text: string): Inner {
  const bytes = Buffer.from(text);
  const between = (from: number, to: number): string =>
    bytes.subarray(tokens[from]?.start ?? 0, tokens[to]?.end ?? 0).toString();
  if (words[1] === '(') {
    const end = closing(words, 1);
    return innerOfText(between(2, end - 1));
  }
  let to = 1;
  while (words[to + 1] === '.') to += 2;
  const table = between(1, to);
  const list = words[to + 1] === '(' ? closing(words, to + 1) : null;
  const columns = list === null ? null : between(to + 2, list - 1);
  if (words[(list ?? to) + 1] === 'to') return innerOfText(`SELECT ${columns ?? '*'} FROM ${table}`);
  if (columns === null) return innerOfText(`SELECT * FROM ${table}`);
  const values = columns.split(',').map((_, index) => `$${index + 1}`);
  return innerOfText(`INSERT INTO ${table} (${columns}) VALUES (${values.join(', ')})`);
}

const innerOfText = (text: string): Inner => ({ kind: 'query', text });

function closing(words: readonly string[], open: number): number {
  let depth = 0;
  for (let at = open; at < words.length; at++) {
    if (words[at] === '(') depth++;
    if (words[at] === ')' && --depth === 0) return at;
  }
  return words.length;
}

/** TRUNCATE a, b; LOCK a; ANALYZE a: they need their tables to be there. */
function named(tokens: readonly Token[], words: readonly string[], from: number): Inner {
  const tables: string[] = [];
  let at = words[from] === 'only' ? from + 1 : from;
  for (;;) {
    const token = tokens[at];
    if (token === undefined || !/^["\p{L}_]/u.test(token.text)) break;
    let name = token.text;
    while (words[at + 1] === '.') {
      name += `.${tokens[at + 2]?.text ?? ''}`;
      at += 2;
    }
    tables.push(name);
    if (words[at + 1] !== ',') break;
    at += 2;
  }
  if (tables.length === 0) return { kind: 'session' };
  return innerOfText(
    `SELECT ${tables.map((_, index) => `t${index}.*`).join(', ')} FROM ${tables.map((name, index) => `${name} t${index}`).join(', ')}`,
  );
}
