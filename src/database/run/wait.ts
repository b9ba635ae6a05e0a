import { TealError } from '../../errors.ts';

/** Waits, unless told to stop. @throws TealError `migration-interrupted` */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  stopIf(signal);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
  stopIf(signal);
}

/** @throws TealError `migration-interrupted` */
export function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
}

/** It ends in a state from which the same command goes on. */
export function interrupted(): TealError {
  return new TealError('migration-interrupted', 'The migration was interrupted', {
    remedy: 'What is done is recorded. The same command goes on from there.',
  });
}
