import { createReadStream, createWriteStream, existsSync, linkSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { pipeline as pipelined } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { TealError } from '../errors.ts';
import { Digesting, lineOf, rowOf, tableNames, type Digest, type Dump, type DumpRow } from './dump.ts';
import { sync } from './file.ts';

/** Rises when the lines below change their meaning. */
const format = 1;

/** What the first line says. */
export interface BackupHead {
  readonly backup: 'teal';
  readonly format: number;
  /** Of Teal. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly term: number;
  /** Where it was taken, for people. */
  readonly from: string;
}

export interface Backup {
  readonly head: BackupHead;
  readonly digest: Digest;
}

/**
 * Writes a dump to a new file (0600: it holds the keys that cookies are signed with): packed lines of JSON, of which the last has what all of them
 * come to. Read back and compared before it gets its name.
 * @throws TealError `usage` when there is such a file; `disk-full`
 */
export async function writeBackup(
  file: string,
  dump: Dump,
  about: Pick<BackupHead, 'version' | 'at' | 'from'>,
): Promise<Backup> {
  if (existsSync(file)) throw taken(file);
  const draft = `${file}.part`;
  const head: BackupHead = { backup: 'teal', format, term: dump.term, ...about };
  rmSync(draft, { force: true });
  try {
    const out = createWriteStream(draft, { mode: 0o600, flags: 'wx' });
    await pipelined(Readable.from(linesOf(head, dump)), createGzip(), out);
    sync(draft);
    const written = await checkBackup(draft);
    linkSync(draft, file);
    sync(dirname(file));
    return written;
  } catch (error) {
    throw failed(error, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

async function* linesOf(head: BackupHead, dump: Dump): AsyncGenerator<string> {
  yield `${JSON.stringify(head)}\n`;
  const digesting = new Digesting();
  for await (const row of dump.rows()) {
    digesting.add(row);
    yield `${lineOf(row)}\n`;
  }
  yield `${JSON.stringify({ end: digesting.end() })}\n`;
}

/** Reads all of it. @throws TealError `backup-invalid` when it is none, or not whole; `store-newer` when a newer Teal wrote it */
export async function checkBackup(file: string): Promise<Backup> {
  const lines = linesFrom(file);
  try {
    const head = headOf(await lines.next(), file);
    const digesting = new Digesting();
    let end: Digest | null = null;
    // To the very end: what packs it has a checksum of its own behind the last line.
    for await (const line of lines) {
      if (end !== null) throw invalid(file, 'it goes on behind its end');
      end = endOf(line);
      if (end !== null) continue;
      const row = rowOf(line);
      if (row === null) throw invalid(file, 'a line of it is of no table of this Teal');
      digesting.add(row);
    }
    if (end === null) throw invalid(file, 'it is cut short');
    return { head, digest: same(end, digesting.end(), file) };
  } finally {
    await lines.return(undefined);
  }
}

/** A checked backup as what a store is made of. */
export function backupDump(file: string, { head }: Backup): Dump {
  return {
    term: head.term,
    async *rows(): AsyncGenerator<DumpRow> {
      const lines = linesFrom(file);
      await lines.next();
      for await (const line of lines) {
        const row = rowOf(line);
        if (row !== null) yield row;
      }
    },
  };
}

async function* linesFrom(file: string): AsyncGenerator<unknown, void, undefined> {
  const text = pipeline(createReadStream(file), createGunzip(), () => undefined).setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of text as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield parse(line, file);
    }
    if (rest !== '') throw invalid(file, 'it is cut short');
  } catch (error) {
    throw failed(error, file);
  } finally {
    text.destroy();
  }
}

function parse(line: string, file: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (cause) {
    throw invalid(file, 'a line of it is not JSON', cause);
  }
}

function headOf({ value }: IteratorResult<unknown, void>, file: string): BackupHead {
  const head = value as Partial<BackupHead> | undefined | null;
  if (head?.backup !== 'teal' || typeof head.format !== 'number')
    throw invalid(file, 'it is not one of Teal');
  if (head.format > format) {
    throw new TealError(
      'store-newer',
      `the backup ${file} was written by a newer Teal (${String(head.version)}; format ${head.format}, this one knows ${format})`,
      {
        remedy: 'restore it with that Teal: npm install -g teal@latest',
        details: { file, format: head.format },
      },
    );
  }
  return head as BackupHead;
}

function endOf(line: unknown): Digest | null {
  if (Array.isArray(line)) return null;
  return (line as { end?: Digest } | null)?.end ?? null;
}

function same(said: Digest, found: Digest, file: string): Digest {
  // Of a table that the Teal which wrote it did not know it says nothing.
  const rows: Partial<Digest['rows']> = said.rows;
  const equal =
    said.hash === found.hash && tableNames.every((name) => (rows[name] ?? 0) === found.rows[name]);
  if (equal) return found;
  throw invalid(file, 'what it holds is not what its end says');
}

function failed(error: unknown, file: string): unknown {
  if (error instanceof TealError || !(error instanceof Error)) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return taken(file);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TealError('disk-full', `${file} could not be written: ${error.message}`, {
      remedy: 'make room on its disk (df -h), then do it again',
      details: { file },
      cause: error,
    });
  }
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR' || code === 'ENOTDIR') {
    return new TealError('usage', `${file} cannot be opened: ${error.message}`, {
      remedy: 'name a file that this user may use',
      details: { file },
      cause: error,
    });
  }
  return code.startsWith('Z_') ? invalid(file, error.message, error) : error;
}

function invalid(file: string, why: string, cause?: unknown): TealError {
  return new TealError('backup-invalid', `${file} cannot be restored: ${why}`, {
    remedy: 'nothing was changed; take another backup',
    details: { file, why },
    ...(cause === undefined ? {} : { cause }),
  });
}

const taken = (file: string): TealError =>
  new TealError('usage', `There is already a ${file}; no backup is written over.`, {
    remedy: 'name another file',
    details: { file },
  });
