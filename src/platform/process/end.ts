/** Waits for the end of an instance, whoever started it: one way for own children and for adopted ones. */
import { watch, type FSWatcher } from 'node:fs';
import { readExit, readPid, type Exit } from './folder.ts';
import { alive, exists, groupRuns, type ProcessRecord } from './processes.ts';

// The watcher tells of an exit file at once; the poll finds what no file tells: a launcher that was killed too.
const pollMs = 200;
/** Between the end of the app and the launcher's note of it. */
const noteDeadlineMs = 1_000;

export interface EndWatch {
  /** The app's process, as soon as it is known; null when it ended or was gone before. */
  readonly started: Promise<ProcessRecord | null>;
  /** Code and signal are both null when nobody recorded how. */
  readonly ended: Promise<Exit>;
  /** Stops watching; the promises stay pending. */
  close(): void;
}

/**
 * Watches the folder of an instance that was launched. As long as its launcher runs, however slowly, it has not ended:
 * the app may come up at any time, and would be one that nobody knows. Null for what was found with its `pid` written.
 */
export function watchEnd(folder: string, launcher: ProcessRecord | null, now: () => number): EndWatch {
  const started = Promise.withResolvers<ProcessRecord | null>();
  const ended = Promise.withResolvers<Exit>();
  let record: ProcessRecord | null = null;
  let goneSince: number | null = null;

  const look = (): void => {
    if (record === null) {
      record = readPid(folder);
      if (record !== null) started.resolve(record);
    }
    const exit = readExit(folder) ?? unrecorded();
    if (exit === null) return;
    started.resolve(record);
    close();
    ended.resolve(exit);
  };
  const unrecorded = (): Exit | null => {
    const running = record === null ? launcher !== null && groupRuns(launcher) : alive(record);
    if (running) {
      goneSince = null;
      return null;
    }
    // Durations by a clock that nobody sets: else an instance would be taken for gone.
    goneSince ??= performance.now();
    const noteMayCome =
      record !== null && exists(record.group) && performance.now() - goneSince < noteDeadlineMs;
    return noteMayCome ? null : (readExit(folder) ?? { code: null, signal: null, at: now() });
  };

  const watcher = watchFolder(folder, look);
  const poll = setInterval(look, pollMs);
  const close = (): void => {
    watcher?.close();
    clearInterval(poll);
  };
  // Not in this turn: what is awaited first must be set up before it can be told.
  setImmediate(look);
  return { started: started.promise, ended: ended.promise, close };
}

/** Watchers are a scarce resource of the system: without one, the poll is slower but enough. */
function watchFolder(folder: string, look: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, look);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
