import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { TealError } from '../../errors.ts';

/** The names under which teal.yaml is looked for, in each directory upwards. */
const fileNames = ['teal.yaml', 'teal.yml'];

/** Where state is kept when teal.yaml does not say: beside it. As in config/. */
const defaultData = '.teal';

/**
 * Which teal.yaml is meant: `--config`, else TEAL_CONFIG, else the nearest one upwards from here.
 * @throws TealError `config-not-found`
 */
export function findConfig(
  given: string | undefined,
  where: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): string {
  const named = given ?? (where.env['TEAL_CONFIG'] || undefined);
  if (named !== undefined) {
    const file = path.resolve(where.cwd, named);
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isFile()) return file;
    const source = given === undefined ? ' (from TEAL_CONFIG)' : '';
    const what = found?.isDirectory()
      ? `${file}${source} is a folder, not a teal.yaml`
      : `There is no ${file}${source}`;
    throw new TealError('config-not-found', what, {
      remedy: 'Name an existing file with --config, or write one: teal init',
      details: { file },
    });
  }
  const found = nearest(where.cwd);
  if (found !== null) return found;
  throw new TealError('config-not-found', `There is no teal.yaml in ${where.cwd} or any directory above it`, {
    remedy: 'Write one with: teal init   (or name one with --config)',
    details: { directory: where.cwd },
  });
}

function nearest(from: string): string | null {
  for (const name of fileNames) {
    const file = path.join(from, name);
    if (existsSync(file)) return file;
  }
  const parent = path.dirname(from);
  return parent === from ? null : nearest(parent);
}

/** The data directory that a teal.yaml names: all that a command needs of it to find the control plane. */
export async function dataDirectory(file: string): Promise<string> {
  const text = readFileSync(file, 'utf8');
  const named = plainData(text) ?? (await parsedData(text));
  return path.resolve(path.dirname(file), named);
}

/**
 * Reads `data:` without a YAML parser, which would take longer to load than the rest of a command.
 * Only a key in the first column is one of the outermost map in block style, so looking for it is exact;
 * null when the file is written in any other way, or when the value is more than a plain word.
 */
function plainData(text: string): string | null {
  if (/^["'{[?&!*<%]|^---/m.test(text)) return null;
  const lines = text.split(/\r?\n/).filter((line) => /^data[ \t]*:/.test(line));
  if (lines.length === 0) return defaultData;
  const value = /^data:[ \t]+([\w./][\w./-]*)[ \t]*(?:[ \t]#.*)?$/.exec(lines[0] ?? '')?.[1];
  return lines.length === 1 ? (value ?? null) : null;
}

async function parsedData(text: string): Promise<string> {
  const { parseDocument } = await import('yaml');
  const data: unknown = parseDocument(text).get('data');
  return typeof data === 'string' && data !== '' ? data : defaultData;
}
