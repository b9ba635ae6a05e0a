import type { Release } from './state.ts';
import { transitions } from './transitions.ts';

/** Since when the step under the cursor waits for nothing but a person or the clock; null when it does not. */
export function waitsSince(release: Release): number | null {
  const step = release.status === 'stepping' ? release.steps[release.cursor] : undefined;
  if (step?.kind === 'approve' || step?.kind === 'wait') return release.since;
  return step?.kind === 'expose' ? (release.expose?.at ?? null) : null;
}

/** When time alone ends the step under the cursor; null when it does not. */
export function stepEndsAt(release: Release): number | null {
  const step = release.steps[release.cursor];
  const since = waitsSince(release);
  if (since === null) return null;
  if (step?.kind === 'wait') return since + step.ms;
  if (step?.kind === 'expose') return since + step.forMs;
  return step?.kind === 'approve' && step.expiresMs !== null ? since + step.expiresMs : null;
}

/** When time alone will change something. Where the clocks stand still, never. */
export function wakeAt(release: Release | null): number | null {
  if (release === null || release.stoppedAt !== null) return null;
  if (release.status === 'promoted') return release.drain === null ? null : release.windowEndsAt;
  if (waitsSince(release) !== null) return stepEndsAt(release);
  return transitions[release.status].timed ? release.deadlineAt : null;
}

/** Every timer goes on with the time it had left (a pause longer than the deadline is not a timeout). */
export function shifted(release: Release, ms: number): Partial<Release> {
  return {
    since: release.since + ms,
    expose: release.expose?.at == null ? release.expose : { at: release.expose.at + ms },
    deadlineAt: release.deadlineAt + ms,
    windowEndsAt: release.windowEndsAt === null ? null : release.windowEndsAt + ms,
  };
}
