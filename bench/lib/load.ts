import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LoadReport } from '../../src/load/report.ts';
import type { Sample } from '../../src/load/samples.ts';
import { epochNow } from './clock.ts';

export interface ThreadOptions {
  readonly url: string;
  readonly rps: number;
  readonly connections: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the thread can be asked: its time, or to stop and report. */
export type Ask = 'clock' | 'stop';

/** Every request of the run, in the order in which they were due. */
export interface LoadRun extends Pick<LoadReport, 'sent' | 'answered' | 'failed' | 'problems'> {
  readonly samples: readonly Sample[];
}

export interface BenchLoad {
  /** How far the thread's clock is ahead of this one's, in milliseconds: times of the two are compared. */
  skew(): Promise<number>;
  stop(): Promise<LoadRun>;
  /** Ends it without a report; nothing when it has stopped. */
  close(): Promise<void>;
}

const skewTries = 20;

export async function startLoad(options: ThreadOptions): Promise<BenchLoad> {
  const thread = new Worker(new URL('load-thread.ts', import.meta.url), { workerData: options });
  await once(thread, 'online');
  const ask = async (what: Ask): Promise<unknown> => {
    const answer = once(thread, 'message');
    thread.postMessage(what);
    return (await answer)[0];
  };
  return {
    skew: () => skew(async () => (await ask('clock')) as number),
    stop: async () => (await ask('stop')) as LoadRun,
    close: async () => void (await thread.terminate()),
  };
}

/** Of the quickest answer, which leaves the least room for error. */
async function skew(clock: () => Promise<number>): Promise<number> {
  let best = { took: Infinity, ahead: Number.NaN };
  for (let index = 0; index < skewTries; index += 1) {
    const asked = epochNow();
    const there = await clock();
    const took = epochNow() - asked;
    if (took < best.took) best = { took, ahead: there - (asked + took / 2) };
  }
  return best.ahead;
}
