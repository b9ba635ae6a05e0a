import { TealError } from '../../errors.ts';
import { isPartitioned, tableOf, type Known } from '../sql/known.ts';
import type { Droppable } from './droppable.ts';
import { comment, sqlFile, type Generated } from './generated.ts';
import { refusePartitionKey } from './indexes.ts';
import { columnNamed, nameIn, quoted, sqlTable, tableNamed } from './names.ts';

/** The four files with which something goes when nobody uses it any more. @param filler the default of a column that has none, as SQL */
export function drop(thing: Droppable, name: string, filler: string | undefined, known: Known): Generated {
  if (thing === 'column') return dropColumn(name, filler, known);
  const parts = thing === 'index' && ofPartitioned(name, known);
  const concurrently = thing === 'index' && !parts ? 'CONCURRENTLY ' : '';
  // A function is named with the types of its arguments, and that is no list of names.
  const written = thing === 'function' ? name : sqlTable(tableNamed(name));
  return {
    expand: sqlFile(),
    backfill: sqlFile(),
    undo: sqlFile(),
    contract: sqlFile(
      comment('When no version uses it.'),
      `${parts ? allowLock : ''}DROP ${thing.toUpperCase()} ${concurrently}${written};`,
    ),
  };
}

const allowLock =
  '-- teal: allow drop-index because an index of a partitioned table is not dropped CONCURRENTLY\n';

function ofPartitioned(index: string, known: Known): boolean {
  const table = known.indexes.get(nameIn(tableNamed(index)))?.table;
  return table !== undefined && isPartitioned(known, table);
}

/** A column that has to be given would make the INSERTs of a version fail that no longer knows it. */
function dropColumn(name: string, filler: string | undefined, known: Known): Generated {
  const column = columnNamed(name);
  refusePartitionKey(column, known);
  const facts = tableOf(known, nameIn(column)).columns.get(column.column);
  const has = facts !== undefined && facts.default !== 'none' && facts.default !== 'null';
  if (facts?.notNull === true && !has && filler === undefined)
    throw new TealError(
      'usage',
      `${name} is NOT NULL and has no default: the new version's INSERTs, which leave it out, would fail`,
      {
        remedy: 'Say what the old version shall read of such rows: --default "\'\'"',
      },
    );
  const alter = `ALTER TABLE ${sqlTable(column)}`;
  const to = `ALTER COLUMN ${quoted(column.column)}`;
  return {
    expand:
      filler === undefined
        ? sqlFile()
        : sqlFile(
            comment('For rows of the new version, which leaves the column out.'),
            `${alter} ${to} SET DEFAULT ${filler};`,
          ),
    backfill: sqlFile(),
    undo:
      filler === undefined
        ? sqlFile()
        : sqlFile(
            comment('As it was before expand.'),
            `-- teal: allow drop-default because the column had none before\n${alter} ${to} DROP DEFAULT;`,
          ),
    contract: sqlFile(comment('When no version uses it.'), `${alter} DROP COLUMN ${quoted(column.column)};`),
  };
}
