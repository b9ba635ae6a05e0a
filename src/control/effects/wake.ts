import type { Effect } from '../../release/effects.ts';
import { teal } from '../apps.ts';
import type { Deps } from '../deps.ts';
import { pause } from '../pause.ts';

/** Never sleeps longer than this in one go: the clock may be set meanwhile, and a timer counts on without it. */
const longestMs = 5000;
const firstMs = 100;

/** Sends a tick when the time has come, and again while that changes nothing (the clock was set back, a window has closed again). */
export async function wake(
  deps: Deps,
  app: string,
  { at }: Effect & { kind: 'wake' },
  signal: AbortSignal,
): Promise<void> {
  let again = firstMs;
  while (!signal.aborted) {
    await pause(Math.min(Math.max(at - deps.now(), 0), longestMs), signal);
    if (signal.aborted || deps.now() < at) continue;
    await deps.apps.submit(app, { type: 'tick' }, teal);
    await pause(again, signal);
    again = Math.min(again * 2, longestMs);
  }
}
