/** Reads what an earlier Teal left in the instances' folders: what runs, what ended unseen, what never came to be. */
import type { Crash } from './backoff.ts';
import type { Context } from './context.ts';
import {
  listFolders,
  readEnded,
  readExit,
  readMark,
  readPid,
  removeFolder,
  writeEnded,
  type InstanceSpec,
} from './folder.ts';
import { alive, carriedInEnvironment } from './processes.ts';
import type { Adopted } from './slot.ts';
import { clearGroup } from './terminate.ts';
import { pause } from './wait.ts';

export interface Found extends Adopted {
  /** It had been told to stop. */
  readonly stopping: boolean;
}

// Teal may have been killed a moment after it launched one; its launcher writes `pid` within milliseconds.
const pidWaitMs = 2_000;
const pidPollMs = 20;

/**
 * What every slot last held. Ends that nobody noted are noted now, as of when they happened;
 * folders of instances that were never launched are removed.
 */
export async function findInstances(context: Context): Promise<readonly Found[]> {
  const folders = await listFolders(context.data);
  const known = folders.filter(({ folder }) => readEnded(folder) === null);
  const found = await Promise.all(known.map(({ folder, spec }) => find(folder, spec, context)));
  const crashes = crashesBySlot(folders);
  return newestOfSlot(found.filter((each) => each !== null)).map((each) => ({
    ...each,
    crashes: crashes.get(slotKey(each.spec)) ?? [],
  }));
}

async function find(folder: string, spec: InstanceSpec, context: Context): Promise<Found | null> {
  const launched = await untilLaunched(folder, spec, context.closing);
  if (!launched) {
    await removeFolder(folder);
    return null;
  }
  const record = readPid(folder);
  const stopping = readMark(folder, 'stopping') !== null;
  if (record !== null && alive(record)) return { spec, folder, running: true, stopping, crashes: [] };
  const exit = readExit(folder) ?? { code: null, signal: null, at: context.now() };
  const healthy = readMark(folder, 'healthy');
  const healthyMs = healthy === null ? null : exit.at - healthy;
  writeEnded(folder, { ...exit, asked: stopping, healthyMs });
  const { closing, fence } = context;
  if (record !== null)
    await clearGroup(record, { signal: spec.spec.stop.signal, graceMs: 0, closing, fence });
  context.log.warn({ instance: spec.id, ...exit }, 'an instance ended while Teal was away');
  return stopping ? null : { spec, folder, running: false, stopping, crashes: [] };
}

/** False when the folder was written and nothing was launched for it. */
async function untilLaunched(folder: string, spec: InstanceSpec, closing: AbortSignal): Promise<boolean> {
  const written = (): boolean => readPid(folder) !== null || readExit(folder) !== null;
  for (let waited = 0; waited < pidWaitMs; waited += pidPollMs) {
    if (written()) return true;
    await pause(pidPollMs, closing);
  }
  // A machine so busy that a shell takes seconds: wait as long as there is one.
  while (!written() && carriedInEnvironment(`TEAL_INSTANCE=${spec.id}`)) {
    await pause(pidPollMs, closing);
    closing.throwIfAborted();
  }
  return written();
}

const slotKey = (spec: InstanceSpec): string =>
  JSON.stringify([spec.app, spec.colour, spec.role, spec.version, spec.slot]);

function crashesBySlot(
  folders: readonly { readonly folder: string; readonly spec: InstanceSpec }[],
): ReadonlyMap<string, readonly Crash[]> {
  const crashes = new Map<string, Crash[]>();
  for (const { folder, spec } of folders) {
    const ended = readEnded(folder);
    if (ended === null || ended.asked) continue;
    const key = slotKey(spec);
    crashes.set(key, [...(crashes.get(key) ?? []), { at: ended.at, healthyMs: ended.healthyMs }]);
  }
  return crashes;
}

/** All that run, and for a slot where none does, the one that ended last. */
function newestOfSlot(found: readonly Found[]): readonly Found[] {
  const running = found.filter((each) => each.running);
  const held = new Set(running.map((each) => slotKey(each.spec)));
  const ended = new Map(
    found
      .filter((each) => !each.running && !held.has(slotKey(each.spec)))
      .map((each) => [slotKey(each.spec), each]),
  );
  return [...running, ...ended.values()];
}
