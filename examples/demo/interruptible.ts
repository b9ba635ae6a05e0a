import type { Screen } from './screen.ts';

/** What shells report for a process ended by Ctrl-C. */
const interruptedExit = 130;

/**
 * Does the work of a script and sets its exit code: 1 when the work fails, 130 when it was interrupted. The first Ctrl-C
 * aborts the signal, and the work winds up what it has started; the second one calls what it gave to `started`.
 */
export async function interruptible(
  screen: Screen,
  work: (signal: AbortSignal, started: (hurry: () => void) => void) => Promise<void>,
): Promise<void> {
  const interrupt = new AbortController();
  let hurry: (() => void) | null = null;
  const take = (): void => {
    if (interrupt.signal.aborted) return hurry?.();
    interrupt.abort();
    screen.line('\nCleaning up …');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, take);
  // A reader that has gone (`| head`) wants no more of the story.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupt.abort());
  try {
    await work(interrupt.signal, (how) => (hurry = how));
  } catch (error) {
    process.exitCode = interrupt.signal.aborted ? interruptedExit : 1;
    if (!interrupt.signal.aborted) console.error(error instanceof Error ? error.message : error);
  }
}
