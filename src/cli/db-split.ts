import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { splitFiles, splitMigration, type Sorted } from '../database/prove/split.ts';
import { loadParser } from '../database/sql/parser.ts';
import { TealError } from '../errors.ts';
import { corpusOf, placeGiven, putAway, shadowFor, untilInterrupted, type ShadowFlags } from './db-prove.ts';
import { glyph, paint, wrap } from './render/paint.ts';
import type { Context, Result } from './shell/context.ts';
import type { View } from './shell/terminal.ts';

export interface DbSplitFlags extends ShadowFlags {
  readonly out?: string;
}

/** Sorts an ordinary migration into phases by what the live version feels of each statement. */
export function dbSplit(this: Context, flags: DbSplitFlags, given: string): Promise<Result | void> {
  return untilInterrupted(this, (signal) => split(this, { ...flags, signal }, given));
}

async function split(
  context: Context,
  flags: DbSplitFlags & { readonly signal: AbortSignal },
  given: string,
): Promise<Result> {
  const { signal } = flags;
  const parser = await loadParser();
  const text = await readFile(path.resolve(context.cwd, given), 'utf8').catch(() => {
    throw new TealError('usage', `There is no file ${given}`, {
      remedy: 'Name one migration: teal db split migrations/0007.sql',
    });
  });
  const file = { path: given, text };
  const asked = flags.corpus !== undefined || flags.role !== undefined || flags.url !== undefined;
  let sorted: readonly Sorted[];
  if (asked) {
    const source = placeGiven(context, flags);
    const live = await corpusOf(context, parser, { files: flags.corpus, roles: flags.role, source, signal });
    const shadow = await shadowFor(context, parser, flags);
    try {
      sorted = await splitMigration(parser, file, { session: shadow.session, live });
    } finally {
      await putAway(context, shadow);
    }
  } else sorted = await splitMigration(parser, file, null);
  if (sorted.length === 0)
    throw new TealError('usage', `${given} holds no statement`, {
      remedy: 'Name a migration that does something: teal db split migrations/0007.sql',
    });
  const written = flags.out === undefined ? [] : await write(context, flags.out, sorted);
  return {
    json: { statements: sorted, files: written },
    text: (view) => render(sorted, { asked, written, view }),
  };
}

/** Never over files that are there. @throws TealError `migration-exists` */
async function write(context: Context, out: string, sorted: readonly Sorted[]): Promise<readonly string[]> {
  const folder = path.resolve(context.cwd, out);
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const [phase, text] of Object.entries(splitFiles(sorted))) {
    const file = path.join(folder, `${phase}.sql`);
    try {
      await writeFile(file, text, { flag: 'wx' });
    } catch (cause) {
      throw new TealError('migration-exists', `${out} holds ${phase}.sql already`, {
        remedy: 'Name another folder: --out db/0008-second-try',
        cause,
      });
    }
    files.push(path.relative(context.cwd, file) || file);
  }
  return files;
}

interface Shown {
  readonly asked: boolean;
  readonly written: readonly string[];
  readonly view: View;
}

function render(sorted: readonly Sorted[], { asked, written, view }: Shown): string {
  const lines = sorted.flatMap(({ sql, phase, why, instead }) => [
    `${glyph(view, phase === 'contract' ? 'warn' : 'ok')} ${paint(view, 'bold', phase.padEnd(8))}  ${wrap(sql.replaceAll(/\s+/g, ' '), view.width, 12)}`,
    ...(why === null ? [] : [`            ${wrap(why, view.width, 12)}`]),
    ...(instead === null
      ? []
      : [`            ${paint(view, 'dim', 'instead')}  ${wrap(instead, view.width, 21)}`]),
  ]);
  const end =
    written.length > 0
      ? [
          `${glyph(view, 'ok')} ${wrap(`Written: ${written.join(', ')}. Read them, and write undo.sql.`, view.width, 2)}`,
        ]
      : ['  --out <folder> writes the files.'];
  const hint = asked
    ? []
    : [
        `${glyph(view, 'warn')} ${wrap('By rules only. With the statements that the live version sends it is tried: --corpus, --schema or --url', view.width, 2)}`,
      ];
  return [...lines, '', ...hint, ...end].join('\n');
}
