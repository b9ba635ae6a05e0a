import { quoted, sqlTable } from '../new/names.ts';
import type { Session } from './session.ts';
import { kindsOf, valueOf, type Kinds } from './values.ts';

/** Numbers of the rows that a seed gives each table: two, so that a row may refer to another one than itself. */
export const seedNumbers = [1, 2] as const;
/** Sequences go on here, so that no statement is given a key of the seed. */
const sequenceStart = 1000;

interface SeedTable {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly type: number; readonly always: boolean }[];
}

/**
 * Gives every empty table two rows of synthetic values: statements that touch rows then have some to touch. Tables whose constraints no
 * such row satisfies stay empty. @returns the tables that have rows now
 */
export async function seed(session: Session): Promise<readonly string[]> {
  const kinds = await kindsOf(session);
  const tables = await tablesOf(session);
  const seeded: string[] = [];
  await session.query('BEGIN');
  // With it neither triggers nor foreign keys ask anything of a row; only a superuser may say so.
  await tried(session, "SET LOCAL session_replication_role = 'replica'");
  let open = tables;
  // A table that refers to another one can be filled once that one is.
  for (let pass = 0; open.length > 0 && pass <= tables.length; pass++) {
    const left: SeedTable[] = [];
    for (const table of open)
      if (await fill(session, kinds, table)) seeded.push(sqlTable(table));
      else left.push(table);
    if (left.length === open.length) break;
    open = left;
  }
  await session.query('COMMIT');
  await session.query(
    `SELECT setval(s.seqrelid, greatest(${sequenceStart}, s.seqmin)) FROM pg_sequence s
       WHERE s.seqincrement > 0 AND s.seqmax > ${sequenceStart}`,
  );
  return seeded;
}

/** Takes the seed out again, where a migration cannot live with it. */
export async function unseed(session: Session, tables: readonly string[]): Promise<void> {
  for (const table of tables) await session.query(`TRUNCATE ${table} CASCADE`).catch(() => []);
}

async function tablesOf(session: Session): Promise<readonly SeedTable[]> {
  const rows = await session.query<{
    schema: string;
    table: string;
    columns: { name: string; type: number; always: boolean }[];
  }>(
    `SELECT n.nspname AS schema, c.relname AS table,
        json_agg(json_build_object('name', a.attname, 'type', a.atttypid::int8, 'always', a.attidentity = 'a') ORDER BY a.attnum) AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
        AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      GROUP BY 1, 2, c.oid ORDER BY c.oid`,
  );
  return rows;
}

async function fill(session: Session, kinds: Kinds, table: SeedTable): Promise<boolean> {
  const [row] = await session.query<{ there: boolean }>(
    `SELECT EXISTS (SELECT FROM ${sqlTable(table)}) AS there`,
  );
  if (row?.there === true) return true;
  let any = false;
  for (const number of seedNumbers) {
    const values = table.columns.map(({ type }) => valueOf(kinds, type, { number, relation: 'pg_class' }));
    const names = table.columns.map(({ name }) => quoted(name)).join(', ');
    const places = values.map((_, at) => `$${at + 1}`).join(', ');
    any =
      (await tried(
        session,
        `INSERT INTO ${sqlTable(table)} (${names}) OVERRIDING SYSTEM VALUE VALUES (${places})`,
        values,
      )) || any;
  }
  return any;
}

/** Inside a transaction: what the server refuses takes back only itself. */
async function tried(session: Session, sql: string, values?: readonly unknown[]): Promise<boolean> {
  await session.query('SAVEPOINT teal_try');
  try {
    await session.query(sql, values);
    await session.query('RELEASE SAVEPOINT teal_try');
    return true;
  } catch {
    await session.query('ROLLBACK TO SAVEPOINT teal_try');
    return false;
  }
}
