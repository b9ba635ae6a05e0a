// Works on the orders that the web role has queued. Runs in the live environment only.
import { setTimeout as sleep } from 'node:timers/promises';
import { openQueue } from './jobs.js';
import { queuePath } from './settings.js';
import { build } from './version.js';

/** What an order takes: long enough that a stop signal often arrives in the middle of one. */
const workMs = 5;
const idleMs = 25;

const name = `${build.version}/${process.pid}`;
const queue = openQueue(queuePath);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort());

const shift = queue.beginShift(name, build.version);
console.log(`worker ${name} takes jobs from ${queuePath}`);
let worked = 0;
while (!stop.signal.aborted) {
  const job = queue.claim(name);
  if (job === null) {
    await sleep(idleMs, undefined, { signal: stop.signal }).catch(() => {});
    continue;
  }
  // Not interrupted by the signal: the job in hand is finished.
  await sleep(workMs);
  queue.finish(job, build.version);
  worked++;
}
queue.endShift(shift);
queue.close();
console.log(`worker ${name} has stopped after ${worked} jobs`);
