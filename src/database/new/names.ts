import { createHash } from 'node:crypto';
import { TealError } from '../../errors.ts';

/** Words that PostgreSQL reserves: as names they need quotes (https://www.postgresql.org/docs/current/sql-keywords-appendix.html). */
const reserved: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character check
  coalesce collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema
  current_time current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists extract false fetch
  float for foreign freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval
  into is isnull join lateral leading least left like limit localtime localtimestamp national natural nchar none normalize not notnull
  null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real references returning
  right row select session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp to
  trailing treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat
  xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** A name as SQL takes it, with quotes where it needs them. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** A table that may name its schema: `users`, `billing.users`. */
export interface TableName {
  readonly schema: string | null;
  readonly table: string;
}

/** A table as SQL takes it. */
export function sqlTable({ schema, table }: TableName): string {
  return schema === null ? quoted(table) : `${quoted(schema)}.${quoted(table)}`;
}

/** Another thing in the schema of a table. */
export function beside({ schema }: TableName, name: string): string {
  return schema === null ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}

/** PostgreSQL cuts names off after 63 bytes; longer ones end in a part of their hash, so that no two become one. */
export function fitting(name: string): string {
  if (Buffer.byteLength(name) <= 63) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${Buffer.from(name).subarray(0, 50).toString().replaceAll('\uFFFD', '')}_${hash}`;
}

/** What stands between the dots: in quotes, as SQL and psql write it (`""` is one), or as it is. */
const part = /"((?:[^"]|"")+)"|([^".]+)/y;

/**
 * The parts of a name as somebody gives it: `users.name`, `"User Accounts"."userName"`. What has no quotes is taken as it is, in
 * lower or upper case. null: it is neither, such as one with a quote that does not end.
 */
function partsOf(text: string): readonly string[] | null {
  const parts: string[] = [];
  for (let at = 0; ; at++) {
    part.lastIndex = at;
    const found = part.exec(text);
    if (found === null) return null;
    parts.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    at = part.lastIndex;
    if (at === text.length) return parts;
    if (text[at] !== '.') return null;
  }
}

const howToQuote = `What holds a dot, or quotes, goes in quotes, as in SQL: '"User Accounts"."userName"', '"a.b".c'`;

/** One name, such as that of a new column. @throws TealError `usage` */
export function identifier(text: string): string {
  const parts = partsOf(text);
  const [name] = parts ?? [];
  if (name === undefined || parts?.length !== 1)
    throw new TealError('usage', `${JSON.stringify(text)} is no name`, { remedy: howToQuote });
  return name;
}

/** Names with commas between them. @throws TealError `usage` */
export function identifiers(text: string): readonly string[] {
  return (text.match(/(?:"(?:[^"]|"")*"|[^",]|")+/g) ?? []).map((each) => identifier(each.trim()));
}

/** A column that a command is about: `users.name`, `billing.bills.total`. */
export interface ColumnName extends TableName {
  readonly column: string;
}

/** @throws TealError `usage` */
export function columnNamed(text: string): ColumnName {
  const parts = partsOf(text);
  if (parts === null || parts.length < 2 || parts.length > 3)
    throw new TealError('usage', `${JSON.stringify(text)} names no column`, {
      remedy: `Write table.column, or schema.table.column: users.name. ${howToQuote}`,
    });
  const [column = '', table = '', schema = null] = parts.toReversed();
  return { schema: schema === 'public' ? null : schema, table, column };
}

/** @throws TealError `usage` */
export function tableNamed(text: string): TableName {
  const parts = partsOf(text);
  if (parts === null || parts.length > 2)
    throw new TealError('usage', `${JSON.stringify(text)} names no table`, {
      remedy: `Write table, or schema.table: users. ${howToQuote}`,
    });
  const [table = '', schema = null] = parts.toReversed();
  return { schema: schema === 'public' ? null : schema, table };
}

/** As other statements know it, without quotes. */
export const nameIn = ({ schema, table }: TableName): string =>
  schema === null ? table : `${schema}.${table}`;
