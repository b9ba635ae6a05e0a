import type { Statement } from '../../../src/database/prove/corpus.ts';
import type { Session } from '../../../src/database/prove/session.ts';

interface Table {
  readonly name: string;
  readonly bare: string;
  readonly columns: readonly { readonly name: string; readonly needed: boolean; readonly given: boolean }[];
  readonly key: readonly string[];
}

/**
 * What a program sends that names all its columns, as most mappers do: rows read, changed and deleted by their key, and inserted with
 * all columns and with only those that have to be given. For the tables that a text names.
 */
export async function statementsAbout(session: Session, text: string): Promise<readonly Statement[]> {
  const tables = await session.query<Table>(
    `SELECT c.oid::regclass::text AS name, c.relname::text AS bare,
        json_agg(json_build_object('name', quote_ident(a.attname),
            'needed', a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', 'given', a.attidentity <> 'a') ORDER BY a.attnum) AS columns,
        coalesce((SELECT json_agg(quote_ident(k.attname) ORDER BY k.attnum) FROM pg_index i
            JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = ANY (i.indkey)
           WHERE i.indrelid = c.oid AND i.indisprimary), json_build_array((array_agg(quote_ident(a.attname) ORDER BY a.attnum))[1])) AS key
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace GROUP BY c.oid ORDER BY c.oid`,
  );
  return tables.filter(({ bare }) => new RegExp(`\\b${bare}\\b`, 'i').test(text)).flatMap(statementsOn);
}

function statementsOn({ name, columns, key }: Table): readonly Statement[] {
  const given = columns.filter((each) => each.given).map((each) => each.name);
  const needed = columns.filter((each) => each.needed).map((each) => each.name);
  const set = given.filter((each) => !key.includes(each));
  const where = (from: number): string => key.map((each, at) => `${each} = $${from + at}`).join(' AND ');
  return [
    `SELECT ${columns.map((each) => each.name).join(', ')} FROM ${name} WHERE ${where(1)}`,
    insert(name, given),
    insert(name, needed),
    ...(set.length === 0
      ? []
      : [
          `UPDATE ${name} SET ${set.map((each, at) => `${each} = $${at + 1}`).join(', ')} WHERE ${where(set.length + 1)}`,
        ]),
    `DELETE FROM ${name} WHERE ${where(1)}`,
  ].map((text) => ({ text, calls: 1, role: null, searchPath: null }));
}

function insert(table: string, columns: readonly string[]): string {
  if (columns.length === 0) return `INSERT INTO ${table} DEFAULT VALUES`;
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, at) => `$${at + 1}`).join(', ')})`;
}
