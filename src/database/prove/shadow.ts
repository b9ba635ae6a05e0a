import type { SqlFile } from '../lint/lint.ts';
import { upPart } from '../lint/source.ts';
import type { Parser } from '../sql/parser.ts';
import { apply, statementsOf } from './apply.ts';
import { dumpSchema, type Dump } from './dump.ts';
import { refusalOf } from './refusal.ts';
import { nested } from './nested.ts';
import { ownDatabase } from './own-database.ts';
import { startPglite } from './pglite.ts';
import { seed } from './seed.ts';
import { connect, type Place, type Session } from './session.ts';

/** Where statements are tried: never where an app's rows are, unless `in-place`. */
export type ShadowKind =
  /** A database of its own on the server, dropped at the end. */
  | { readonly kind: 'createdb'; readonly server: Place }
  /** A database that is given: an empty one gets the schema, another one has it already. What is tried there stays. */
  | { readonly kind: 'given'; readonly place: Place }
  /** PostgreSQL as WebAssembly, in a process of its own. */
  | { readonly kind: 'pglite' }
  /** The app's own database, in one transaction that is taken back: its locks are felt. */
  | { readonly kind: 'in-place'; readonly place: Place };

/** Where the schema comes from. */
export type SchemaSource =
  | ({ readonly kind: 'dump' } & Dump)
  | { readonly kind: 'files'; readonly files: readonly SqlFile[] };

/** A database with the schema and without anybody's rows. */
export interface Shadow {
  readonly session: Session;
  /** Tables with synthetic rows. */
  readonly seeded: readonly string[];
  /** What is not as it is in production, in words. */
  readonly notes: readonly string[];
  /** Puts away all that can be. @returns what could not be, in words */
  close(): Promise<readonly string[]>;
}

export interface ShadowOptions {
  readonly kind: ShadowKind;
  readonly schema: SchemaSource | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends what is under way in it. */
  readonly signal: AbortSignal;
}

/** @throws TealError `shadow-failed`, `lock-not-granted`, `database-unavailable`, `package-missing`, `migration-failed`, `migration-interrupted` */
export async function openShadow(parser: Parser, options: ShadowOptions): Promise<Shadow> {
  const stack = new AsyncDisposableStack();
  const close = (): Promise<readonly string[]> => putAway(stack);
  try {
    return { ...(await open(parser, options, stack)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs down the whole of it, whatever fails on the way. */
async function putAway(stack: AsyncDisposableStack): Promise<readonly string[]> {
  try {
    await stack.disposeAsync();
    return [];
  } catch (error) {
    return wordsOf(error);
  }
}

/** What was thrown while something else was is told after that. */
const wordsOf = (error: unknown): readonly string[] =>
  error instanceof SuppressedError
    ? [...wordsOf(error.suppressed), ...wordsOf(error.error)]
    : [error instanceof Error ? error.message : String(error)];

async function open(
  parser: Parser,
  { kind, schema, env, signal }: ShadowOptions,
  stack: AsyncDisposableStack,
): Promise<Omit<Shadow, 'close'>> {
  if (kind.kind === 'in-place') return inPlace(kind.place, { stack, signal });
  const notes: string[] = [];
  if (kind.kind === 'pglite') notes.push('PGlite has no roles of the app: rights are not looked at');
  const session = await connect(await placeOf(kind, { stack, signal }), signal);
  stack.defer(() => session.close());
  const there = await hasTables(session);
  if (there) notes.push('The shadow database is taken as it is: its tables are the schema');
  else if (schema !== null) notes.push(...(await fill(parser, session, { schema, env, signal })));
  return { session, seeded: await seed(session), notes };
}

interface Under {
  /** Puts away what was opened. */
  readonly stack: AsyncDisposableStack;
  readonly signal: AbortSignal;
}

async function placeOf(
  kind: Exclude<ShadowKind, { kind: 'in-place' }>,
  { stack, signal }: Under,
): Promise<Place> {
  switch (kind.kind) {
    case 'given':
      return kind.place;
    case 'createdb':
      return ownDatabase(kind.server, { stack, signal });
    case 'pglite':
      return stack.adopt(await startPglite(signal), (pglite) => pglite.close()).place;
  }
}

async function hasTables(session: Session): Promise<boolean> {
  const [row] = await session.query<{ there: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v')
       AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema') AS there`,
  );
  return row?.there === true;
}

/** Makes the schema. A dump may need what this server lacks: that is told; files have to run. */
async function fill(
  parser: Parser,
  session: Session,
  { schema, env, signal }: Pick<ShadowOptions, 'env' | 'signal'> & { readonly schema: SchemaSource },
): Promise<readonly string[]> {
  if (schema.kind === 'files') {
    for (const file of schema.files)
      await apply(session, statementsOf(parser, { path: file.path, text: upPart(file.text) }), {
        path: file.path,
        seeded: [],
      });
    return [];
  }
  const notes = new Set<string>();
  const statements = statementsOf(parser, {
    path: 'pg_dump',
    text: await dumpSchema(schema, env, signal),
  });
  for (const { sql } of statements)
    try {
      await session.query(sql);
    } catch (error) {
      const refused = refusalOf(error);
      if (refused === null) throw error;
      if (!isForCounting(sql)) notes.add(`The shadow database lacks something: ${refused.message}`);
    }
  // A dump empties the search path of the session that reads it.
  await session.query('RESET ALL');
  return [...notes];
}

/**
 * Extensions that only count and measure what is sent: no statement of an app means anything else without them, and hardly any server
 * but the app's own has them loaded.
 */
const counting = 'pg_stat_statements|pg_stat_monitor|pg_stat_kcache|pg_qualstats|pg_wait_sampling';
const forCounting = new RegExp(
  `^(?:CREATE EXTENSION(?: IF NOT EXISTS)?|(?:GRANT|REVOKE) [A-Z, ]+ ON (?:TABLE|FUNCTION)) (?:[\\w$]+\\.|"[^"]*"\\.)?(?:${counting})(?![a-z0-9$]|_(?!info|reset))`,
  'm',
);

/** Whether a statement of a dump is about nothing but those, as pg_dump writes it. */
const isForCounting = (sql: string): boolean => forCounting.test(sql);

async function inPlace(place: Place, { stack, signal }: Under): Promise<Omit<Shadow, 'close'>> {
  const session = await connect(place, signal);
  stack.defer(() => session.close());
  // Who waits for a lock here keeps the app waiting behind it.
  await session.query("SET lock_timeout = '200ms'");
  // Nor does what nobody waits for any more keep its locks, where the platform can tell.
  await session.query("SET client_connection_check_interval = '1s'").catch(() => []);
  const inside = await nested(session);
  stack.defer(() => inside.undo());
  return {
    session: inside,
    seeded: [],
    notes: [
      'Tried in the database itself, in a transaction that was taken back: tables that are changed were locked meanwhile',
    ],
  };
}
