import type { ExposePolicy, Windows } from '../config/release.ts';
import { decidesNow, judgeHolds } from './judging.ts';
import type { AppState, Release } from './state.ts';
import { byItselfAt } from './migrate.ts';
import { transitions } from './transitions.ts';
import { opensAt } from './windows.ts';

/** Since when the step under the cursor waits for nothing but a person or the clock; null when it does not. */
export function waitsSince(release: Release): number | null {
  // The database takes its own time.
  if (release.status === 'migrating') return release.since;
  // Another app of its group is not as far, whose own deadline holds; or whose database takes its time.
  if (release.status === 'starting' && release.ready) return release.since;
  return release.status === 'stepping' ? stepWaitsSince(release) : null;
}

function stepWaitsSince(release: Release): number | null {
  const step = release.steps[release.cursor];
  // The last step waits for nothing but a window.
  if (step?.kind === 'approve' || step?.kind === 'wait' || step?.kind === 'promote') return release.since;
  // Another app of its group is at work, whose own deadline holds.
  if (step?.kind === 'member') return release.since;
  return step?.kind === 'expose' || step?.kind === 'mirror' ? (release.expose?.at ?? null) : null;
}

/** When time alone ends the step under the cursor; null when it does not. */
export function stepEndsAt(release: Release): number | null {
  const step = release.steps[release.cursor];
  const since = waitsSince(release);
  if (since === null) return null;
  if (step?.kind === 'wait') return since + step.ms;
  if (step?.kind === 'mirror') return since + step.forMs;
  if (step?.kind === 'expose') return exposeEndsAt(release, step, since);
  return step?.kind === 'approve' && step.expiresMs !== null ? since + step.expiresMs : null;
}

/** Where evidence decides: at once, when it is there and only a window is waited for. */
function exposeEndsAt(release: Release, step: ExposePolicy, since: number): number | null {
  if (decidesNow(release) === null) return since + step.forMs;
  return release.verdict?.action === 'advance' ? release.verdict.at : null;
}

/** When time alone will change something: the end of a step, inside a window; a deadline; the opening a deploy waits for. */
export function wakeAt(state: AppState): number | null {
  const { release, queued, config, frozen } = state;
  const windows = config?.release.windows ?? { open: [], holidays: [] };
  const times = [
    release === null ? null : releaseWakesAt(release, windows),
    queued === null || frozen !== null ? null : opensAt(queued.build.spec.release.windows, queued.at),
    byItselfAt(state),
  ].filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

function releaseWakesAt(release: Release, windows: Windows): number | null {
  if (release.stoppedAt !== null) return null;
  if (release.status === 'promoted') return release.drain === null ? null : release.windowEndsAt;
  const ends = release.status === 'stepping' ? endsAt(release) : null;
  if (
    judgeHolds(release) &&
    release.steps[release.cursor]?.kind !== 'approve' &&
    waitsSince(release) !== null
  )
    return null;
  if (ends !== null) return release.kind === 'deploy' ? opensAt(windows, ends) : ends;
  if (waitsSince(release) !== null) return null;
  return transitions[release.status].timed ? release.deadlineAt : null;
}

/** The last step ends as soon as it is reached, when a window is open. */
const endsAt = (release: Release): number | null =>
  release.steps[release.cursor]?.kind === 'promote' ? release.since : stepEndsAt(release);

/** Every timer goes on with the time it had left (a pause longer than the deadline is not a timeout). */
export function shifted(release: Release, ms: number): Partial<Release> {
  return {
    since: release.since + ms,
    expose: release.expose?.at == null ? release.expose : { at: release.expose.at + ms },
    deadlineAt: release.deadlineAt + ms,
    windowEndsAt: release.windowEndsAt === null ? null : release.windowEndsAt + ms,
  };
}
