import { TealError } from '../../errors.ts';

/** Ends a proof that nobody waits for any more. @throws TealError `migration-interrupted` */
export function stopIf(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new TealError('migration-interrupted', 'The proof was interrupted', {
    remedy: 'It changes nothing but its shadow database, and begins anew the next time.',
  });
}
