import { migrationsAt } from '../database/lint/files.ts';
import { corpusOfLook, look } from '../database/prove/collect.ts';
import { mergeCorpora, type Corpus } from '../database/prove/corpus.ts';
import { runChecks } from '../database/prove/checks.ts';
import { failuresOf } from '../database/prove/outcome.ts';
import { prove, type Part, type Proof } from '../database/prove/proof.ts';
import { connect, type Place } from '../database/prove/session.ts';
import { openShadow, type SchemaSource, type Shadow, type ShadowKind } from '../database/prove/shadow.ts';
import { corpusOfFiles } from '../database/prove/sources.ts';
import { addressGiven } from '../database/server/address.ts';
import { loadParser, type Parser } from '../database/sql/parser.ts';
import { TealError } from '../errors.ts';
import { glyph, wrap } from './render/paint.ts';
import { renderProven } from './render/proven.ts';
import { report, type Context, type LocalFlags, type Result } from './shell/context.ts';
import { interruptedExit, onInterrupt } from './shell/interrupt.ts';

/** Flags of every command that tries statements. */
export interface ShadowFlags extends LocalFlags {
  readonly url?: string;
  readonly schema?: string;
  readonly shadow?: string;
  readonly corpus?: readonly string[];
  readonly role?: readonly string[];
}

export interface DbProveFlags extends ShadowFlags {
  readonly candidate?: readonly string[];
  readonly candidateRole?: readonly string[];
  readonly check?: boolean;
  readonly failOn?: 'broken' | 'risk' | 'client-visible';
  readonly minCoverage?: number;
}

/** Below it too much may be hidden in what could not be asked. */
const defaultCoverage = 98;

/**
 * Tries the statements that each version really sends on the schema it will meet; exit 1 when they do not get along. Ctrl-C ends it, and
 * drops the shadow database.
 */
export function dbProve(
  this: Context,
  flags: DbProveFlags,
  ...given: readonly string[]
): Promise<Result | void> {
  return untilInterrupted(this, (signal) => proven(this, flags, { given, signal }));
}

