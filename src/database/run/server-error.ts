import { TealError } from '../../errors.ts';

/** The five characters by which a server says what is wrong (none begins with E, as EPIPE does); null: it was not the server who said it. */
export function stateOf(error: unknown): string | null {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && /^(?!E)[0-9A-Z]{5}$/.test(code) ? code : null;
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Of node:net and node:dns. */
const network = /^(?:E(?:CONN|PIPE|HOST|NET|TIMEDOUT|AI_AGAIN)|ENOTFOUND|ENOENT)/;
/** Of the driver, which gives these no code. */
const broken =
  /^(?:Connection terminated|Client has encountered a connection error|timeout expired|Client was closed|Client is closed)/;

/**
 * Did the connection end, rather than the statement? By the server (57P01 and the like: it stops, crashes or starts; 08: the
 * connection itself; 53300: it has no room), by the network, or by the driver.
 */
export function isLost(error: unknown): boolean {
  if (error instanceof TealError) return false;
  const state = stateOf(error);
  if (state !== null) return /^(?:57P0[1-5]|08|53300)/.test(state);
  const code = (error as { readonly code?: unknown } | null)?.code;
  return (typeof code === 'string' && network.test(code)) || broken.test(said(error));
}

/** May the same succeed in a moment? lock_timeout, deadlock, serialization. */
export function isContention(error: unknown): boolean {
  return ['55P03', '40P01', '40001'].includes(stateOf(error) ?? '');
}

/** Somebody cancelled the statement: `pg_cancel_backend`, or a statement_timeout. */
export const isCancelled = (error: unknown): boolean => stateOf(error) === '57014';

/** What the statement is about is not there. */
export function isMissing(error: unknown): boolean {
  return ['42703', '42P01', '42704', '42883', '3F000', '42P02'].includes(stateOf(error) ?? '');
}

/** What the statement makes is there already. */
export function isThere(error: unknown): boolean {
  return ['42701', '42P07', '42710', '42723', '42P06'].includes(stateOf(error) ?? '');
}

/** What a server says, without the values that its message may hold: those are in its detail. */
export function sayServerError(error: unknown): string {
  const state = stateOf(error);
  return state === null ? said(error) : `${said(error)} (SQLSTATE ${state})`;
}

/** What to throw when the record itself cannot be read or written: anything but a `TealError` would be taken for a bug of ours. */
export function aboutRecord(error: unknown): unknown {
  if (stateOf(error) === null) return error;
  const rights = stateOf(error) === '42501';
  return new TealError(
    rights ? 'database-rights' : 'migration-failed',
    `The record of migrations, in the schema _teal, cannot be used: ${sayServerError(error)}`,
    {
      remedy: rights
        ? 'Use the role that owns it, or a member of that role: ALTER SCHEMA _teal OWNER TO …, and its tables.'
        : 'Look at its tables with psql; what is done in the database stays done.',
      cause: error,
    },
  );
}
