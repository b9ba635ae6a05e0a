/** Keeps asking an instance whether it is well, and tells of changes only. */
import type { Health } from '../../config/config.ts';
import type { Probe } from './probe.ts';
import { pause } from './wait.ts';

/**
 * `healthy`: the first success, or again · `unhealthy`: `fall` failures in a row ·
 * `deadline`: no success since it was started · `lost`: unhealthy for as long as the deadline allows a start to take
 */
export type HealthChange = 'healthy' | 'unhealthy' | 'deadline' | 'lost';

export interface HealthWatchOptions {
  readonly health: Health;
  readonly ask: (signal: AbortSignal) => Promise<Probe>;
  readonly now: () => number;
  readonly tell: (change: HealthChange, last: Probe) => void;
  readonly signal: AbortSignal;
}

// A quick app shall be healthy quickly, whatever the interval: shells and small servers are up within this.
const firstAskMs = 25;
const eagerIntervalMs = 50;

/** Asks until the signal aborts, or until `deadline` or `lost` was told. */
export async function watchHealth(options: HealthWatchOptions): Promise<void> {
  const { health, now, tell, signal } = options;
  const state: HealthState = { since: now(), failures: 0, is: 'starting' };
  await pause(firstAskMs, signal);
  while (!signal.aborted) {
    const answer = await options.ask(signal);
    if (signal.aborted) return;
    const change = judge(state, answer.kind === 'ok', health, now());
    if (change !== null) tell(change, answer);
    if (change === 'deadline' || change === 'lost') return;
    const eager = state.is === 'starting';
    await pause(eager ? Math.min(health.intervalMs, eagerIntervalMs) : health.intervalMs, signal);
  }
}

interface HealthState {
  /** When it entered `is`. */
  since: number;
  failures: number;
  is: 'starting' | 'healthy' | 'unhealthy';
}

/** What one answer changes. */
export function judge(state: HealthState, ok: boolean, health: Health, now: number): HealthChange | null {
  const overdue = now - state.since >= health.deadlineMs;
  if (ok) {
    state.failures = 0;
    return enter(state, 'healthy', now) ? 'healthy' : null;
  }
  state.failures += 1;
  if (state.is === 'starting') return overdue ? 'deadline' : null;
  if (state.is === 'unhealthy') return overdue ? 'lost' : null;
  return state.failures >= health.fall && enter(state, 'unhealthy', now) ? 'unhealthy' : null;
}

function enter(state: HealthState, is: HealthState['is'], now: number): boolean {
  if (state.is === is) return false;
  state.is = is;
  state.since = now;
  return true;
}
