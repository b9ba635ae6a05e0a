import { buildCommand, buildRouteMap } from '@stricli/core';
import { droppable, type Droppable } from '../database/new/droppable.ts';
import type {
  DbNewColumnFlags,
  DbNewDropFlags,
  DbNewFlags,
  DbNewIndexFlags,
  DbNewTableFlags,
  DbNewTypeFlags,
  DbNewUniqueFlags,
} from './db-new.ts';
import { guard, type Context } from './shell/context.ts';
import { docs } from './shell/docs.ts';
import * as is from './shell/flags.ts';
import { briefs } from './text.ts';

const out = is.textFlag('dir', 'Where the four files go; default: the next number in db/');
const schema = is.textFlag(
  'paths',
  'Migrations that tell the columns’ types, NOT NULL, indexes and partitions, with commas',
);
const column = is.argument('table.column', 'The column, with its table: users.name');
const sync = {
  ...is.local,
  out,
  schema,
  type: is.textFlag('type', 'The type the column has, where --schema does not tell it'),
  key: is.textFlag('columns', 'What tells rows apart; default: id'),
  notNull: is.switchFlag('The new column refuses NULL'),
  default: is.textFlag('sql', 'Its default when it is alone; NULL: none'),
  up: is.textsFlag('sql', 'What a new column is made of, in terms of the row'),
  down: is.textFlag('sql', 'What the old column is made of'),
} as const;

/** The commands that write migrations, as `app.ts` has the others. */
export const making = buildRouteMap({
  docs: { brief: briefs['db new'] },
  routes: {
    renameColumn: buildCommand<DbNewColumnFlags, [string, string], Context>({
      docs: docs(
        'db new rename-column',
        ['users.name full_name --type text', ''],
        ['users.name full_name --schema db', 'the type from the migrations'],
      ),
      parameters: {
        positional: { kind: 'tuple', parameters: [column, is.argument('name', 'The new name')] },
        flags: sync,
      },
      loader: async () => guard((await import('./db-new.ts')).dbNewRenameColumn),
    }),
    changeType: buildCommand<DbNewTypeFlags, [string, string], Context>({
      docs: docs('db new change-type', [
        'users.age bigint --type integer',
        'users.age_bigint beside users.age',
      ]),
      parameters: {
        positional: { kind: 'tuple', parameters: [column, is.argument('type', 'The new type')] },
        flags: { ...sync, as: is.textFlag('name', 'The new column; default: the old name and the type') },
      },
      loader: async () => guard((await import('./db-new.ts')).dbNewChangeType),
    }),
    split: buildCommand<DbNewColumnFlags, readonly [string, ...string[]], Context>({
      docs: docs('db new split', [
        `users.name first last --up "split_part(name, ' ', 1)" --up "split_part(name, ' ', 2)" --down "concat_ws(' ', first, last)"`,
        'one --up for each, in their order',
      ]),
      parameters: {
        positional: {
          kind: 'array',
          minimum: 2,
          parameter: is.argument('column', 'The column, with its table, and the new ones'),
        },
        flags: sync,
      },
      loader: async () => guard((await import('./db-new.ts')).dbNewSplit),
    }),
    renameTable: buildCommand<DbNewTableFlags, [string, string], Context>({
      docs: docs('db new rename-table', ['users people --grant app', '']),
      parameters: {
        positional: {
          kind: 'tuple',
          parameters: [is.argument('table', 'The table'), is.argument('name', 'The new name')],
        },
        flags: { ...is.local, out, grant: is.textsFlag('role', 'Who uses it; may be repeated') },
      },
      loader: async () => guard((await import('./db-new.ts')).dbNewRenameTable),
    }),
    setNotNull: buildCommand<DbNewFlags, [string, string], Context>({
      docs: docs('db new set-not-null', [`users.email "'unknown'"`, 'SQL for rows that have none']),
      parameters: {
        positional: {
          kind: 'tuple',
          parameters: [column, is.argument('sql', 'What is filled in, in terms of the row')],
        },
        flags: { ...is.local, out },
      },
      loader: async () => guard((await import('./db-new.ts')).dbNewSetNotNull),
    }),
    addUnique: buildCommand<DbNewUniqueFlags, [string], Context>({
      docs: docs(
        'db new add-unique',
        ['users.email', 'from contract on'],
        ['users.email --now', 'from expand on: for ON CONFLICT'],
      ),
      parameters: {
        positional: { kind: 'tuple', parameters: [column] },
        flags: {
          ...is.local,
          out,
          schema,
          now: is.switchFlag('Refuse duplicates from expand on, the old version’s too'),
        },
      },
      loader: async () => guard((await import('./db-new.ts')).dbNewAddUnique),
    }),
    addFk: buildCommand<DbNewIndexFlags, [string, string], Context>({
      docs: docs('db new add-fk', ['orders.user_id users.id', '']),
      parameters: {
        positional: { kind: 'tuple', parameters: [column, is.argument('table.column', 'What it refers to')] },
        flags: { ...is.local, out, schema },
      },
      loader: async () => guard((await import('./db-new.ts')).dbNewAddFk),
    }),
    drop: buildCommand<DbNewDropFlags, [Droppable, string], Context>({
      docs: docs('db new drop', ['column users.fax', ''], ['table faxes', '']),
      parameters: {
        positional: {
          kind: 'tuple',
          parameters: [
            { parse: thing, placeholder: 'thing', brief: droppable.join(', ') },
            is.argument('name', 'Its name; of a column with its table'),
          ],
        },
        flags: {
          ...is.local,
          out,
          schema,
          default: is.textFlag('sql', 'For rows of the new version, which leaves the column out'),
        },
      },
      loader: async () => guard((await import('./db-new.ts')).dbNewDrop),
    }),
  },
});

/** @throws Error with what was expected */
function thing(input: string): Droppable {
  const found = droppable.find((each) => each === input);
  if (found === undefined) throw new Error(`expected ${droppable.join(', ')}`);
  return found;
}
