/**
 * A database of its own on a server, which lives no longer than whoever has made it.
 *
 * While a process has one, its session holds an advisory lock whose number is in the database's name; the server lets go of it when that
 * session ends, however the process does and on whichever machine it was. So a database that is nobody's any more has such a name and
 * Teal's own comment with that name, and nobody holds its lock, nor is connected to it. Nothing else is ever dropped.
 */
import { randomBytes } from 'node:crypto';
import { TealError } from '../../errors.ts';
import { stopIf } from './interrupt.ts';
import { connect, inOrder, type Place, type Session } from './session.ts';

const prefix = 'teal_shadow_';
/** Before the name, so that a database that somebody has renamed to keep it is no longer ours. */
const mark = 'Teal tries statements here, and drops it: ';
/** What is put away after an interruption has this much time; then the next proof does it. */
const graceMs = 5000;

/**
 * Makes one, and drops those that were left behind. The stack drops it, and throws what hinders that.
 * @throws TealError `shadow-failed`, `database-unavailable`, `migration-interrupted`
 */
export async function ownDatabase(
  server: Place,
  { stack, signal }: { readonly stack: AsyncDisposableStack; readonly signal: AbortSignal },
): Promise<Place> {
  stopIf(signal);
  const admin = await connect(server, stack.use(aWhileAfter(signal)).signal);
  stack.defer(() => admin.close());
  const key = randomBytes(8).toString('hex');
  const name = `${prefix}${key}`;
  try {
    await admin.query(`SELECT pg_advisory_lock(('x' || $1)::bit(64)::bigint)`, [key]);
    await dropLeft(admin);
    // What is left behind in the very moment may have somebody connected still, who is gone when this one is done.
    stack.defer(() => dropLeft(admin));
    stack.defer(() => drop(admin, name));
    // Sent together: a process that is killed in between has said both.
    await inOrder(admin, [
      () => admin.query(`CREATE DATABASE ${name} TEMPLATE template0`),
      () => admin.query(`COMMENT ON DATABASE ${name} IS '${mark}${name}'`),
    ]);
    // A statement that nobody waits for any more ends; where the platform cannot tell, it goes on until the database is dropped.
    await admin.query(`ALTER DATABASE ${name} SET client_connection_check_interval = '1s'`).catch(() => []);
  } catch (cause) {
    stopIf(signal);
    throw new TealError('shadow-failed', 'No shadow database can be made on the server', {
      remedy:
        'Let the role make databases (ALTER ROLE … CREATEDB), or try elsewhere: --shadow pglite, --shadow postgres://…',
      details: { why: wordsOf(cause) },
      cause,
    });
  }
  stopIf(signal);
  return { ...server, database: name };
}

async function drop(admin: Session, name: string): Promise<void> {
  try {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  } catch (cause) {
    throw new TealError('shadow-failed', `The shadow database ${name} stays: ${wordsOf(cause)}`, {
      remedy: `The next proof on this server drops it. Or do it yourself: DROP DATABASE ${name}`,
      cause,
    });
  }
}

async function dropLeft(admin: Session): Promise<void> {
  const rows = await admin.query<{ name: string }>(
    `SELECT datname::text AS name FROM pg_database d
     WHERE datname ~ '^${prefix}[0-9a-f]{16}$' AND pg_get_userbyid(datdba) = current_user
       AND shobj_description(oid, 'pg_database') = '${mark}' || datname
       AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
       AND NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
         AND lpad(to_hex(classid::bigint), 8, '0') || lpad(to_hex(objid::bigint), 8, '0') = right(datname, 16))`,
  );
  // Somebody else may have done it, or be there again: it stays for the next.
  for (const { name } of rows) await admin.query(`DROP DATABASE IF EXISTS ${name}`).catch(() => undefined);
}

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** A signal that follows another one. */
interface Following extends Disposable {
  readonly signal: AbortSignal;
}

function aWhileAfter(signal: AbortSignal): Following {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => controller.abort(), graceMs).unref();
  };
  signal.addEventListener('abort', begin, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', begin);
    },
  };
}
