import { TealError } from '../errors.ts';

// Primary result codes of SQLite (sqlite.org/rescode.html); the low byte of the extended ones.
const busy = 5;
const locked = 6;
const ioError = 10;
const full = 13;
/** CANTOPEN, READONLY and the like say nothing about the content, CORRUPT and NOTADB do; all need a person. */
const readErrors = new Set([266, 522, 8202, 8458]);

/** The database cannot be trusted or opened. Refused, never replaced by an empty one. */
export function unreadable(file: string, why: string, cause?: unknown): TealError {
  return new TealError('store-unreadable', `the event log ${file} cannot be used: ${why}`, {
    remedy:
      `traffic goes on with the last routing table. Put back a copy of ${file} (and of ${file}-wal, if there was one); ` +
      'to begin anew without history, move the whole data folder away',
    details: { file, why },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The version the writer decided upon is not the stream's any more. */
export function conflict(stream: string, expected: number, actual: number): TealError {
  return new TealError(
    'store-conflict',
    `somebody else changed ${stream} in between: it is at event ${actual}, not ${expected}`,
    { remedy: 'look at the state and do it again: teal status', details: { stream, expected, actual } },
  );
}

/** What SQLite or the file system threw, as an error for people; anything else unchanged. */
export function translated(error: unknown, file: string): unknown {
  if (error instanceof TealError || !(error instanceof Error)) return error;
  const code = sqliteCode(error);
  if (code === null) return fromSystem(error, file);
  const primary = code & 0xff;
  if (primary === full || (primary === ioError && !readErrors.has(code))) return diskFull(file, error);
  if (primary === busy || primary === locked) return held(file, error);
  return unreadable(file, error.message, error);
}

function fromSystem(error: NodeJS.ErrnoException, file: string): unknown {
  const code = error.code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') return diskFull(file, error);
  return /^E[A-Z]+$/.test(code) ? unreadable(file, error.message, error) : error;
}

function sqliteCode(error: Error): number | null {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' ? code : null;
}

function diskFull(file: string, cause: Error): TealError {
  return new TealError('disk-full', `nothing can be written to the event log ${file}: ${cause.message}`, {
    remedy:
      'nothing was changed, and traffic goes on. Make room on its disk (df -h), then do it again; no restart is needed',
    details: { file },
    cause,
  });
}

function held(file: string, cause: unknown): TealError {
  return new TealError('store-conflict', `another process is writing to the event log ${file}`, {
    remedy: `only one Teal may run on it; see which one has it open: fuser ${file}`,
    details: { file },
    cause,
  });
}
