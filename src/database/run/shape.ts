import type { Connection } from './connection.ts';

/** Tables with their columns, constraints, indexes and triggers, one line each, as people read them. */
const shapeQuery = `WITH tables AS (
  SELECT c.oid, c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest($1::text[]) AS wanted
  WHERE c.relkind IN ('r', 'p', 'v', 'm') AND (n.nspname || '.' || c.relname = wanted OR (c.relname = wanted AND pg_table_is_visible(c.oid))))
SELECT 'table ' || name AS line FROM tables
UNION ALL SELECT format('column %s.%s %s%s', name, quote_ident(attname), format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' not null' ELSE '' END)
  FROM tables JOIN pg_attribute ON attrelid = oid WHERE attnum > 0 AND NOT attisdropped
UNION ALL SELECT format('constraint %s of %s: %s', quote_ident(conname), name, pg_get_constraintdef(c.oid))
  FROM tables JOIN pg_constraint c ON conrelid = tables.oid
UNION ALL SELECT format('%sindex %s: %s', CASE WHEN indisvalid THEN '' ELSE 'invalid ' END, indexrelid::regclass, pg_get_indexdef(indexrelid))
  FROM tables JOIN pg_index ON indrelid = oid
UNION ALL SELECT format('trigger %s of %s', quote_ident(tgname), name) FROM tables JOIN pg_trigger ON tgrelid = tables.oid WHERE NOT tgisinternal
ORDER BY 1`;

/** What there is of tables. */
export async function shapeOf(
  connection: Pick<Connection, 'query'>,
  tables: readonly string[],
): Promise<readonly string[]> {
  const rows = await connection.query<{ line: string }>(shapeQuery, [[...new Set(tables)]]);
  return rows.map(({ line }) => line);
}

/** A line that is not there any more. */
export interface Drift {
  readonly was: string;
  /** The line of the same column, constraint or index as it is now; null: there is none. */
  readonly now: string | null;
}

/** What was there and is not any more, or is another. What has come is nobody's harm. */
export function missingFrom(now: readonly string[], before: readonly string[]): readonly string[] {
  const there = new Set(now);
  return before.filter((line) => !there.has(line));
}

/** The same, each with what has become of it. */
export function driftFrom(now: readonly string[], before: readonly string[]): readonly Drift[] {
  const subjects = new Map(now.map((line) => [subjectOf(line), line]));
  return missingFrom(now, before).map((was) => ({ was, now: subjects.get(subjectOf(was)) ?? null }));
}

/** Names as the server quotes them may hold spaces and colons, but only in quotes. */
const named =
  /^(?:invalid )?((?:column|index|constraint) (?:"(?:[^"]|"")*"|[^\s":])+(?: of (?:"(?:[^"]|"")*"|[^\s":])+)?)/;

/** What a line is about, without what it says of it. */
const subjectOf = (line: string): string => named.exec(line)?.[1] ?? line;

/** A drift as people read it. */
export const sayDrift = ({ was, now }: Drift): string =>
  now === null ? `${was}: is not there any more` : `${was}: is now ${now}`;
