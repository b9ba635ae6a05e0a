import type { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

const everyMs = 100;

/** What was seen of both columns while there were two. */
export interface Watched {
  /** How often both were looked at. */
  readonly looks: number;
  /** Rows, at any look, in which they differed; or, once backfill had said that it is done, of which one was empty. */
  readonly divergent: number;
  /** The most rows that were still empty, while that was nobody's harm. */
  readonly unfilled: number;
}

export interface Watch {
  readonly seen: Watched;
  stop(): Promise<Watched>;
}

const compare = `
  SELECT count(*) FILTER (WHERE name <> full_name)::int AS differ,
    count(*) FILTER (WHERE (name IS NULL) <> (full_name IS NULL))::int AS empty,
    (SELECT convalidated FROM pg_constraint WHERE conname = 'users_full_name_is_set') AS filled
  FROM users`;

/** undefined_column: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const oneOfThem = '42703';

/** Compares both columns of all rows again and again, each time at one moment. Ends the client when it is stopped. */
export function watch(client: Client): Watch {
  const seen = { looks: 0, divergent: 0, unfilled: 0 };
  const end = new AbortController();
  const look = async (): Promise<void> => {
    try {
      const { rows } = await client.query<{ differ: number; empty: number; filled: boolean | null }>(compare);
      const { differ = 0, empty = 0, filled = false } = rows[0] ?? {};
      seen.looks += 1;
      seen.divergent += differ + (filled === true ? empty : 0);
      if (filled !== true) seen.unfilled = Math.max(seen.unfilled, empty);
    } catch (error) {
      if ((error as { readonly code?: string }).code !== oneOfThem) throw error;
    }
  };
  const all = (async () => {
    while (!end.signal.aborted) {
      await look();
      await sleep(everyMs, undefined, { signal: end.signal }).catch(() => undefined);
    }
  })();
  // Waited for in stop; until then nobody is there to hear it.
  all.catch(() => undefined);
  return {
    seen,
    stop: async () => {
      end.abort();
      await all.finally(() => client.end());
      return seen;
    },
  };
}
