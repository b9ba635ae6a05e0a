import { createHash } from 'node:crypto';
import { open, readFile, rename, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { TealError } from '../../errors.ts';
import type { AppTable, RoutingTable } from '../table.ts';

/**
 * The last table on disk, so that a router serves across its own restart without the control plane (invariant 7).
 * It holds preview keys: 0600. Written before a table is committed, so that disk is never behind what is served.
 */
interface TableFile {
  /** SHA-256 (hex) of the table's JSON. */
  readonly hash: string;
  readonly table: RoutingTable;
}

/** The JSON of an app's part, for as long as the part is there: most of a table is as it was in the one before. */
const texts = new WeakMap<AppTable, string>();

export function textOfApp(app: AppTable): string {
  // It may be of a table that has not been looked at yet.
  if (typeof app !== 'object' || app === null) return JSON.stringify(app);
  const known = texts.get(app);
  if (known !== undefined) return known;
  const text = JSON.stringify(app);
  texts.set(app, text);
  return text;
}

/** What `JSON.stringify` makes of it. */
function textOf(table: RoutingTable): string {
  if (!Array.isArray(table?.apps)) return JSON.stringify(table);
  const entries = Object.entries(table).filter(([, value]) => value !== undefined);
  const fields = entries.map(([key, value]) => {
    const text = key === 'apps' ? `[${table.apps.map(textOfApp).join(',')}]` : JSON.stringify(value);
    return `${JSON.stringify(key)}:${text}`;
  });
  return `{${fields.join(',')}}`;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export const hashTable = (table: RoutingTable): string => hashOf(textOf(table));

/** Replaces the file in one step; on disk when it resolves. */
export async function saveTable(file: string, table: RoutingTable): Promise<void> {
  const text = textOf(table);
  const temporary = `${file}.tmp`;
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    await writeDurably(temporary, `{"hash":"${hashOf(text)}","table":${text}}`);
    await rename(temporary, file);
    await syncDirectory(path.dirname(file));
  } catch (cause) {
    throw notSaved(file, cause);
  }
}

/** The table on disk; null when there is none. A file that cannot be believed is set aside and named in `setAside`. */
export async function loadTable(
  file: string,
  now: number,
): Promise<{ readonly table: RoutingTable | null; readonly setAside: string | null }> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { table: null, setAside: null };
    throw error;
  }
  const table = believe(text);
  if (table !== null) return { table, setAside: null };
  const setAside = `${file}.corrupt-${now}`;
  await rename(file, setAside);
  return { table: null, setAside };
}

function believe(text: string): RoutingTable | null {
  try {
    const content = JSON.parse(text) as Partial<TableFile> | null;
    if (content?.table === undefined || hashTable(content.table) !== content.hash) return null;
    return content.table;
  } catch {
    return null;
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function notSaved(file: string, cause: unknown): TealError {
  const code = (cause as NodeJS.ErrnoException).code;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new TealError(
    full ? 'disk-full' : 'router-unavailable',
    `the routing table could not be written to ${file} (${code ?? 'unknown error'})`,
    {
      remedy: full ? 'Free some disk space, then try again.' : 'Make the data directory writable for Teal.',
      details: { file },
      cause,
    },
  );
}
