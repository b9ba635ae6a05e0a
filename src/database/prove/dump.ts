import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TealError } from '../../errors.ts';
import { stopIf } from './interrupt.ts';
import { sayPlace, type Place } from './session.ts';

/** A schema of thousands of tables is some MB of text. */
const maximalDump = 256 * 1024 * 1024;

export interface Dump {
  readonly place: Place;
  /** Milliseconds that it waits for who changes a table; without it, for as long as they do. */
  readonly lockWaitMs?: number;
}

/** The schema of a database as SQL, without any rows. @throws TealError `shadow-failed`, `lock-not-granted`, `migration-interrupted` */
export async function dumpSchema(
  { place, lockWaitMs }: Dump,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string> {
  try {
    const patience = lockWaitMs === undefined ? [] : [`--lock-wait-timeout=${Math.ceil(lockWaitMs)}`];
    const { stdout } = await promisify(execFile)('pg_dump', ['--schema-only', '--no-comments', ...patience], {
      env: { PATH: env['PATH'], HOME: env['HOME'], ...environmentOf(place) },
      maxBuffer: maximalDump,
      signal,
    });
    // \restrict and its like are commands of psql.
    return stdout.replaceAll(/^\\.*$/gm, '');
  } catch (cause) {
    stopIf(signal);
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    // It has no way of its own to tell; the statement is shown as it was sent, whatever language the server speaks.
    const [, table] = /LOCK TABLE (.*?) IN ACCESS SHARE MODE/.exec(said) ?? [];
    if (lockWaitMs !== undefined && table !== undefined)
      throw new TealError(
        'lock-not-granted',
        `pg_dump got no lock within ${Math.round(lockWaitMs / 100) / 10} s to read the schema of ${sayPlace(place)}: ${table}`,
        { remedy: 'End what is in the way (pg_locks shows it), then run it again.', cause },
      );
    throw new TealError('shadow-failed', `pg_dump does not give the schema of ${sayPlace(place)}`, {
      remedy:
        'It has to be in PATH, and as new as the server. Or give the files that make the schema: --schema db/migrations',
      details: { why: said.split('\n')[0] },
      cause,
    });
  }
}

/** By variables, since arguments can be seen by everybody on the machine. */
function environmentOf(place: Place): Record<string, string> {
  if ('socket' in place) return { PGHOST: place.socket, PGUSER: place.user, PGDATABASE: place.database };
  const url = new URL(place.url);
  const parts: Readonly<Record<string, string>> = {
    PGHOST: url.searchParams.get('host') ?? decodeURIComponent(url.hostname),
    PGPORT: url.port,
    PGUSER: url.searchParams.get('user') ?? decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: place.database ?? decodeURIComponent(url.pathname.slice(1)),
    PGSSLMODE: url.searchParams.get('sslmode') ?? '',
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== ''));
}
