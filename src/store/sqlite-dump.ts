import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { TealError } from '../errors.ts';
import {
  counters,
  Digesting,
  digestOf,
  orderOf,
  tableNames,
  tables,
  type Digest,
  type Dump,
  type DumpRow,
  type Table,
  type Value,
} from './dump.ts';
import { translated, unreadable } from './failures.ts';
import { createDatabase, markOf, prepareFile, sync } from './file.ts';
import { Mark } from './mark.ts';
import { begin, checks, commit, connection } from './sql.ts';

/** In SQLite the last position is kept by AUTOINCREMENT; in a dump it is a counter like the others. */
const positions = 'event';
/** Kept for when the log goes back to a database that several control planes share; no part of what a dump holds. */
const terms = 'term';

/** All that an event log holds, as of one moment. @throws TealError `store-unreadable`, `store-newer` */
export function dumpSqlite(file: string): Dump {
  if (!existsSync(file)) throw unreadable(file, 'it is missing');
  prepareFile(file);
  return { term: termOf(file), rows: () => allRows(file) };
}

async function* allRows(file: string): AsyncGenerator<DumpRow> {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    database.exec(connection);
    // One moment for all tables; whoever writes meanwhile does so behind it.
    database.exec('BEGIN');
    for (const table of tableNames) {
      if (table === 'counter') yield* countersOf(database);
      else yield* rowsOf(database, table);
    }
  } catch (error) {
    throw translated(error, file);
  } finally {
    database.close();
  }
}

function* rowsOf(database: DatabaseSync, table: Table): Generator<DumpRow> {
  const columns = tables[table];
  const select = `SELECT ${columns.join(', ')} FROM ${table} ORDER BY ${orderOf[table].join(', ')}`;
  for (const row of database.prepare(select).iterate()) {
    yield { table, values: columns.map((column) => row[column] as Value) };
  }
}

function countersOf(database: DatabaseSync): readonly DumpRow[] {
  const kept = database.prepare('SELECT value FROM counter WHERE name = ?');
  return counters.map((name) => {
    const value = name === positions ? lastSeq(database) : kept.get(name)?.['value'];
    return { table: 'counter', values: [name, Number(value ?? 0)] };
  });
}

const lastSeq = (database: DatabaseSync): unknown => database.prepare(checks.lastSeq).get()?.['seq'];

function termOf(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const row = database.prepare('SELECT value FROM counter WHERE name = ?').get(terms);
    return Number(row?.['value'] ?? 0);
  } finally {
    database.close();
  }
}

/**
 * Makes a new event log of a dump: whole and checked under another name, and only then under its own.
 * @param options.replace an event log that is there is put aside, and never removed
 * @throws TealError `store-exists` when there is one and it is not to be replaced; `store-unreadable` when the dump makes none
 */
export async function restoreSqlite(
  file: string,
  dump: Dump,
  options: { readonly replace: boolean; readonly now: number },
): Promise<Digest> {
  if (isUsed(file) && !options.replace) throw exists(file);
  const draft = `${file}.restored-${randomBytes(6).toString('hex')}`;
  try {
    createDatabase(draft);
    const given = await fill(draft, dump);
    prepareFile(draft);
    const kept = await digestOf(allRows(draft));
    if (kept.hash !== given.hash) throw unreadable(file, 'what was written is not what was given');
    sync(draft);
    aside(file, `.replaced-${options.now}`);
    const mark = new Mark(markOf(file));
    mark.raise(last(draft));
    mark.close();
    linkSync(draft, file);
    sync(dirname(file));
    return kept;
  } catch (error) {
    throw translated(error, file);
  } finally {
    for (const name of [draft, `${draft}-wal`, `${draft}-shm`]) rmSync(name, { force: true });
  }
}

async function fill(draft: string, dump: Dump): Promise<Digest> {
  const database = new DatabaseSync(draft);
  const digesting = new Digesting();
  try {
    database.exec(connection);
    database.exec(begin);
    const statements = new Map<Table, StatementSync>(
      tableNames.map((table) => [table, database.prepare(insertInto(table))]),
    );
    let position: Value = 0;
    for await (const row of dump.rows()) {
      digesting.add(row);
      const [name, value = 0] = row.values;
      if (row.table === 'counter' && name === positions) position = value;
      else statements.get(row.table)?.run(...row.values);
    }
    // There is a row already when there are events; it may be behind, when the newest are pruned.
    database.prepare('DELETE FROM sqlite_sequence WHERE name = ?').run('event');
    database.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run('event', position);
    statements.get('counter')?.run(terms, dump.term);
    database.exec(commit);
    return digesting.end();
  } finally {
    database.close();
  }
}

function insertInto(table: Table): string {
  const columns = tables[table];
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}

function last(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(lastSeq(database) ?? 0);
  } finally {
    database.close();
  }
}

/** Whether there is an event log, or was one that is missed: one that has moved is not. */
function isUsed(file: string): boolean {
  if (existsSync(file) || existsSync(`${file}-wal`)) return true;
  return (
    existsSync(markOf(file)) &&
    !readdirSync(dirname(file)).some((name) => name.startsWith(basename(file) + moved))
  );
}

const moved = '.migrated-';

/** Puts an event log aside, with what belongs to it. Nothing may have it open. */
function aside(file: string, suffix: string): void {
  for (const end of ['', '-wal', '-shm']) {
    if (existsSync(file + end)) renameSync(file + end, `${file}${suffix}${end}`);
  }
  if (existsSync(markOf(file))) renameSync(markOf(file), `${markOf(file)}${suffix}`);
}

/** Puts aside what is now elsewhere. Its mark stays: nobody who looks for it here begins anew. Returns where the file is now. */
export function leaveSqlite(file: string, now: number): string {
  const there = `${file}${moved}${now}`;
  for (const end of ['', '-wal', '-shm']) if (existsSync(file + end)) renameSync(file + end, there + end);
  return there;
}

const exists = (file: string): TealError =>
  new TealError('store-exists', `there is an event log already: ${file}`, {
    remedy: 'to put it aside, and go on with the other one: --replace',
    details: { file },
  });