/** What ends because it was told to has an exit code of its own. */
export async function untilInterrupted(
  context: Context,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | void> {
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  try {
    return await work(interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    report(context, error);
    context.exit = interruptedExit;
  }
}

/** What could not be put away stays, so it is told whatever became of the work. */
export async function putAway({ terminal }: Context, shadow: Shadow): Promise<void> {
  const view = terminal.noteView;
  for (const each of await shadow.close())
    terminal.note(`${glyph(view, 'warn')} ${wrap(each, view.width, 2)}`);
}

interface Asked {
  readonly given: readonly string[];
  readonly signal: AbortSignal;
}

async function proven(context: Context, flags: DbProveFlags, { given, signal }: Asked): Promise<Result> {
  const parser = await loadParser();
  const migration = await migrationsAt(context.cwd, given.length === 0 ? ['db'] : given);
  const source = placeGiven(context, flags);
  const counted = flags.check === true ? rowsAt(source) : null;
  const live = await corpusOf(context, parser, { files: flags.corpus, roles: flags.role, source, signal });
  const candidate =
    flags.candidate === undefined && flags.candidateRole === undefined
      ? null
      : await corpusOf(context, parser, {
          files: flags.candidate,
          roles: flags.candidateRole,
          source,
          signal,
        });
  if (live.statements.length === 0 && (candidate?.statements.length ?? 0) === 0)
    throw new TealError(
      'usage',
      ['There are no statements to prove anything with', ...live.lost].join('; '),
      {
        remedy:
          'Give some: --corpus corpus.jsonl (from teal db collect), --corpus queries.sql, or --url of a database with pg_stat_statements',
        details: { lost: live.lost },
      },
    );
  const shadow = await shadowFor(context, parser, { ...flags, signal });
  let proof: Proof;
  try {
    proof = await prove(parser, shadow, { live, candidate, migration });
  } finally {
    await putAway(context, shadow);
  }
  if (counted !== null) proof = { ...proof, parts: await checked(counted, proof.parts, signal) };
  const fails = failuresOf(proof.parts, {
    failOn: flags.failOn ?? 'risk',
    minCoverage: flags.minCoverage ?? defaultCoverage,
  });
  return {
    json: { ...proof, fails },
    text: (view) => renderProven({ proof, fails }, view),
    exit: fails.length === 0 ? 0 : 1,
  };
}

/** The database that is meant; null: none, all comes from files. */
export function placeGiven({ env }: Context, { url }: ShadowFlags): Place | null {
  if (url === undefined && env['DATABASE_URL'] === undefined) return null;
  return { url: addressGiven(url, env) };
}

interface CorpusSource {
  readonly files: readonly string[] | undefined;
  readonly roles: readonly string[] | undefined;
  readonly source: Place | null;
  readonly signal: AbortSignal;
}

/** Statements of files; of the server where roles are named, or no files are. */
export async function corpusOf(
  context: Context,
  parser: Parser,
  { files, roles, source, signal }: CorpusSource,
): Promise<Corpus> {
  const fromFiles = await corpusOfFiles(parser, context.cwd, files ?? []);
  if (source === null || (files !== undefined && roles === undefined)) return fromFiles;
  const session = await connect(source, signal);
  try {
    const seen = await look(parser, session, { roles: roles ?? null, now: Date.now() });
    return mergeCorpora([fromFiles, corpusOfLook(seen)]);
  } finally {
    await session.close();
  }
}

type Interruptible<FLAGS> = FLAGS & { readonly signal: AbortSignal };

/** Opens the shadow database that the flags ask for. @throws TealError `usage` */
export async function shadowFor(
  context: Context,
  parser: Parser,
  flags: Interruptible<ShadowFlags>,
): Promise<Shadow> {
  const source = placeGiven(context, flags);
  const kind = kindOf(context, flags.shadow ?? 'auto', source);
  const schema: SchemaSource | null =
    flags.schema !== undefined
      ? { kind: 'files', files: await schemaFiles(context, flags.schema) }
      : source === null
        ? null
        : { kind: 'dump', place: source };
  if (schema === null && kind.kind !== 'given')
    throw new TealError('usage', 'There is no schema to try anything on', {
      remedy: 'Give the files that make it (--schema db/migrations), or the database that has it (--url)',
    });
  return openShadow(parser, { kind, schema, env: context.env, signal: flags.signal });
}

async function schemaFiles(context: Context, given: string): ReturnType<typeof migrationsAt> {
  const files = await migrationsAt(context.cwd, given.split(','), { every: true });
  return files.filter(({ silent }) => silent !== true).toSorted((a, b) => a.path.localeCompare(b.path));
}

function kindOf({ env }: Context, given: string, source: Place | null): ShadowKind {
  if (given === 'auto') return source === null ? { kind: 'pglite' } : { kind: 'createdb', server: source };
  if (given === 'pglite') return { kind: 'pglite' };
  if (given !== 'createdb' && given !== 'in-place') {
    // Not repeated: what was meant as an address may hold a password.
    if (!given.includes(':'))
      throw new TealError('usage', '--shadow is neither a place that Teal knows nor an address', {
        remedy: 'createdb, pglite, in-place, or the address of an empty database: postgres://…, env:NAME',
      });
    return { kind: 'given', place: { url: addressGiven(given, env) } };
  }
  if (source === null)
    throw new TealError('usage', `--shadow ${given} needs a server`, {
      remedy: 'Name it: --url env:DATABASE_URL',
    });
  return given === 'createdb' ? { kind: 'createdb', server: source } : { kind: 'in-place', place: source };
}

/** @throws TealError `usage` where no database is named */
function rowsAt(source: Place | null): Place {
  if (source !== null) return source;
  throw new TealError('usage', '--check counts rows in the database itself', {
    remedy: 'Name it: --url env:DATABASE_URL',
  });
}

async function checked(source: Place, parts: readonly Part[], signal: AbortSignal): Promise<readonly Part[]> {
  const session = await connect(source, signal);
  try {
    return await runChecks(session, parts);
  } finally {
    await session.close();
  }
}
