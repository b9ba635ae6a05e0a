/** Ends an instance: its signal, time to obey, then force; and whatever it left behind in its process group. */
import type { Stopped } from '../platform.ts';
import { mark, type Exit, type InstanceSpec } from './folder.ts';
import { alive, groupMembers, groupRuns, send, type ProcessRecord } from './processes.ts';
import { abortable, pause, within } from './wait.ts';

export interface Ending {
  readonly spec: InstanceSpec;
  readonly folder: string;
  /** Null when it was found running: then `started` has resolved. */
  readonly launcher: ProcessRecord | null;
  /** The app's process, as soon as it is known; null when it ended before. */
  readonly started: Promise<ProcessRecord | null>;
  readonly ended: Promise<Exit>;
  readonly now: () => number;
  /** Gives up waiting when Teal lets go: the next one goes on with it. */
  readonly closing: AbortSignal;
  /** @throws when this Teal may not act any more */
  readonly fence: () => void;
}

// SIGKILL is not refused; this is for the kernel to take the process apart and the launcher to note it.
const killedWithinMs = 2_000;
const groupPollMs = 20;

/**
 * Only the app's own process gets the signal first: it decides what its children are told. What is left of the group
 * when it has ended (a wrapper that did not wait for its child) gets the same signal, and the rest of the time.
 */
export async function terminate(what: Ending): Promise<Stopped & { readonly at: number }> {
  const { spec, launcher, now } = what;
  const { signal, deadlineMs } = spec.spec.stop;
  what.fence();
  mark(what.folder, 'stopping', now());
  const began = performance.now();
  // A slow launcher has yet to become the app, and only the app knows how to end well.
  const record = await within(abortable(what.started, what.closing), deadlineMs);
  if (record !== null && alive(record)) {
    what.fence();
    send(record.pid, signal);
  }
  const ended = abortable(what.ended, what.closing);
  const leftMs = (): number => Math.max(began + deadlineMs - performance.now(), 0);
  let exit = await within(ended, leftMs());
  const forced = exit === null;
  if (forced) {
    what.fence();
    kill(record, launcher);
  }
  exit ??= await within(ended, killedWithinMs);
  exit ??= { code: null, signal: 'SIGKILL', at: now() };
  const group = record ?? launcher;
  const graceMs = forced ? 0 : leftMs();
  const { closing, fence } = what;
  if (group !== null) await clearGroup(group, { signal, graceMs, closing, fence });
  return {
    id: spec.id,
    code: exit.code,
    signal: exit.signal,
    at: exit.at,
    forced,
    ms: Math.round(performance.now() - began),
  };
}

/** By force: the app, or all that could still become it. */
function kill(record: ProcessRecord | null, launcher: ProcessRecord | null): void {
  if (record !== null) {
    if (alive(record)) send(record.pid, 'SIGKILL');
  } else if (launcher !== null && groupRuns(launcher)) send(-launcher.group, 'SIGKILL');
}

export interface Clearing {
  readonly signal: NodeJS.Signals;
  readonly graceMs: number;
  readonly closing: AbortSignal;
  /** @throws when this Teal may not act any more */
  readonly fence: () => void;
}

/** Asks what is left of the group to end, and kills it after the grace. */
export async function clearGroup(record: ProcessRecord, how: Clearing): Promise<void> {
  // Every look goes through all processes of the machine, in the thread that also has to roll back.
  let left = groupMembers(record);
  if (left.length > 0) how.fence();
  for (const pid of left) send(pid, how.signal);
  for (let waited = 0; left.length > 0 && waited < how.graceMs; waited += groupPollMs) {
    await pause(groupPollMs, how.closing);
    if (how.closing.aborted) return;
    left = groupMembers(record);
  }
  if (left.length === 0) return;
  how.fence();
  send(-record.group, 'SIGKILL');
}
