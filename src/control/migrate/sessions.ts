/** Which sessions in a database are of a version that has gone: pure, but for the question. */
import type { DatabasePolicy } from '../../config/database.ts';
import type { Session } from '../../database/prove/session.ts';
import type { Blocker } from '../../database/run/blockers.ts';
import { colours, type AppState } from '../../release/state.ts';

/** A session of a client, and how long ago it was begun, in seconds; null where the role that asks may not see it. */
export type Open = Blocker;

/** Those of the database, the oldest first. How old one is only the server's own clock says, so no other is compared with it. */
export async function openSessions(session: Session): Promise<readonly Open[]> {
  return await session.query<Open>(
    `SELECT pid, usename::text AS user, nullif(application_name, '') AS application, state,
       extract(epoch FROM clock_timestamp() - backend_start)::float8 AS seconds, NULL AS query
     FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND coalesce(backend_type, 'client backend') = 'client backend' ORDER BY backend_start`,
  );
}

/** Which ones are old. */
export interface Old {
  /** Null: whoever has begun it. */
  readonly role: string | null;
  /** Those that were begun longer ago than this, since what runs now was not there then; null: all of them. */
  readonly longerMs: number | null;
}

/** By so much the clock of a control plane may be behind that of the one before it: else it would take the new version's first sessions for old. */
const clocksMs = 10_000;

type Roles = NonNullable<DatabasePolicy['roles']>;
type Placed = Pick<AppState, 'environments' | 'live'>;

/**
 * By their roles: of an environment that is empty all of them, and else those from before what is there now, which are left of what was
 * there earlier.
 */
export function oldByRole({ environments, live }: Placed, roles: Roles, now: number): readonly Old[] {
  return colours.flatMap((colour): readonly Old[] => {
    const environment = environments[colour];
    const role = roles[colour];
    if (environment === null) return [{ role, longerMs: null }];
    if (environment.since !== undefined) return [{ role, longerMs: now - environment.since + clocksMs }];
    // Who is live need not go; of another one nobody knows since when it is there.
    return colour === live ? [] : [{ role, longerMs: null }];
  });
}

/** Without roles: what was begun before all that runs now may be of the old version, or of anybody else; null: since when that runs is not known. */
export function oldByAge({ environments }: Placed, now: number): readonly Old[] | null {
  const there = colours.flatMap((colour) => environments[colour] ?? []);
  const begun = there.map(({ since }) => since ?? Number.NaN);
  const first = Math.min(...begun);
  return there.length === 0 || Number.isNaN(first)
    ? null
    : [{ role: null, longerMs: now - first + clocksMs }];
}

export const left = (sessions: readonly Open[], olds: readonly Old[]): readonly Open[] =>
  sessions.filter((each) =>
    olds.some(
      (old) =>
        isWhose(each, old) &&
        (old.longerMs === null || (each.seconds !== null && each.seconds * 1000 > old.longerMs)),
    ),
  );

/** Of which nobody can say whether they are old, since their age may not be seen. */
export const unseen = (sessions: readonly Open[], olds: readonly Old[]): readonly Open[] =>
  sessions.filter((each) => each.seconds === null && olds.some((old) => isWhose(each, old)));

const isWhose = ({ user }: Open, { role }: Old): boolean => role === null || role === user;
