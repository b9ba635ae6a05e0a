import { sayBlocker } from '../../database/run/blockers.ts';
import type { RunEvent } from '../../database/run/options.ts';
import type { Work } from './work.ts';

/** What goes on is told again this often at most, of each kind. */
const everyMs = 30_000;
/** The first tries are over within a second, which nobody has to know. */
const worthTelling = 3;

type Event = RunEvent | { readonly type: 'gate'; readonly why: string };

/** Puts into the log what somebody may have to act on; a command's output is there for who looks closer. */
export function logging({
  deps,
  app,
  effect,
  hide,
}: Pick<Work, 'deps' | 'app' | 'effect' | 'hide'>): (event: Event) => void {
  const toldAt = new Map<Event['type'], number>();
  const of = { app, migration: effect.migration.name, phase: effect.phase };
  const now = (type: Event['type']): boolean => {
    const at = performance.now();
    if (at - (toldAt.get(type) ?? -Infinity) < everyMs) return false;
    toldAt.set(type, at);
    return true;
  };
  const warn = (why: string, said: string): void => deps.log.warn({ ...of, why: hide(why) }, said);
  return (event) => {
    switch (event.type) {
      case 'waiting':
        if (event.tries >= worthTelling && now('waiting'))
          warn(
            event.blockers.map(sayBlocker).join('; '),
            'the migration waits for a lock that somebody holds',
          );
        return;
      case 'gate':
        if (now('gate')) warn(event.why, 'the migration waits');
        return;
      case 'paused':
        if (now('paused')) warn(event.why, 'the backfill pauses');
        return;
      case 'reconnecting':
        return warn(event.why, 'the database went away; waiting for it to come back');
      case 'notice':
        return deps.log.warn(of, hide(event.text));
      case 'output':
        return deps.log.debug({ ...of, line: hide(event.line) }, 'printed by a command of the migration');
      default:
    }
  };
}
