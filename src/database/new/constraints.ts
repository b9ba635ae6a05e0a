import { isPartitioned, nothingKnown, partitionsOf, type Known } from '../sql/known.ts';
import { comment, sqlFile, type Generated } from './generated.ts';
import { concurrentIndex, dropIndex, partitionNamed } from './indexes.ts';
import { beside, fitting, nameIn, quoted, sqlTable, type ColumnName, type TableName } from './names.ts';

/**
 * The four files with which values become unique.
 * @param now the old version writes no duplicates, or the new one needs it for ON CONFLICT: refuse them from expand on
 */
export function addUnique(column: ColumnName, now: boolean, known: Known = nothingKnown): Generated {
  const on = sqlTable(column);
  const name = quoted(column.column);
  const index = fitting(`${column.table}_${column.column}_key`);
  const parts = isPartitioned(known, nameIn(column));
  const build = concurrentIndex({ table: column, name: index, columns: [column.column], unique: true }, known)
    .map((each) => (now && each.startsWith('CREATE') ? `${allowNow}\n${each}` : each))
    .join('\n');
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
    undo: now ? sqlFile(undoIndex(column, index, known)) : sqlFile(),
    contract: sqlFile(
      now
        ? null
        : `${comment('An index that a failed try has left is dropped first: it would never be completed.')}\n${build}`,
      parts
        ? comment('The unique index is enough: of a partitioned table none is made into a constraint.')
        : `ALTER TABLE ${on} ADD CONSTRAINT ${quoted(index)} UNIQUE USING INDEX ${quoted(index)};`,
    ),
  };
}

const allowNow = '-- teal: allow add-unique because the old version writes no duplicates';

/** Of a partitioned table none is dropped CONCURRENTLY; those of its partitions go with it. */
const undoIndex = (column: ColumnName, index: string, known: Known): string =>
  isPartitioned(known, nameIn(column))
    ? `DROP INDEX IF EXISTS ${beside(column, index)};`
    : dropIndex(column, index);

/** The four files with which values refer to rows of another table. */
export function addForeignKey(column: ColumnName, to: ColumnName, known: Known = nothingKnown): Generated {
  const on = sqlTable(column);
  const name = quoted(column.column);
  const key = fitting(`${column.table}_${column.column}_fkey`);
  const index = fitting(`${column.table}_${column.column}_idx`);
  const target = quoted(to.column);
  const build = concurrentIndex(
    { table: column, name: index, columns: [column.column], unique: false },
    known,
  );
  return {
    expand: sqlFile(
      comment(
        `Without an index each DELETE from ${quoted(to.table)} would read all of ${quoted(column.table)}.`,
      ),
      build.join('\n'),
    ),
    backfill: sqlFile(
      comment('Rows that refer to nothing, which have to be resolved before; none when it is done.'),
      `SELECT ${name}, count(*) FROM ${on} AS orphan WHERE ${name} IS NOT NULL\n  AND NOT EXISTS (SELECT FROM ${sqlTable(to)} AS other WHERE other.${target} = orphan.${name}) GROUP BY ${name};`,
    ),
    undo: sqlFile(undoIndex(column, index, known)),
    contract: sqlFile(
      comment('What is said of all rows is said NOT VALID first; then they are read, which blocks nobody.'),
      ...foreignKey(
        { table: column, key, rest: `FOREIGN KEY (${name}) REFERENCES ${sqlTable(to)} (${target})` },
        known,
      ),
    ),
  };
}

interface ForeignKey {
  readonly table: TableName;
  readonly key: string;
  readonly rest: string;
}

/** Before PostgreSQL 18 a partitioned table takes no foreign key NOT VALID; but its own is that of its partitions, where they have it. */
function foreignKey(wanted: ForeignKey, known: Known): readonly string[] {
  const { table, key, rest } = wanted;
  const add = `ALTER TABLE ${sqlTable(table)} ADD CONSTRAINT ${quoted(key)} ${rest}`;
  if (!isPartitioned(known, nameIn(table)))
    return [`${add} NOT VALID;`, `ALTER TABLE ${sqlTable(table)} VALIDATE CONSTRAINT ${quoted(key)};`];
  return [
    ...partitionsOf(known, nameIn(table)).flatMap((partition) =>
      foreignKey({ ...wanted, table: partitionNamed(partition) }, known),
    ),
    `-- teal: allow add-constraint-blocks because each partition has it already, and nothing is read\n${add};`,
  ];
}
