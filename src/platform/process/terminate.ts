/** Ends an instance: its signal, time to obey, then force; and whatever it left behind in its process group. */
import type { Stopped } from '../platform.ts';
import { mark, type Exit, type InstanceSpec } from './folder.ts';
import { alive, groupMembers, send, type ProcessRecord } from './processes.ts';
import { abortable, pause, within } from './wait.ts';

export interface Ending {
  readonly spec: InstanceSpec;
  readonly folder: string;
  readonly record: ProcessRecord | null;
  readonly ended: Promise<Exit>;
  readonly now: () => number;
  /** Gives up waiting when Teal lets go: the next one goes on with it. */
  readonly closing: AbortSignal;
}

// SIGKILL is not refused; this is for the kernel to take the process apart and the launcher to note it.
const killedWithinMs = 2_000;
const groupPollMs = 20;

/**
 * Only the app's own process gets the signal first: it decides what its children are told. What is left of the group
 * when it has ended (a wrapper that did not wait for its child) gets the same signal, and the rest of the time.
 */
export async function terminate(what: Ending): Promise<Stopped & { readonly at: number }> {
  const { spec, record, now } = what;
  const { signal, deadlineMs } = spec.spec.stop;
  mark(what.folder, 'stopping', now());
  const began = performance.now();
  if (record !== null && alive(record)) send(record.pid, signal);
  const ended = abortable(what.ended, what.closing);
  let exit = await within(ended, deadlineMs);
  const forced = exit === null;
  if (forced && record !== null && alive(record)) send(record.pid, 'SIGKILL');
  exit ??= await within(ended, killedWithinMs);
  exit ??= { code: null, signal: 'SIGKILL', at: now() };
  const left = forced ? 0 : Math.max(began + deadlineMs - performance.now(), 0);
  if (record !== null) await clearGroup(record, { signal, graceMs: left, closing: what.closing });
  return {
    id: spec.id,
    code: exit.code,
    signal: exit.signal,
    at: exit.at,
    forced,
    ms: Math.round(performance.now() - began),
  };
}

export interface Clearing {
  readonly signal: NodeJS.Signals;
  readonly graceMs: number;
  readonly closing: AbortSignal;
}

/** Asks what is left of the group to end, and kills it after the grace. */
export async function clearGroup(record: ProcessRecord, how: Clearing): Promise<void> {
  // Every look goes through all processes of the machine, in the thread that also has to roll back.
  let left = groupMembers(record);
  for (const pid of left) send(pid, how.signal);
  for (let waited = 0; left.length > 0 && waited < how.graceMs; waited += groupPollMs) {
    await pause(groupPollMs, how.closing);
    if (how.closing.aborted) return;
    left = groupMembers(record);
  }
  if (left.length > 0) send(-record.group, 'SIGKILL');
}
