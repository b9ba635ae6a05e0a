import { randomBytes } from 'node:crypto';
import { TealError } from '../../errors.ts';
import type { SqlFile } from '../lint/lint.ts';
import { upPart } from '../lint/source.ts';
import type { Parser } from '../sql/parser.ts';
import { apply, statementsOf } from './apply.ts';
import { dumpSchema } from './dump.ts';
import { refusalOf } from './measure.ts';
import { nested } from './nested.ts';
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
  | { readonly kind: 'dump'; readonly place: Place }
  | { readonly kind: 'files'; readonly files: readonly SqlFile[] };

/** A database with the schema and without anybody's rows. */
export interface Shadow {
  readonly session: Session;
  /** Tables with synthetic rows. */
  readonly seeded: readonly string[];
  /** What is not as it is in production, in words. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

export interface ShadowOptions {
  readonly kind: ShadowKind;
  readonly schema: SchemaSource | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws TealError `shadow-failed`, `database-unavailable`, `package-missing`, `migration-failed` */
export async function openShadow(parser: Parser, { kind, schema, env }: ShadowOptions): Promise<Shadow> {
  if (kind.kind === 'in-place') return inPlace(kind.place);
  const opened = await openEmpty(kind);
  try {
    const there = await hasTables(opened.session);
    const notes: string[] = [...opened.notes];
    if (!there && schema !== null) notes.push(...(await fill(parser, opened.session, schema, env)));
    else if (there) notes.push('The shadow database is taken as it is: its tables are the schema');
    const seeded = await seed(opened.session);
    return { session: opened.session, seeded, notes, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

interface Opened {
  readonly session: Session;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

async function openEmpty(kind: Exclude<ShadowKind, { kind: 'in-place' }>): Promise<Opened> {
  if (kind.kind === 'given') {
    const session = await connect(kind.place);
    return { session, notes: [], close: () => session.close() };
  }
  if (kind.kind === 'pglite') {
    const pglite = await startPglite();
    const session = await connect(pglite.place).catch(async (error: unknown) => {
      await pglite.close();
      throw error;
    });
    const close = async (): Promise<void> => {
      await session.close();
      await pglite.close();
    };
    return { session, notes: ['PGlite has no roles of the app: rights are not looked at'], close };
  }
  return createDatabase(kind.server);
}

async function createDatabase(server: Place): Promise<Opened> {
  const admin = await connect(server);
  const name = `teal_shadow_${Math.floor(Date.now() / 1000)}_${randomBytes(4).toString('hex')}`;
  try {
    await dropForgotten(admin);
    await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  } catch (cause) {
    await admin.close();
    throw new TealError('shadow-failed', 'No shadow database can be made on the server', {
      remedy:
        'Let the role make databases (ALTER ROLE … CREATEDB), or try elsewhere: --shadow pglite, --shadow postgres://…',
      details: { why: cause instanceof Error ? cause.message : String(cause) },
      cause,
    });
  }
  const drop = async (): Promise<void> => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.close();
  };
  const place: Place = { ...server, database: name };
  const session = await connect(place).catch(async (error: unknown) => {
    await drop();
    throw error;
  });
  const close = async (): Promise<void> => {
    await session.close();
    await drop();
  };
  return { session, notes: [], close };
}

/** A proof takes seconds; one that was killed cannot drop what it has made. */
const forgottenSeconds = 3600;

/** Drops shadows of our own that nobody is connected to any more. */
async function dropForgotten(admin: Session): Promise<void> {
  const rows = await admin.query<{ name: string }>(
    `SELECT datname::text AS name FROM pg_database d
     WHERE datname ~ '^teal_shadow_[0-9]+_[0-9a-f]+$' AND pg_has_role(datdba, 'MEMBER')
       AND split_part(datname, '_', 3)::float8 < extract(epoch FROM now()) - ${forgottenSeconds}
       AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)`,
  );
  // Somebody else may have done it, or be there again: it stays for the next.
  for (const { name } of rows) await admin.query(`DROP DATABASE IF EXISTS ${name}`).catch(() => undefined);
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
  schema: SchemaSource,
  env: ShadowOptions['env'],
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
  const statements = statementsOf(parser, { path: 'pg_dump', text: await dumpSchema(schema.place, env) });
  for (const { sql } of statements)
    try {
      await session.query(sql);
    } catch (error) {
      const refused = refusalOf(error);
      if (refused === null) throw error;
      notes.add(`The shadow database lacks something: ${refused.message}`);
    }
  // A dump empties the search path of the session that reads it.
  await session.query('RESET ALL');
  return [...notes];
}

async function inPlace(place: Place): Promise<Shadow> {
  const session = await connect(place);
  // Who waits for a lock here keeps the app waiting behind it.
  await session.query("SET lock_timeout = '200ms'");
  const inside = await nested(session);
  return {
    session: inside,
    seeded: [],
    notes: [
      'Tried in the database itself, in a transaction that was taken back: tables that are changed were locked meanwhile',
    ],
    close: async () => {
      await inside.undo();
      await session.close();
    },
  };
}
