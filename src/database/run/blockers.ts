import type { Connection } from './connection.ts';

/** A session that others wait for. */
export interface Blocker {
  readonly pid: number;
  readonly user: string | null;
  readonly application: string | null;
  readonly state: string | null;
  /** Seconds since its transaction began; null where this role may not see it. */
  readonly seconds: number | null;
  /** What it runs, or ran last, without values. */
  readonly query: string | null;
}

const columns = `pid, usename::text AS user, nullif(application_name, '') AS application, state,
  extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds, query`;

/** Who keeps a session waiting. */
export async function blockersOf(monitor: Connection, pid: number): Promise<readonly Blocker[]> {
  const rows = await monitor.query<Blocker>(
    `SELECT ${columns} FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids($1)) ORDER BY xact_start`,
    [pid],
  );
  return rows.map((row) => ({ ...row, query: withoutValues(row.query) }));
}

/** Who holds a lock on tables. @param tables as the server shows them, without the schema `public` */
export async function holdersOf(
  { monitor, connection }: { readonly monitor: Connection; readonly connection: Connection },
  tables: readonly string[],
): Promise<readonly Blocker[]> {
  const rows = await monitor.query<Blocker>(
    `SELECT ${columns} FROM pg_stat_activity WHERE pid <> ALL ($2::int[]) AND pid IN (
       SELECT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace, unnest($1::text[]) AS wanted
       WHERE l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND (n.nspname || '.' || c.relname = wanted OR (c.relname = wanted AND pg_table_is_visible(c.oid))))
     ORDER BY xact_start`,
    [[...tables], [monitor.pid, connection.pid]],
  );
  return rows.map((row) => ({ ...row, query: withoutValues(row.query) }));
}

/** Who holds the lock of migrations. */
export async function holderOf(connection: Connection, key: string): Promise<Blocker | null> {
  const [row] = await connection.query<Blocker>(
    `SELECT ${columns} FROM pg_stat_activity WHERE pid IN (
       SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND (classid::bigint << 32 | objid::bigint) = $1::bigint)`,
    [key],
  );
  return row === undefined ? null : { ...row, query: withoutValues(row.query) };
}

/** A statement may hold somebody's data, and this goes into logs: texts and numbers are left out. */
export function withoutValues(query: string | null): string | null {
  if (query === null || query === '') return null;
  const bare = query
    .replaceAll(/\$(\w*)\$[^]*?\$\1\$/g, "'…'")
    .replaceAll(/'(?:[^']|'')*'?/g, "'…'")
    .replaceAll(/\b\d+(?:\.\d+)?\b/g, '…')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return bare.length > 120 ? `${bare.slice(0, 119)}…` : bare;
}

/** One of them, for people. */
export function sayBlocker({ pid, user, application, state, seconds, query }: Blocker): string {
  const who = [user, application].filter((each) => each !== null).join(', ');
  const since = seconds === null ? '' : ` for ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const does = query === null ? '' : `: ${query}`;
  return `process ${pid}${who === '' ? '' : ` (${who})`}, ${state ?? 'of another role'}${since}${does}`;
}
