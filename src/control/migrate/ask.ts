import { connect, sayPlace, type Session } from '../../database/prove/session.ts';
import { isLost, sayServerError } from '../../database/run/server-error.ts';
import { TealError } from '../../errors.ts';

export interface Asking {
  readonly url: string;
  /** Also connecting and saying goodbye: whatever the server does, it is over by then. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/**
 * Asks a server something that it can answer at once, on a connection of its own. A server may take a connection and never say a word, or
 * go on to be silent in the middle: the driver would wait for as long as the kernel does, which is hours.
 * @throws TealError `database-unavailable`, `package-missing`; else the server's error
 */
export async function ask<T>(
  { url, withinMs, signal }: Asking,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(withinMs);
  try {
    const session = await connect({ url }, AbortSignal.any([signal, late]));
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  } catch (error) {
    // What the server has said before stays what it is, however long it took to say goodbye.
    if (late.aborted && isCut(error) && !signal.aborted)
      throw unavailable(url, `did not answer within ${withinMs / 1000} s`, error);
    if (isLost(error)) throw unavailable(url, `went away: ${sayServerError(error)}`, error);
    throw error;
  }
}

const isCut = (error: unknown): boolean =>
  error instanceof TealError && error.code === 'migration-interrupted';

const unavailable = (url: string, what: string, cause: unknown): TealError =>
  new TealError('database-unavailable', `The database ${sayPlace({ url })} ${what}`, {
    remedy: 'Is it running, and can it be reached from here? Try the same with psql.',
    cause,
  });
