import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { corpusOfSql } from '../database/prove/corpus-file.ts';
import { mergeCorpora } from '../database/prove/corpus.ts';
import { count, look, nothingCounted, readTally, writeTally, type Tally } from '../database/prove/collect.ts';
import { connect } from '../database/prove/session.ts';
import { addressGiven } from '../database/server/address.ts';
import { loadParser, type Parser } from '../database/sql/parser.ts';
import { TealError } from '../errors.ts';
import { renderBlock } from './render/block.ts';
import { counted } from './render/units.ts';
import type { Context, LocalFlags, Result } from './shell/context.ts';
import { onInterrupt } from './shell/interrupt.ts';
import { pause } from './shell/watch.ts';

export interface DbCollectFlags extends LocalFlags {
  readonly url?: string;
  readonly role?: readonly string[];
  readonly out: string;
  readonly every?: number;
  readonly for?: number;
}

/** What is thrown out between two looks is lost: seldom enough not to be felt, often enough to lose little. */
const defaultEveryMs = 30_000;

/** Writes down which statements a server is really sent, without their values; adds to what the file has already. */
export async function dbCollect(
  this: Context,
  flags: DbCollectFlags,
  ...given: readonly string[]
): Promise<Result> {
  const parser = await loadParser();
  const out = path.resolve(this.cwd, flags.out);
  const before = await readFile(out, 'utf8').catch(() => null);
  let tally = before === null ? nothingCounted : readTally({ path: flags.out, text: before });
  for (const file of given) {
    const text = await readFile(path.resolve(this.cwd, file), 'utf8').catch((cause: unknown) => {
      throw new TealError('usage', `${file} cannot be read: ${sayCode(cause)}`, {
        remedy: 'Name files with SQL: teal db collect queries.sql --out corpus.jsonl',
        cause,
      });
    });
    tally = { ...tally, corpus: mergeCorpora([tally.corpus, corpusOfSql(parser, { path: file, text })]) };
  }
  if (given.length === 0 || flags.url !== undefined) tally = await watch(this, parser, flags, tally);
  await keep(out, flags.out, tally);
  const { statements, evicted, lost } = tally.corpus;
  const calls = statements.reduce((sum, each) => sum + each.calls, 0);
  const nothing = statements.length === 0;
  return {
    json: { file: flags.out, statements: statements.length, calls, evicted, lost },
    text: (view) =>
      renderBlock(
        {
          state: lost.length > 0 || evicted > 0 || nothing ? 'warn' : 'ok',
          label: 'Collected',
          value: `${counted(statements.length, 'statement')}, ${counted(calls, 'call')}`,
          rows: [
            ['File', flags.out],
            [
              'Lost',
              [...lost, ...(evicted > 0 ? [`thrown out ${counted(evicted, 'time')}`] : [])].join('\n') ||
                null,
            ],
            [
              'Next',
              nothing
                ? 'have the app send something, or name files with SQL; then the same again'
                : `teal db prove <migrations> --corpus ${flags.out}`,
            ],
          ],
        },
        view,
      ),
  };
}

/** @throws TealError `usage` */
async function keep(file: string, shown: string, tally: Tally): Promise<void> {
  await writeFile(file, writeTally(tally)).catch((cause: unknown) => {
    throw new TealError('usage', `${shown} cannot be written: ${sayCode(cause)}`, {
      remedy: 'Name a file in a folder that is there, and may be written: --out corpus.jsonl',
      cause,
    });
  });
}

const sayCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

async function watch(context: Context, parser: Parser, flags: DbCollectFlags, start: Tally): Promise<Tally> {
  const session = await connect({ url: addressGiven(flags.url, context.env) });
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  const deadline = performance.now() + (flags.for ?? 0);
  let tally = start;
  try {
    for (;;) {
      const snapshot = await look(parser, session, { roles: flags.role ?? null, now: Date.now() });
      if (typeof snapshot === 'string')
        throw new TealError('database-unavailable', snapshot, {
          remedy:
            'Statements of files can be collected as well: teal db collect queries.sql --out corpus.jsonl',
        });
      tally = count(tally, snapshot);
      const left = deadline - performance.now();
      if (left <= 0 || interrupt.signal.aborted) return tally;
      // What was counted so far survives whatever ends this process.
      await keep(path.resolve(context.cwd, flags.out), flags.out, tally);
      await pause(Math.min(left, flags.every ?? defaultEveryMs), interrupt.signal);
    }
  } finally {
    await session.close();
  }
}
