import type { AppStatus, EventView } from '../../control/contract.ts';
import { TealError } from '../../errors.ts';
import type { Client } from '../client.ts';
import { renderEvent } from '../render/event.ts';
import { waitTexts } from '../text.ts';
import type { Context } from './context.ts';
import { interruptedExit, onInterrupt } from './interrupt.ts';

/** The number of the newest event, so that only what follows is told. */
export async function lastEvent(client: Client): Promise<number> {
  return (await client.events({ limit: 1 }))[0]?.seq ?? 0;
}

/** An app that is watched while something happens to it. */
export interface Watched {
  readonly client: Client;
  readonly app: string;
  /** The last event before the command: what comes after it is told. */
  readonly after: number;
  readonly timeoutMs: number | undefined;
}

export interface Watch<T> {
  /** Null: it goes on. Throws when it cannot get there any more. */
  readonly look: (app: AppStatus) => Promise<T | null>;
  /** What is said when it has taken too long. */
  readonly late: () => TealError;
  /** What is said to somebody who does not want to wait for it. */
  readonly interrupted: string;
}

/** Looked at this often even if no event says so: an event stream may be cut without a word. */
const lookEveryMs = 1000;
/** A control plane that is being restarted is back by then; what it does goes on where it was. */
const patienceMs = 60_000;

/**
 * Looks at an app until there is something to return, telling each of its events on the way. Null when interrupted.
 * @throws TealError what `look` and `late` say, or `control-unavailable`
 */
export async function watch<T>(context: Context, what: Watched, how: Watch<T>): Promise<T | null> {
  using interrupt = onInterrupt();
  const stop = new AbortController();
  const events = new Bell();
  const telling = tell(context, what, { signal: stop.signal, ring: () => events.ring() });
  const deadline = what.timeoutMs === undefined ? Infinity : Date.now() + what.timeoutMs;
  try {
    let patience = Date.now() + patienceMs;
    for (;;) {
      const app = await look(what, patience);
      if (app !== null) patience = Date.now() + patienceMs;
      const found = app === null ? null : await how.look(app);
      if (found !== null) return found;
      if (Date.now() >= deadline) throw how.late();
      await events.wait(Math.min(lookEveryMs, deadline - Date.now()), interrupt.signal);
      if (interrupt.signal.aborted) {
        context.terminal.note(how.interrupted);
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
async function look(what: Watched, patience: number): Promise<AppStatus | null> {
  try {
    return await what.client.app(what.app);
  } catch (error) {
    const away = error instanceof TealError && error.code === 'control-unavailable';
    if (away && Date.now() < patience) return null;
    throw error;
  }
}

/** Prints events as they come, and again after the control plane has been away. */
async function tell(
  context: Context,
  what: Watched,
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
