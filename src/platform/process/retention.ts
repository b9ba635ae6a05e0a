/** Bounds what instances leave on disk: the size of each log, and how many ended ones are kept. */
import { copyFileSync, statSync, truncateSync } from 'node:fs';
import type { Instance } from '../platform.ts';
import { listFolders, readEnded, removeFolder, type InstanceSpec } from './folder.ts';

/** At this size a log becomes `<log>.1`, in place of the one before. */
const maxLogBytes = 10 * 1024 * 1024;
const keptPerPlace = 10;

/** Removes the folders of ended instances but the newest of each place. */
export async function pruneLogs(data: string, keep: number = keptPerPlace): Promise<void> {
  const ended = (await listFolders(data)).filter(({ folder }) => readEnded(folder) !== null);
  const places = Map.groupBy(ended, ({ spec }) => placeKey(spec));
  const surplus = [...places.values()].flatMap((folders) =>
    folders.slice(0, Math.max(folders.length - keep, 0)),
  );
  await Promise.all(surplus.map(({ folder }) => removeFolder(folder)));
}

const placeKey = (spec: InstanceSpec): string => JSON.stringify([spec.app, spec.colour, spec.role]);

/**
 * Copies and truncates logs that have grown too large. The app keeps its descriptor (opened for appending, so it goes
 * on at the new end); what it writes between the copy and the truncation is lost.
 */
export function rotateLogs(
  instances: readonly Pick<Instance, 'logs'>[],
  maxBytes: number = maxLogBytes,
): void {
  for (const { logs } of instances) {
    rotate(logs.stdout, maxBytes);
    rotate(logs.stderr, maxBytes);
  }
}

function rotate(log: string, maxBytes: number): void {
  try {
    if (statSync(log).size <= maxBytes) return;
    copyFileSync(log, `${log}.1`);
  } catch {
    // Gone, or no room for the copy: then the truncation is what makes room.
  }
  truncate(log, maxBytes);
}

function truncate(log: string, maxBytes: number): void {
  try {
    if (statSync(log).size > maxBytes) truncateSync(log);
  } catch {
    // Gone meanwhile.
  }
}
