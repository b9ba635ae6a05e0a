import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import { lockData } from './lock.ts';
import { stopWithoutControl, type LeftBehind } from './stop-all.ts';

/**
 * Stops what goes on without a control plane: the router, when its requests have ended, and every instance. Neither
 * serves the API nor works at a release, and needs no event log; the next start goes on where the last one was.
 * @param options.signal aborted when it has to be done at once
 * @throws TealError `already-running` when a control plane is there: ask that one · `config-invalid` …
 */
export async function stopLeftBehind(options: {
  readonly file: string;
  readonly signal?: AbortSignal;
}): Promise<LeftBehind> {
  const { data, apps } = await loadConfig(options.file);
  if (!existsSync(data)) return { router: false, instances: 0 };
  const lock = lockData(data);
  try {
    const longest = Math.max(0, ...Object.values(apps).map(({ drain }) => drain.deadlineMs));
    return await stopWithoutControl(data, longest, options.signal);
  } finally {
    lock.release();
  }
}
