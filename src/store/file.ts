import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TealError } from '../errors.ts';
import { translated, unreadable } from './failures.ts';
import { readMark } from './mark.ts';
import { wrongHash } from './hashes.ts';
import { applicationId, checks, connection, create, hashedSince, schemaVersion, walMode } from './sql.ts';

/** Where the mark of a database stands: not beside it by name, or `rm teal.db*` would take along what tells of its loss. */
export const markOf = (file: string): string => join(dirname(file), `.${basename(file)}.used`);

/**
 * Makes sure that the file is a healthy event log: creates it at the first start, and only then.
 * @throws TealError `store-unreadable`, `store-newer`
 */
export function prepareFile(file: string): void {
  try {
    if (isThere(file)) verify(file);
    else createFile(file);
  } catch (error) {
    throw translated(error, file);
  }
}

/** False at a first start only. */
function isThere(file: string): boolean {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? null;
  if (size !== null && size > 0) return true;
  const state = size === null ? 'it is missing' : 'it is empty';
  for (const trace of [markOf(file), `${file}-wal`, `${file}-journal`]) {
    if (existsSync(trace)) throw unreadable(file, `${state}, but ${trace} shows that it was in use`);
  }
  // Teal never leaves an empty file behind (see below): somebody, or something, emptied it.
  if (size !== null) throw unreadable(file, state);
  return false;
}

/** Complete under another name first: kill -9 at any moment leaves a whole database or none. */
function createFile(file: string): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.new-${randomBytes(6).toString('hex')}`;
  try {
    createDatabase(draft);
    sync(draft);
    // Unlike rename, link never puts it over one that another process has created in between.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    for (const name of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(name, { force: true });
  }
  sync(folder);
}

/** An empty one, under a name that nothing has yet. */
export function createDatabase(file: string): void {
  closeSync(openSync(file, 'wx', 0o600));
  const database = new DatabaseSync(file);
  try {
    database.exec(walMode);
    database.exec(`BEGIN; ${create} COMMIT;`);
  } finally {
    database.close();
  }
  chmodSync(file, 0o600);
}

/** On disk when it returns. */
export function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads only: a damaged file is left as it was found, for whoever can still rescue something from it. */
function verify(file: string): void {
  const header = readHeader(file);
  if (!header.subarray(0, 16).equals(Buffer.from('SQLite format 3\0'))) {
    throw unreadable(file, 'it is not a database, or its beginning is damaged');
  }
  if (header.readUInt32BE(68) !== applicationId) {
    throw unreadable(file, 'it is the database of another program');
  }
  verifyLength(file, header);
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    database.exec(connection);
    verifyContent(database, file);
  } finally {
    database.close();
  }
}

/**
 * SQLite reads a page that is cut short as if it ended in zeros. A checkpoint that was killed may leave a shorter
 * file too, but then everything is still in the WAL.
 */
function verifyLength(file: string, header: Buffer): void {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return;
  const written = header.readUInt16BE(16);
  const page = written === 1 ? 65_536 : written;
  const expected = header.readUInt32BE(28) * page;
  const { size } = statSync(file);
  if (size < expected) throw unreadable(file, `it is cut short: ${size} of ${expected} bytes`);
}

/** The first 100 bytes; see sqlite.org/fileformat2.html, 1.3. */
function readHeader(file: string): Buffer {
  const header = Buffer.alloc(100);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, header.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return header;
}

function verifyContent(database: DatabaseSync, file: string): void {
  const value = (sql: string): unknown => Object.values(database.prepare(sql).get() ?? {})[0];
  // Before the database: another process may be appending meanwhile.
  const acknowledged = readMark(markOf(file)) ?? 0;
  const version = value(checks.schemaVersion) as number;
  if (version > schemaVersion) throw newer(file, version);
  if (version < 1) throw unreadable(file, 'it has no schema');
  const pages = value(checks.pages);
  if (pages !== 'ok') throw unreadable(file, `it is damaged (${pages as string})`);
  if (value(checks.foreignKeys) !== undefined) throw unreadable(file, 'it holds events of no stream');
  for (const sql of [checks.gaps, checks.uncovered]) {
    const stream = value(sql);
    if (stream !== undefined) throw unreadable(file, `events of ${stream as string} are missing`);
  }
  const changed = version < hashedSince ? null : wrongHash(database);
  if (changed !== null) throw unreadable(file, `${changed} is not what was written: its hash differs`);
  const last = value(checks.lastSeq) as number;
  if (last < acknowledged) {
    throw unreadable(
      file,
      `it ends with event ${last}, but event ${acknowledged} had been acknowledged: the end is lost, ` +
        `or this is an older copy (to accept that, remove ${markOf(file)})`,
    );
  }
}

function newer(file: string, version: number): TealError {
  return new TealError(
    'store-newer',
    `the event log ${file} was written by a newer Teal (schema ${version}; this one knows ${schemaVersion})`,
    {
      remedy: 'run the newer Teal again: npm install -g teal@latest',
      details: { file, version, known: schemaVersion },
    },
  );
}
