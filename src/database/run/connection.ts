import type * as Pg from 'pg';
import { TealError } from '../../errors.ts';

/** One session of a PostgreSQL server. */
export interface Connection {
  /** The server's process of it. */
  readonly pid: number;
  /** Host and database, for people: never user or password. */
  readonly place: string;
  /** Runs SQL as it stands: without values several statements may be in it. @throws the server's error */
  query<ROW extends object = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<readonly ROW[]>;
  /** Ends it, at once when the server does not answer. */
  close(): Promise<void>;
}

/** A server that does not answer within this is not there. */
const connectTimeoutMs = 10_000;
/** Who is asked to say goodbye, and does not, is left. */
const endTimeoutMs = 2000;

/** The driver, which is not part of Teal. @throws TealError `driver-missing` */
async function loadDriver(): Promise<typeof Pg> {
  try {
    const loaded = await import('pg');
    return loaded.default as unknown as typeof Pg;
  } catch (cause) {
    throw new TealError('driver-missing', 'A PostgreSQL server cannot be asked without pg', {
      remedy: 'Install it beside Teal: npm install --save-dev pg@8',
      details: { why: cause instanceof Error ? cause.message.split('\n')[0] : String(cause) },
      cause,
    });
  }
}

/**
 * Connects. @param name shown to who looks at the server's sessions
 * @throws TealError `driver-missing`, `usage` for what is no URL; else the error of the driver (see `lost`)
 */
export async function connect(url: string, name: string): Promise<Connection> {
  const driver = await loadDriver();
  const place = placeOf(url);
  const client = new driver.Client({
    connectionString: url,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: name,
    keepAlive: true,
  });
  let gone = false;
  // Told again by whichever statement is under way; without a listener it would end the process.
  client.on('error', () => (gone = true));
  client.on('end', () => (gone = true));
  try {
    await client.connect();
  } catch (error) {
    void client.end().catch(() => undefined);
    throw error;
  }
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return {
    pid: rows[0]?.pid ?? 0,
    place,
    query: async <ROW extends object>(sql: string, values?: readonly unknown[]) => {
      const answer = await client.query<ROW>(sql, values === undefined ? undefined : [...values]);
      // Several statements in one message have an answer each; nobody asks for theirs.
      return answer.rows ?? [];
    },
    close: async () => {
      if (gone) return;
      gone = true;
      const timer = new Promise<void>((resolve) => setTimeout(resolve, endTimeoutMs).unref());
      await Promise.race([client.end().catch(() => undefined), timer]);
    },
  };
}

/** @throws TealError `usage` */
function placeOf(url: string): string {
  try {
    const { protocol, host, pathname, searchParams } = new URL(url);
    if (/^postgres(?:ql)?:$/.test(protocol))
      return `${host === '' ? (searchParams.get('host') ?? 'localhost') : host}${pathname}`;
  } catch {
    // Told below, like any other text that is no URL of a database. It may hold a password.
  }
  throw new TealError('usage', 'The address of the database is no URL of PostgreSQL', {
    remedy: 'Write it as postgres://user@host:5432/database, in --url or DATABASE_URL.',
  });
}
