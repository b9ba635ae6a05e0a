/** The people, in a thread of their own. */
import { parentPort, workerData } from 'node:worker_threads';
import { runLoad } from '../../src/load/load.ts';
import type { Sample } from '../../src/load/samples.ts';
import type { Ask, Counts, CrowdOptions } from './crowd.ts';
import { person } from './installation.ts';

const { url, rps, people, connections } = workerData as CrowdOptions;

interface Tally {
  answers: number;
  errors: number;
  readonly harmed: Set<number>;
  firstErrorAt: number | null;
}

let versions = new Map<string, Tally>();
let before = { sent: 0, failed: 0 };
const problems = new Set<string>();

const load = runLoad({
  url,
  rps,
  connections,
  versionHeader: 'x-version',
  // One shape is one person.
  shapes: Array.from({ length: people }, (_, index) => ({ headers: { [person]: `p${index}` } })),
  // The app says 500; these come from a router that found nobody to ask.
  isFailure: (status) => status >= 502,
  onSample: count,
});

function count({ outcome, status, version, shape, endedAt }: Sample): void {
  if (outcome !== 'answered') return void problems.add(outcome);
  const name = version ?? 'unknown';
  const tally = versions.get(name) ?? { answers: 0, errors: 0, harmed: new Set(), firstErrorAt: null };
  versions.set(name, tally);
  tally.answers += 1;
  if (status < 500) return;
  tally.errors += 1;
  tally.harmed.add(shape);
  tally.firstErrorAt ??= endedAt;
}

function counts(): Counts {
  const { sent, failed } = load.live;
  return {
    sent: sent - before.sent,
    lost: failed - before.failed,
    versions: Object.fromEntries(
      [...versions].map(([name, { harmed, ...tally }]) => [name, { ...tally, harmed: harmed.size }]),
    ),
    problems: [...problems],
  };
}

parentPort?.on('message', (ask: Ask) => {
  if (ask === 'stop') return void stop();
  if (ask === 'reset') {
    const { sent, failed } = load.live;
    before = { sent, failed };
    versions = new Map();
  }
  parentPort?.postMessage(counts());
});

async function stop(): Promise<void> {
  await load.stop();
  parentPort?.postMessage(counts());
  parentPort?.close();
}
