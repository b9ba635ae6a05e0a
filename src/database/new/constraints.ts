import type { ColumnName } from './columns.ts';
import { comment, sqlFile, type Generated } from './generated.ts';
import { beside, fitting, quoted, sqlTable } from './names.ts';

/**
 * The four files with which values become unique.
 * @param now the old version writes no duplicates, or the new one needs it for ON CONFLICT: refuse them from expand on
 */
export function addUnique(column: ColumnName, now: boolean): Generated {
  const on = sqlTable(column);
  const name = quoted(column.column);
  const index = fitting(`${column.table}_${column.column}_key`);
  const dropIndex = `DROP INDEX CONCURRENTLY IF EXISTS ${beside(column, index)};`;
  const allow = now ? '-- teal: allow add-unique because the old version writes no duplicates\n' : '';
  const build = `${dropIndex}\n${allow}CREATE UNIQUE INDEX CONCURRENTLY ${quoted(index)} ON ${on} (${name});`;
  const duplicates = `SELECT ${name}, count(*) FROM ${on} WHERE ${name} IS NOT NULL GROUP BY ${name} HAVING count(*) > 1;`;
  return {
    expand: now
      ? sqlFile(
          comment('An index that a failed try has left is dropped first: it would never be completed.'),
          build,
        )
      : sqlFile(),
    backfill: sqlFile(
      `${comment('Duplicates, which have to be resolved before; none when it is done.')}\n${duplicates}`,
    ),
    undo: now ? sqlFile(dropIndex) : sqlFile(),
    contract: sqlFile(
      now
        ? null
        : `${comment('An index that a failed try has left is dropped first: it would never be completed.')}\n${build}`,
      `ALTER TABLE ${on} ADD CONSTRAINT ${quoted(index)} UNIQUE USING INDEX ${quoted(index)};`,
    ),
  };
}

/** The four files with which values refer to rows of another table. */
export function addForeignKey(column: ColumnName, to: ColumnName): Generated {
  const on = sqlTable(column);
  const name = quoted(column.column);
  const key = quoted(fitting(`${column.table}_${column.column}_fkey`));
  const index = fitting(`${column.table}_${column.column}_idx`);
  const target = quoted(to.column);
  const dropIndex = `DROP INDEX CONCURRENTLY IF EXISTS ${beside(column, index)};`;
  return {
    expand: sqlFile(
      comment(
        `Without an index each DELETE from ${quoted(to.table)} would read all of ${quoted(column.table)}.`,
      ),
      `${dropIndex}\nCREATE INDEX CONCURRENTLY ${quoted(index)} ON ${on} (${name});`,
    ),
    backfill: sqlFile(
      comment('Rows that refer to nothing, which have to be resolved before; none when it is done.'),
      `SELECT ${name}, count(*) FROM ${on} AS orphan WHERE ${name} IS NOT NULL\n  AND NOT EXISTS (SELECT FROM ${sqlTable(to)} AS other WHERE other.${target} = orphan.${name}) GROUP BY ${name};`,
    ),
    undo: sqlFile(dropIndex),
    contract: sqlFile(
      comment('The second statement reads all rows, and blocks nobody.'),
      `ALTER TABLE ${on} ADD CONSTRAINT ${key} FOREIGN KEY (${name}) REFERENCES ${sqlTable(to)} (${target}) NOT VALID;`,
      `ALTER TABLE ${on} VALIDATE CONSTRAINT ${key};`,
    ),
  };
}
