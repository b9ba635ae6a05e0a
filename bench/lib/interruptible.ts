const interrupt = new AbortController();

/** Aborted by Ctrl-C, or by whoever asks this process to end. */
export const interrupted: AbortSignal = interrupt.signal;

/** Runs a bench to its end, also when it is interrupted: what it has opened it closes by itself. */
export async function interruptible(main: () => Promise<void>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupt.abort(new Error(`ended by ${signal}`)));
  }
  try {
    await main();
  } catch (error) {
    if (interrupted.aborted) console.error(String(interrupted.reason));
    else console.error(error);
    process.exitCode = 1;
  }
}
