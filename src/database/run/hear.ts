import type { Connection } from './connection.ts';
import { stateOf } from './server-error.ts';

/** So often it is asked, however long the statement under way takes. */
const usualAskMs = 15_000;
/** A minute in all: a busy server answers within that, and one that has been frozen or has lost its power does not, though its connections stand. */
const unansweredAtMost = 4;

/** Calls `silent` when a server does not answer any more; also a refusal is an answer. Returns what ends the asking. */
export function hear(monitor: Connection, silent: () => void, askMs = usualAskMs): () => void {
  let unanswered = 0;
  let isAsked = false;
  const ask = async (): Promise<void> => {
    isAsked = true;
    try {
      await monitor.query('SELECT');
      unanswered = 0;
    } catch (error) {
      if (stateOf(error) !== null) unanswered = 0;
    }
    isAsked = false;
  };
  const timer = setInterval(() => {
    if (unanswered >= unansweredAtMost) {
      clearInterval(timer);
      silent();
      return;
    }
    // Counted, and not timed: who was suspended itself has asked nothing meanwhile.
    unanswered += 1;
    if (!isAsked) void ask();
  }, askMs);
  timer.unref();
  return () => clearInterval(timer);
}
