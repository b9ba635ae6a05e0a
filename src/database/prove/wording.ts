import type { Parser, Token } from '../sql/parser.ts';

/**
 * Types that may stand in front of a constant (`interval '1 day'`). In front of a parameter the server's grammar has no such form,
 * and that is what pg_stat_statements makes of it.
 */
const typeWords: ReadonlySet<string> = new Set(
  `interval date time timetz timestamp timestamptz bool boolean text varchar numeric decimal real float int integer bigint smallint int2
  int4 int8 float4 float8 uuid json jsonb inet cidr macaddr point box money bytea xml bit varbit int4range int8range numrange tsrange
  tstzrange daterange tsvector tsquery regclass hstore citext`.split(/\s+/),
);
const intervalFields: ReadonlySet<string> = new Set(['year', 'month', 'day', 'hour', 'minute', 'second']);

const isParameter = (token: Token | undefined): token is Token => /^\$\d+$/.test(token?.text ?? '');

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The statement as the server's grammar takes it: `interval $1` becomes `$1::interval`, `extract($1 from x)` `extract(epoch from x)`.
 * What needs nothing stays as it is.
 */
export function readable(parser: Parser, text: string): string {
  const tokens = parser.tokens(text).filter(({ comment }) => !comment);
  const edits = tokens.flatMap((token, index) => (isParameter(token) ? repair(tokens, index) : []));
  return edited(text, edits);
}

function repair(tokens: readonly Token[], at: number): readonly Edit[] {
  const parameter = tokens[at];
  const before = tokens[at - 1];
  if (parameter === undefined || before === undefined) return [];
  const words = (from: number, to: number): string =>
    tokens
      .slice(from, to)
      .map(({ text }) => text.toLowerCase())
      .join(' ');
  if (words(at - 2, at) === 'extract (' && tokens[at + 1]?.text.toLowerCase() === 'from')
    return [{ start: parameter.start, end: parameter.end, text: 'epoch' }];
  for (const [count, phrases] of phrasesInFront)
    if (phrases.has(words(at - count, at))) return [castOf(tokens, at, count)];
  const name = before.text.toLowerCase();
  if (typeWords.has(name) && tokens[at - 2]?.text !== '.') return [castOf(tokens, at, 1)];
  return [];
}

const phrasesInFront: readonly (readonly [number, ReadonlySet<string>])[] = [
  [4, new Set(['timestamp with time zone', 'timestamp without time zone', 'time with time zone'])],
  [2, new Set(['double precision', 'character varying', 'bit varying'])],
];

/** `type $1`, with the fields of an interval behind it, as a cast. */
function castOf(tokens: readonly Token[], at: number, count: number): Edit {
  const first = tokens[at - count];
  let last = at;
  const next = tokens[at + 1]?.text.toLowerCase();
  if (tokens[at - 1]?.text.toLowerCase() === 'interval' && next !== undefined && intervalFields.has(next)) {
    last = at + 1;
    if (tokens[at + 2]?.text.toLowerCase() === 'to') last = at + 3;
  }
  const name = tokens
    .slice(at - count, at)
    .map(({ text }) => text)
    .join(' ');
  const fields = tokens
    .slice(at + 1, last + 1)
    .map(({ text }) => ` ${text}`)
    .join('');
  return {
    start: first?.start ?? 0,
    end: tokens[last]?.end ?? 0,
    text: `(${tokens[at]?.text ?? ''}::${name}${fields})`,
  };
}

function edited(text: string, edits: readonly Edit[]): string {
  if (edits.length === 0) return text;
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, text: replacement } of edits) {
    if (start < from) continue;
    pieces.push(bytes.subarray(from, start), Buffer.from(replacement));
    from = end;
  }
  pieces.push(bytes.subarray(from));
  return Buffer.concat(pieces).toString();
}

/** One parameter in place of another, such as both halves of `SELECT to_char(x, $1) … GROUP BY to_char(x, $2)`. */
export function withParameter(parser: Parser, text: string, from: number, to: string): string {
  const edits = parser
    .tokens(text)
    .filter((token) => token.text === `$${from}`)
    .map(({ start, end }) => ({ start, end, text: to }));
  return edited(text, edits);
}

/** How many parameters a text has: the highest number. */
export function parameterCount(parser: Parser, text: string): number {
  return Math.max(
    0,
    ...parser
      .tokens(text)
      .filter(isParameter)
      .map((token) => Number(token.text.slice(1))),
  );
}

/** The constants in quotes that are left in a text. */
export function literalsOf(parser: Parser, text: string): readonly string[] {
  return [...new Set(parser.tokens(text).flatMap((token) => (/^E?'/i.test(token.text) ? [token.text] : [])))];
}
