import type { AppStatus, EventView, ReleaseView } from '../../control/contract.ts';
import { TealError } from '../../errors.ts';
import type { Client } from '../client.ts';
import { renderEvent } from '../render/event.ts';
import { waitTexts } from '../text.ts';
import type { Context } from './context.ts';
import { interruptedExit, onInterrupt } from './interrupt.ts';

/** Where a release should get to: `forward` live, `back` everyone on the old version. */
export type Goal = 'forward' | 'back';

/** `done`: it got there. `ready`: it waits for a person. `failed`: it ended otherwise. */
export type Progress = 'going' | 'done' | 'ready' | 'failed';

/** How far a release is on its way; what happens after the switch (window, retiring) holds nobody up. */
export function progressOf(release: ReleaseView, goal: Goal): Progress {
  // A rollback to a version whose environment is gone is a release of its own, which goes forward.
  const wanted = release.kind === 'rollback' ? 'forward' : goal;
  switch (release.status) {
    case 'promoted':
    case 'retiring':
    case 'completed':
      return wanted === 'forward' ? 'done' : release.status === 'promoted' ? 'going' : 'failed';
    case 'reverted':
    case 'rolled-back':
    case 'aborted':
      return wanted === 'back' ? 'done' : 'failed';
    case 'stepping':
      return wanted === 'forward' && isApproval(release) ? 'ready' : 'going';
    case 'clearing':
    case 'starting':
    case 'scaling':
    case 'switching':
    case 'aborting':
    case 'reverting':
      return 'going';
  }
}

function isApproval(release: ReleaseView): boolean {
  return release.step?.asks === true;
}

export interface Waiting {
  readonly client: Client;
  readonly app: string;
  /** As it was when the command had been accepted. */
  readonly release: string;
  readonly goal: Goal;
  /** The last event before the command: what comes after it is told. */
  readonly after: number;
  readonly timeoutMs: number | undefined;
  /** `ready`: also ends where a person has to say the next word; `live` waits for that person. */
  readonly until: 'ready' | 'live';
}

export interface Waited {
  readonly app: AppStatus;
  readonly progress: 'done' | 'ready';
}

/** Looked at this often even if no event says so: an event stream may be cut without a word. */
const lookEveryMs = 1000;
/** A control plane that is being restarted is back by then; the release goes on where it was. */
const patienceMs = 60_000;

/**
 * Waits for a release, telling each of its events on the way. Null when interrupted.
 * @throws TealError the release's own error, `release-failed`, or `timed-out`
 */
export async function waitForRelease(context: Context, what: Waiting): Promise<Waited | null> {
  using interrupt = onInterrupt();
  const stop = new AbortController();
  const events = new Bell();
  const telling = tell(context, what, { signal: stop.signal, ring: () => events.ring() });
  const deadline = what.timeoutMs === undefined ? Infinity : Date.now() + what.timeoutMs;
  try {
    let patience = Date.now() + patienceMs;
    let told = -1;
    for (;;) {
      const app = await look(what, patience);
      if (app !== null) {
        patience = Date.now() + patienceMs;
        const progress = judge(app, what);
        if (progress === 'done' || (progress === 'ready' && what.until === 'ready')) return { app, progress };
        const step = app.release?.step?.index ?? -1;
        if (progress === 'ready' && told !== step)
          context.terminal.note(waitTexts.gate(what.app, app.release));
        told = step;
      }
      if (Date.now() >= deadline) throw timedOut(what);
      await events.wait(Math.min(lookEveryMs, deadline - Date.now()), interrupt.signal);
      if (interrupt.signal.aborted) {
        context.terminal.note(waitTexts.interrupted(what.app));
        context.exit = interruptedExit;
        return null;
      }
    }
  } finally {
    stop.abort();
    await telling;
  }
}

/** Null while the control plane is away. */
async function look(what: Waiting, patience: number): Promise<AppStatus | null> {
  try {
    return await what.client.app(what.app);
  } catch (error) {
    const away = error instanceof TealError && error.code === 'control-unavailable';
    if (away && Date.now() < patience) return null;
    throw error;
  }
}

function judge(app: AppStatus, { release: id, goal }: Waiting): Exclude<Progress, 'failed'> {
  const { release } = app;
  if (release === null || release.id !== id) {
    throw new TealError('release-failed', `Release ${id} is no longer the one that runs`, {
      remedy: `See what happened: teal history ${app.app}`,
    });
  }
  const progress = progressOf(release, goal);
  if (progress !== 'failed') return progress;
  if (release.error !== null) throw TealError.from(release.error);
  throw new TealError(
    'release-failed',
    `${release.id} (${release.version}) ended as ${release.status}${why(release)}`,
    {
      remedy: `See what happened: teal history ${app.app}`,
      details: { release: release.id, status: release.status, reason: release.reason },
    },
  );
}

function why(release: ReleaseView): string {
  return release.reason === null ? '' : `: ${release.reason}`;
}

function timedOut({ app, release, timeoutMs }: Waiting): TealError {
  return new TealError(
    'timed-out',
    `${release} was not done within ${(timeoutMs ?? 0) / 1000} s; it goes on`,
    {
      remedy: `Look with: teal status ${app}   Give it up with: teal abort ${app}`,
      details: { app, release },
    },
  );
}

/** Prints events as they come, and again after the control plane has been away. */
async function tell(
  context: Context,
  what: Waiting,
  watch: { readonly signal: AbortSignal; readonly ring: () => void },
): Promise<void> {
  let after = what.after;
  let away = false;
  while (!watch.signal.aborted) {
    try {
      for await (const event of what.client.follow({ app: what.app, after }, watch.signal)) {
        away = false;
        after = event.seq;
        print(context, event);
        watch.ring();
      }
    } catch {
      // The waiting itself reports a control plane that stays away; here it is only said once.
      if (!away) context.terminal.note(waitTexts.reconnecting);
      away = true;
    }
    await pause(500, watch.signal);
  }
}

function print(context: Context, event: EventView): void {
  if (!context.json) context.terminal.note(renderEvent(event, context.terminal.noteView));
}

/** Resolves after a time, or as soon as the signal says. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

/** Wakes whoever waits; rung while nobody does, it wakes the next at once. */
class Bell {
  #controller = new AbortController();

  ring(): void {
    this.#controller.abort();
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await pause(ms, AbortSignal.any([this.#controller.signal, signal]));
    this.#controller = new AbortController();
  }
}
