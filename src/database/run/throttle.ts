import type { Doing } from './attempt.ts';
import { pause } from './wait.ts';

/** Waits for as long as a backfill would be in the way. */
export type Throttle = (doing: Doing) => Promise<void>;

/** What is asked costs more than what it saves when it is asked more often. */
const askEveryMs = 1000;
const usualLagSeconds = 10;
/** One or two wait for locks on any busy server. */
const mostWaiting = 5;

/**
 * Replicas that are behind (as far as this role may see: pg_monitor), sessions of this database that wait for locks (pg_locks shows
 * them to everybody), and whatever the caller looks at.
 */
const facts = `SELECT
  (SELECT max(extract(epoch FROM replay_lag))::float8 FROM pg_stat_replication) AS lag,
  (SELECT count(*)::int FROM pg_locks WHERE NOT granted AND pid <> $1 AND locktype <> 'advisory'
     AND (database IS NULL OR database = (SELECT oid FROM pg_database WHERE datname = current_database()))) AS waiting`;

export function throttling(): Throttle {
  let askedAt = -Infinity;
  return async (doing) => {
    const { options, place } = doing;
    for (let told: string | null = null; ;) {
      if (performance.now() - askedAt < askEveryMs) return;
      const why = await reason(doing);
      askedAt = performance.now();
      if (why === null) return;
      if (why !== told) options.tell({ type: 'paused', step: place.step, why });
      told = why;
      await pause(askEveryMs, options.signal);
    }
  };
}

async function reason({ held, options }: Doing): Promise<string | null> {
  const [row] = await held.monitor.query<{ lag: number | null; waiting: number }>(facts, [
    held.connection.pid,
  ]);
  const most = options.lagSeconds ?? usualLagSeconds;
  if (row !== undefined && row.lag !== null && row.lag > most)
    return `a replica is ${Math.round(row.lag)} s behind (at most ${most})`;
  if (row !== undefined && row.waiting > mostWaiting)
    return `${row.waiting} sessions wait for locks (at most ${mostWaiting})`;
  return (await options.throttle?.(options.signal)) ?? null;
}
