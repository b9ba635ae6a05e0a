import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, type Traffic } from './protocol.ts';

/** So many at a time of something that takes a while: each begins again when it has ended, until stopped. */
export function repeating(
  count: number,
  once: (counter: Counter, index: number) => Promise<void>,
  pauseMs = 0,
): Traffic {
  const counter = new Counter();
  const stopped = new AbortController();
  const running = Array.from({ length: count }, async (_, index) => {
    while (!stopped.signal.aborted) {
      await once(counter, index);
      // Not in step with each other; and a failure must not become a loop without a pause.
      await sleep(pauseMs * (0.5 + Math.random()), null, { signal: stopped.signal }).catch(() => null);
    }
  });
  return {
    async stop() {
      stopped.abort();
      await Promise.all(running);
      return counter.tally;
    },
  };
}
