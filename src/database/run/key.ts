import type { Connection } from './connection.ts';

/** What rows of a table are told apart by. */
export type Key =
  | {
      readonly by: 'columns';
      readonly table: string;
      readonly columns: readonly KeyColumn[];
      readonly total: number;
    }
  /** Where they lie, in pages of the table's file. */
  | { readonly by: 'page'; readonly table: string; readonly total: number }
  | { readonly by: 'nothing'; readonly table: string; readonly why: string };

interface KeyColumn {
  /** Both as SQL. */
  readonly name: string;
  readonly type: string;
}

/** Of 8 KB, of rows of a usual size: only the first guess of how much there is. */
const rowsOnPage = 60;

const tableNamed = `SELECT c.oid::text AS oid, c.oid::regclass::text AS name, c.relkind::text AS kind,
    c.reltuples::float8 AS rows, c.relpages::float8 AS counted, (pg_relation_size(c.oid) / current_setting('block_size')::int)::float8 AS pages
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND (n.nspname || '.' || c.relname = $1 OR (c.relname = $1 AND pg_table_is_visible(c.oid)))`;

const primaryKey = `SELECT quote_ident(a.attname) AS name, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE i.indrelid = $1::oid AND i.indisprimary AND i.indisvalid ORDER BY k.place`;

interface Found {
  readonly oid: string;
  readonly name: string;
  readonly kind: string;
  readonly rows: number;
  readonly counted: number;
  readonly pages: number;
}

/** The primary key, else where rows lie. @param table as the server shows it, without the schema `public` */
export async function keyOf(connection: Connection, table: string): Promise<Key> {
  const [found] = await connection.query<Found>(tableNamed, [table]);
  if (found === undefined) return { by: 'nothing', table, why: 'it is no table' };
  const { oid, name, kind, pages } = found;
  const columns = await connection.query<KeyColumn>(primaryKey, [oid]);
  if (columns.length > 0) return { by: 'columns', table: name, columns, total: rowsIn(found) };
  if (kind === 'r') return { by: 'page', table: name, total: pages };
  return { by: 'nothing', table: name, why: 'it has partitions and no primary key' };
}

/** As the server's planner estimates: as dense as when it was analyzed, and as large as it is now. A table of partitions has no pages. */
function rowsIn({ kind, rows, counted, pages }: Found): number {
  if (kind === 'p') return Math.max(0, rows);
  return Math.round(pages * (rows > 0 && counted > 0 ? rows / counted : rowsOnPage));
}

type Columns = Extract<Key, { by: 'columns' }>;

const list = (texts: readonly string[]): string =>
  texts.length === 1 ? (texts[0] ?? '') : `(${texts.join(', ')})`;
const own = ({ columns }: Columns, alias: string): string =>
  list(columns.map(({ name }) => `${alias}.${name}`));
/** Values come as text, and are what their column is. */
const given = ({ columns }: Columns, from: number): string =>
  list(columns.map(({ type }, index) => `CAST($${from + index}::text AS ${type})`));
const asText = ({ columns }: Columns, alias: string): string =>
  `ARRAY[${columns.map(({ name }) => `${alias}.${name}::text`).join(', ')}] AS key`;

interface Range {
  readonly sql: string;
  readonly values: readonly string[];
}

/** Rows behind one key, up to another; null: from the first, to the last. */
export function rangeOf(key: Columns, alias: string, { after, upTo }: Bounds): Range {
  const parts: string[] = [];
  const values: string[] = [];
  for (const [sign, bound] of [['>', after] as const, ['<=', upTo] as const]) {
    if (bound === null) continue;
    parts.push(`${own(key, alias)} ${sign} ${given(key, values.length + 1)}`);
    values.push(...bound);
  }
  return { sql: parts.length === 0 ? 'true' : parts.join(' AND '), values };
}

export interface Bounds {
  readonly after: readonly string[] | null;
  readonly upTo: readonly string[] | null;
}

/** The key that is so many rows behind another; null: there are fewer. */
export async function keyBehind(
  connection: Connection,
  key: Columns,
  { bounds, rows }: { readonly bounds: Bounds; readonly rows: number },
): Promise<readonly string[] | null> {
  const range = rangeOf(key, 'rows', bounds);
  const order = key.columns.map(({ name }) => `rows.${name}`).join(', ');
  const [row] = await connection.query<{ key: readonly string[] }>(
    `SELECT ${asText(key, 'rows')} FROM ${key.table} AS rows WHERE ${range.sql} ORDER BY ${order} OFFSET ${rows - 1} LIMIT 1`,
    range.values,
  );
  return row?.key ?? null;
}

/** The last key there is; null: the table is empty. */
export async function lastKey(connection: Connection, key: Columns): Promise<readonly string[] | null> {
  const order = key.columns.map(({ name }) => `rows.${name} DESC`).join(', ');
  const [row] = await connection.query<{ key: readonly string[] }>(
    `SELECT ${asText(key, 'rows')} FROM ${key.table} AS rows ORDER BY ${order} LIMIT 1`,
  );
  return row?.key ?? null;
}
