/** Ctrl-C (and, when asked for, SIGTERM) as a signal to wind down; the second Ctrl-C ends the process at once. */
export interface Interrupt extends Disposable {
  /** Aborted by the first; its reason is the name of the signal. */
  readonly signal: AbortSignal;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** What shells report for a process ended by SIGINT. */
export const interruptedExit = 130;

/**
 * Takes over the signals until disposed.
 * @param again what the second one does; default: the process ends at once. The third always ends it.
 */
export function onInterrupt(
  signals: readonly StopSignal[] = ['SIGINT'],
  again: () => void = leave,
): Interrupt {
  const controller = new AbortController();
  let times = 0;
  const take = (name: NodeJS.Signals): void => {
    times += 1;
    if (times === 1) controller.abort(name);
    else if (times === 2) again();
    else leave();
  };
  for (const name of signals) process.on(name, take);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of signals) process.removeListener(name, take);
    },
  };
}

function leave(): never {
  process.exit(interruptedExit);
}
