import type { Logger } from 'pino';
import { pause } from './pause.ts';

interface Closing {
  close(): Promise<void>;
}

/** A server that may come later. */
export interface Coming<T extends Closing> extends Closing {
  /** Null: its address is not free yet. */
  readonly now: T | null;
}

/** Who is stopped in the middle of everything holds its port until it is woken up, or ended. */
const retryMs = 1_000;

/**
 * Opens a server. Where control planes share an event log, one that cannot be opened is tried again until it is closed: the leader
 * before may be stopped and hold its port, and a take-over does not wait for that.
 * @throws whatever `open` does, where there is one control plane
 */
export async function whenFree<T extends Closing>(
  open: () => Promise<T>,
  {
    shared,
    log,
    what,
  }: { readonly shared: boolean; readonly log: Pick<Logger, 'warn'>; readonly what: string },
): Promise<Coming<T>> {
  const closing = new AbortController();
  let now = await open().catch((error: unknown) => {
    if (!shared) throw error;
    log.warn({ error, what }, 'not served yet; trying again');
    return null;
  });
  const trying = (async () => {
    while (now === null) {
      await pause(retryMs, closing.signal);
      if (closing.signal.aborted) return;
      now = await open().catch(() => null);
    }
  })();
  return {
    get now() {
      return now;
    },
    async close() {
      closing.abort();
      await trying;
      await now?.close();
    },
  };
}
