import type { Connection } from './connection.ts';

/** So often it is asked, however long the statement under way takes. */
const usualAskMs = 15_000;
/** A minute in all: a busy server answers within that, and one that has been frozen or has lost its power does not, though its connections stand. */
const unansweredAtMost = 4;

/** Calls `silent` when a server does not answer any more. Returns what ends the asking. */
export function hear(monitor: Connection, silent: () => void, askMs = usualAskMs): () => void {
  let unanswered = 0;
  const timer = setInterval(() => {
    if (unanswered >= unansweredAtMost) {
      clearInterval(timer);
      silent();
      return;
    }
    // Counted, and not timed: who was suspended itself has asked nothing meanwhile.
    unanswered += 1;
    if (unanswered > 1) return;
    monitor.query('SELECT').then(
      () => (unanswered = 0),
      () => undefined,
    );
  }, askMs);
  timer.unref();
  return () => clearInterval(timer);
}
