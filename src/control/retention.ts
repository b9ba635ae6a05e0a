import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Store } from '../store/store.ts';
import type { Apps } from './apps.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** A quarter: as far back as people ask who deployed what. What the events say of today is in the snapshots. */
const eventsKeptMs = 90 * dayMs;
/** Of one app; a test that failed is looked at within days. */
const testLogsKept = 50;

/** Snapshots every app, and removes events that are old and covered by one, and answers nobody asks for again. Returns how many events are gone. */
export async function pruneEvents(
  apps: Pick<Apps, 'saveSnapshots'>,
  store: Store,
  now: number,
): Promise<number> {
  await apps.saveSnapshots();
  await store.requests.prune(now);
  return await store.prune(now - eventsKeptMs);
}

/** Does it now and once a day, until closed. A failure is told, and the next turn tries again. */
export function daily(work: () => Promise<unknown>, failed: (error: unknown) => void): { close(): void } {
  const turn = (): void => void work().catch(failed);
  const timer = setInterval(turn, dayMs);
  timer.unref();
  turn();
  return { close: () => clearInterval(timer) };
}

/** Removes all but the newest logs of tests in the folder. */
export async function pruneTestLogs(folder: string, keep: number = testLogsKept): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= keep) return;
  const dated = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(path.join(folder, name))).mtimeMs })),
  );
  const surplus = dated.toSorted((a, b) => b.at - a.at).slice(keep);
  await Promise.all(surplus.map(({ name }) => rm(path.join(folder, name), { force: true })));
}
