import { missingFrom, shapeOf } from '../run/shape.ts';
import type { Session } from './session.ts';

/** Tables and views of people, by names as the catalog has them, without quotes; what Teal records is none of them. */
const tablesSql = `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', '_teal')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`;

/**
 * How the tables of two databases differ, as lines with what only one of them has; empty: a statement about tables means the same in
 * both. Functions and types are not compared, but for what tables use of them.
 */
export async function unlike(one: Session, other: Session): Promise<readonly string[]> {
  const [here, there] = await Promise.all([linesOf(one), linesOf(other)]);
  return [...missingFrom(here, there), ...missingFrom(there, here)];
}

async function linesOf(session: Session): Promise<readonly string[]> {
  const tables = await session.query<{ name: string }>(tablesSql);
  return shapeOf(
    session,
    tables.map(({ name }) => name),
  );
}
