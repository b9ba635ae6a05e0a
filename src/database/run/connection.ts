import { checkAddress, sayAddress } from '../server/address.ts';
import { open, type Opened } from '../server/driver.ts';

/** One session of a PostgreSQL server. */
export interface Connection {
  /** The server's process of it. */
  readonly pid: number;
  /** Database and host, for people: never user or password. */
  readonly place: string;
  /** Runs SQL as it stands: without values several statements may be in it. @throws the server's error */
  query<ROW extends object = Record<string, unknown>>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<readonly ROW[]>;
  /** Ends it, at once when the server does not answer. */
  close(): Promise<void>;
}

/** Who is asked to say goodbye, and does not, is left. */
const endTimeoutMs = 2000;

/** As long as it may take to connect (driver.ts): what takes connections may be a pool or a proxy whose server is gone. */
const firstAnswerMs = 10_000;

export interface Connecting {
  /** Ends the attempt; not what has been connected. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the first answer. Default 10 s. */
  readonly answerMs?: number;
}

/**
 * Connects, in bounded time. @param name shown to who looks at the server's sessions
 * @throws TealError `package-missing`, `usage` for what is no URL; else the error of the driver (see `isLost`)
 */
export async function connect(url: string, name: string, more: Connecting = {}): Promise<Connection> {
  checkAddress(url);
  const config = { connectionString: url, application_name: name, keepAlive: true };
  const opened = await open(config, more.signal);
  const { client } = opened;
  let gone = false;
  client.on('error', () => (gone = true));
  client.on('end', () => (gone = true));
  // The driver wants one at a time.
  let before: Promise<unknown> = Promise.resolve();
  const pid = await processOf(opened, more);
  return {
    pid,
    place: sayAddress(url),
    query: async <ROW extends object>(sql: string, values?: readonly unknown[]) => {
      const asked = before.then(() => client.query<ROW>(sql, values === undefined ? undefined : [...values]));
      before = asked.catch(() => undefined);
      const answer = await asked;
      // Several statements in one message have an answer each; nobody asks for theirs.
      return answer.rows ?? [];
    },
    close: async () => {
      if (gone) return;
      gone = true;
      const timer = new Promise<void>((resolve) => setTimeout(resolve, endTimeoutMs).unref());
      await Promise.race([client.end().catch(() => undefined), timer]);
      opened.cut();
    },
  };
}

/** @throws the driver's error; one of the network (see `isLost`) when there is no answer in time */
async function processOf(
  { client, cut }: Opened,
  { signal, answerMs = firstAnswerMs }: Connecting,
): Promise<number> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    cut();
  }, answerMs);
  signal?.addEventListener('abort', cut, { once: true });
  try {
    signal?.throwIfAborted();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return rows[0]?.pid ?? 0;
  } catch (error) {
    cut();
    if (!isLate) throw error;
    throw Object.assign(new Error(`connected, and no answer within ${answerMs / 1000} s`), {
      code: 'ETIMEDOUT',
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cut);
  }
}
