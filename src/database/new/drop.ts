import { TealError } from '../../errors.ts';
import { tableOf, type Known } from '../sql/known.ts';
import { columnNamed, nameIn, tableNamed } from './columns.ts';
import type { Droppable } from './droppable.ts';
import { comment, sqlFile, type Generated } from './generated.ts';
import { quoted, sqlTable } from './names.ts';

/** The four files with which something goes when nobody uses it any more. @param filler the default of a column that has none, as SQL */
export function drop(thing: Droppable, name: string, filler: string | undefined, known: Known): Generated {
  if (thing === 'column') return dropColumn(name, filler, known);
  const concurrently = thing === 'index' ? 'CONCURRENTLY ' : '';
  // A function is named with the types of its arguments, and that is no list of names.
  const written = thing === 'function' ? name : sqlTable(tableNamed(name));
  return {
    expand: sqlFile(),
    backfill: sqlFile(),
    undo: sqlFile(),
    contract: sqlFile(
      comment('When no version uses it.'),
      `DROP ${thing.toUpperCase()} ${concurrently}${written};`,
    ),
  };
}

/** A column that has to be given would make the INSERTs of a version fail that no longer knows it. */
function dropColumn(name: string, filler: string | undefined, known: Known): Generated {
  const column = columnNamed(name);
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
