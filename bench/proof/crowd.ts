import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface CrowdOptions {
  readonly url: string;
  /** Each comes back in turn: `people / rps` seconds after the time before. Below 60 s everyone is always active. */
  readonly people: number;
  /** Requests per second, whether or not earlier ones have been answered. */
  readonly rps: number;
  readonly connections: number;
}

/** What has become of requests since the counts were last reset. */
export interface Counts {
  readonly sent: number;
  /** Without an answer, or one that Teal gave because it had nobody to ask. */
  readonly lost: number;
  /** By the version that answered. */
  readonly versions: Readonly<Record<string, VersionCounts>>;
  readonly problems: readonly string[];
}

interface VersionCounts {
  readonly answers: number;
  /** Answers 5xx of the app itself, and the people who got one. */
  readonly errors: number;
  readonly harmed: number;
  /** When the first of them came: milliseconds since the epoch; null: none did. */
  readonly firstErrorAt: number | null;
}

export type Ask = 'counts' | 'reset' | 'stop';

/** People who keep coming, each by a name of their own, in a thread that nothing else makes late. */
export interface Crowd {
  counts(): Promise<Counts>;
  /** Counts from now on. */
  reset(): Promise<void>;
  /** The last counts. */
  stop(): Promise<Counts>;
  /** Ends it without a report; nothing when it has stopped. */
  close(): Promise<void>;
}

export async function letIn(options: CrowdOptions): Promise<Crowd> {
  const thread = new Worker(new URL('crowd-thread.ts', import.meta.url), { workerData: options });
  let asking: Promise<unknown> = once(thread, 'online');
  const ask = (what: Ask): Promise<Counts> => {
    const asked = asking.then(async () => {
      const answer = once(thread, 'message');
      thread.postMessage(what);
      return ((await answer) as [Counts])[0];
    });
    asking = asked.catch(() => undefined);
    return asked;
  };
  await asking;
  return {
    counts: () => ask('counts'),
    reset: async () => void (await ask('reset')),
    stop: () => ask('stop'),
    close: async () => void (await thread.terminate()),
  };
}
