import path from 'node:path';
import { migrationsAt } from '../database/lint/files.ts';
import { addForeignKey, addUnique } from '../database/new/constraints.ts';
import { changeType, renameColumn, split, type ColumnOptions } from '../database/new/columns.ts';
import { drop } from '../database/new/drop.ts';
import type { Droppable } from '../database/new/droppable.ts';
import type { Generated } from '../database/new/generated.ts';
import { columnNamed, identifier, identifiers, tableNamed } from '../database/new/names.ts';
import { renameTable } from '../database/new/rename-table.ts';
import { setNotNull } from '../database/new/set-not-null.ts';
import { nextFolder, writeMigration } from '../database/new/write.ts';
import { schemaOf } from '../database/lint/lint.ts';
import { nothingKnown, type Known } from '../database/sql/known.ts';
import { loadParser } from '../database/sql/parser.ts';
import { renderBlock } from './render/block.ts';
import type { Context, LocalFlags, Result } from './shell/context.ts';

export interface DbNewFlags extends LocalFlags {
  readonly out?: string;
}

export interface DbNewColumnFlags extends DbNewFlags {
  readonly schema?: string;
  readonly type?: string;
  readonly key?: string;
  readonly notNull?: boolean;
  readonly default?: string;
  readonly up?: readonly string[];
  readonly down?: string;
}

export interface DbNewTypeFlags extends DbNewColumnFlags {
  readonly as?: string;
}

export interface DbNewTableFlags extends DbNewFlags {
  readonly grant?: readonly string[];
}

export interface DbNewIndexFlags extends DbNewFlags {
  readonly schema?: string;
}

export interface DbNewUniqueFlags extends DbNewIndexFlags {
  readonly now?: boolean;
}

export interface DbNewDropFlags extends DbNewFlags {
  readonly schema?: string;
  readonly default?: string;
}

/** A second column by the new name, kept equal until the first is dropped. */
export async function dbNewRenameColumn(
  this: Context,
  flags: DbNewColumnFlags,
  from: string,
  to: string,
): Promise<Result> {
  const known = await knownTo(this, flags.schema);
  return write(this, flags, {
    what: `rename ${from} ${to}`,
    made: renameColumn(columnNamed(from), identifier(to), optionsOf(flags), known),
  });
}

/** A second column of the new type, kept equal until the first is dropped. */
export async function dbNewChangeType(
  this: Context,
  flags: DbNewTypeFlags,
  from: string,
  to: string,
): Promise<Result> {
  const known = await knownTo(this, flags.schema);
  const column = columnNamed(from);
  const as =
    flags.as !== undefined
      ? identifier(flags.as)
      : `${column.column}_${to.replaceAll(/\W+/g, '_').replaceAll(/^_+|_+$/g, '')}`;
  return write(this, flags, {
    what: `change type ${from}`,
    made: changeType(column, { to, as }, optionsOf(flags), known),
  });
}

/** Several columns for one, kept equal until the first is dropped. */
export async function dbNewSplit(
  this: Context,
  flags: DbNewColumnFlags,
  from: string,
  ...into: readonly string[]
): Promise<Result> {
  const known = await knownTo(this, flags.schema);
  return write(this, flags, {
    what: `split ${from}`,
    made: split(columnNamed(from), into.map(identifier), optionsOf(flags), known),
  });
}

/** A view by the new name until the old version is gone. */
export async function dbNewRenameTable(
  this: Context,
  flags: DbNewTableFlags,
  from: string,
  to: string,
): Promise<Result> {
  return write(this, flags, {
    what: `rename ${from} ${to}`,
    made: renameTable(tableNamed(from), identifier(to), (flags.grant ?? []).map(identifier)),
  });
}

/** NOT NULL, with a trigger that fills in what the old version leaves out. */
export async function dbNewSetNotNull(
  this: Context,
  flags: DbNewFlags,
  column: string,
  fill: string,
): Promise<Result> {
  return write(this, flags, { what: `set not null ${column}`, made: setNotNull(columnNamed(column), fill) });
}

/** A unique constraint, without a lock while its index is built. */
export async function dbNewAddUnique(
  this: Context,
  flags: DbNewUniqueFlags,
  column: string,
): Promise<Result> {
  return write(this, flags, {
    what: `unique ${column}`,
    made: addUnique(columnNamed(column), flags.now ?? false, await knownTo(this, flags.schema)),
  });
}

/** A foreign key, with an index, checked without a lock. */
export async function dbNewAddFk(
  this: Context,
  flags: DbNewIndexFlags,
  column: string,
  to: string,
): Promise<Result> {
  return write(this, flags, {
    what: `fk ${column}`,
    made: addForeignKey(columnNamed(column), columnNamed(to), await knownTo(this, flags.schema)),
  });
}

/** Takes something away when no version uses it. */
export async function dbNewDrop(
  this: Context,
  flags: DbNewDropFlags,
  thing: Droppable,
  name: string,
): Promise<Result> {
  const known = await knownTo(this, flags.schema);
  return write(this, flags, { what: `drop ${name}`, made: drop(thing, name, flags.default, known) });
}

function optionsOf({ type, key, notNull, default: value, up, down }: DbNewColumnFlags): ColumnOptions {
  return {
    ...(type === undefined ? {} : { type }),
    ...(key === undefined ? {} : { key: identifiers(key) }),
    ...(notNull === undefined ? {} : { notNull }),
    ...(value === undefined ? {} : { default: value }),
    ...(up === undefined ? {} : { up }),
    ...(down === undefined ? {} : { down }),
  };
}

/** What the migrations so far tell of the schema. */
async function knownTo(context: Context, schema: string | undefined): Promise<Known> {
  if (schema === undefined) return nothingKnown;
  return schemaOf(await migrationsAt(context.cwd, schema.split(','), { every: true }), await loadParser());
}

async function write(
  context: Context,
  flags: DbNewFlags,
  { what, made }: { readonly what: string; readonly made: Generated },
): Promise<Result> {
  const folder = path.resolve(
    context.cwd,
    flags.out ?? (await nextFolder(path.resolve(context.cwd, 'db'), what)),
  );
  const files = await writeMigration(folder, made);
  const shown = files.map((file) => path.relative(context.cwd, file) || file);
  const next = `teal db lint ${path.relative(context.cwd, folder) || '.'}`;
  return {
    json: { files: shown },
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Written',
          value: path.relative(context.cwd, folder) || folder,
          rows: [
            ['Files', shown.join('\n')],
            ['Next', `read them, then: ${next}`],
          ],
        },
        view,
      ),
  };
}
