/** The load, in a thread of its own: what the bench does beside it must not make it late. */
import { parentPort, workerData } from 'node:worker_threads';
import { runLoad } from '../../src/load/load.ts';
import { epochNow } from './clock.ts';
import type { Ask, LoadRun, ThreadOptions } from './load.ts';

const { url, rps, connections, headers = {} } = workerData as ThreadOptions;

const load = runLoad({
  url,
  rps,
  connections,
  headers,
  versionHeader: 'x-version',
  // Some that may not be repeated: a switch must not lose them either.
  shapes: [{ weight: 4 }, { method: 'POST', body: Buffer.alloc(2048, 'x'), weight: 1 }],
});

parentPort?.on('message', (ask: Ask) => {
  if (ask === 'clock') parentPort?.postMessage(epochNow());
  else void finish();
});

async function finish(): Promise<void> {
  const { samples, sent, answered, failed, problems } = await load.stop();
  const run: LoadRun = { sent, answered, failed, problems, samples: [...samples] };
  parentPort?.postMessage(run);
  parentPort?.close();
}
