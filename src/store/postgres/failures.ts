import { TealError } from '../../errors.ts';

/** It cannot be reached, or refuses us: nothing is known to be wrong with what is in it. */
export function unavailable(where: string, why: string, cause?: unknown): TealError {
  return new TealError('store-unavailable', `the event log in ${where} cannot be used now: ${why}`, {
    remedy:
      'traffic goes on with the last routing table. See that PostgreSQL runs and lets this user in; no restart of Teal is needed then',
    details: { store: where },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The tables are not what Teal left. Refused, never replaced by empty ones. */
export function unreadable(where: string, why: string, cause?: unknown): TealError {
  return new TealError('store-unreadable', `the event log in ${where} cannot be used: ${why}`, {
    remedy:
      'traffic goes on with the last routing table. Put back a backup (teal restore), or the database as it was',
    details: { store: where, why },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function newer(where: string, version: number, known: number): TealError {
  return new TealError(
    'store-newer',
    `the event log in ${where} was written by a newer Teal (schema ${version}; this one knows ${known})`,
    {
      remedy: 'run the newer Teal again: npm install -g teal@latest',
      details: { store: where, version, known },
    },
  );
}

/** Another control plane has taken over; what this one wanted to write was decided upon what may be over. */
export function deposed(where: string, term: number, now: number): TealError {
  return new TealError(
    'not-leader',
    `another control plane leads since (term ${now}; this one had ${term}): nothing was written to ${where}`,
    { remedy: 'see who leads, and do it there: teal status', details: { term, current: now } },
  );
}

/** SQLSTATE classes (PostgreSQL, appendix A) that say the server is not there for us, and nothing of what it holds. */
const away = /^(08|28|3D|53[^1]|57|58|25P0[23]|55P03|42501)/;
const full = '53100';
/** Serialization failure, deadlock, a key that somebody else has just written. */
const collided = /^(40|23505)/;

/** What the driver or the server threw, as an error for people; anything else unchanged. */
export function translated(error: unknown, where: string): unknown {
  if (error instanceof TealError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string') return byCode(error, code, where);
  return isLost(error) ? unavailable(where, error.message, error) : error;
}

function byCode(error: Error, code: string, where: string): unknown {
  if (code === full) return diskFull(where, error);
  if (collided.test(code)) return collision(where, error);
  if (away.test(code) || isSystem(code)) return unavailable(where, said(error), error);
  return /^[0-9A-Z]{5}$/.test(code) ? unreadable(where, error.message, error) : error;
}

const isSystem = (code: string): boolean => /^E[A-Z]{3,}$/.test(code);

/** Several addresses of one host fail as one error without a message of its own. */
const said = (error: Error): string =>
  error.message !== '' ? error.message : String((error as NodeJS.ErrnoException).code);

/** The client's own errors have no code. Whether what was under way has happened is not known after them. */
export const isLost = (error: unknown): boolean =>
  error instanceof Error &&
  (/^(Connection terminated|Query read timeout|timeout e|Client (has encountered|was closed))/.test(
    error.message,
  ) ||
    isGone((error as NodeJS.ErrnoException).code));

const isGone = (code: string | undefined): boolean =>
  code !== undefined && (/^(08|57P|25P03)/.test(code) || isSystem(code));

function diskFull(where: string, cause: Error): TealError {
  return new TealError('disk-full', `nothing can be written to the event log in ${where}: ${cause.message}`, {
    remedy:
      'nothing was changed, and traffic goes on. Make room on the disk of PostgreSQL, then do it again; no restart is needed',
    details: { store: where },
    cause,
  });
}

function collision(where: string, cause: Error): TealError {
  return new TealError('store-conflict', `somebody else wrote to ${where} at the same moment`, {
    remedy: 'do it again',
    details: { store: where },
    cause,
  });
}
