import { TealError } from '../../errors.ts';
import { isPartitioned, partitionsOf, tableOf, type Known } from '../sql/known.ts';
import { beside, fitting, nameIn, quoted, sqlTable, type ColumnName, type TableName } from './names.ts';

export interface NewIndex {
  readonly table: TableName;
  /** Fits already; see `fitting`. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
}

/**
 * Statements that make an index while everybody writes. The server makes none of a partitioned table CONCURRENTLY, so that gets one
 * that stands on the table alone, each partition gets its own, and with the last that is attached the first is valid.
 * @throws TealError `usage` when the table is partitioned and its partitions are not known
 */
export function concurrentIndex(index: NewIndex, known: Known): readonly string[] {
  const { table, name, columns, unique } = index;
  const making = `CREATE ${unique ? 'UNIQUE ' : ''}INDEX`;
  const on = `${sqlTable(table)} (${columns.map(quoted).join(', ')})`;
  if (!isPartitioned(known, nameIn(table)))
    return [dropIndex(table, name), `${making} CONCURRENTLY ${quoted(name)} ON ${on};`];
  if (unique) mayBeUnique(index, known);
  const partitions = partitionsOf(known, nameIn(table));
  if (partitions.length === 0)
    throw new TealError(
      'usage',
      `${nameIn(table)} is partitioned, and which partitions it has is not known: each needs an index of its own, since the server makes none of the whole CONCURRENTLY`,
      {
        remedy:
          'Name files that make its partitions (PARTITION OF, ATTACH PARTITION), such as a dump of the schema: pg_dump --schema-only > schema.sql, then --schema schema.sql',
      },
    );
  return [
    `${making} ${quoted(name)} ON ONLY ${on};`,
    ...partitions.map(partitionNamed).flatMap((partition) => {
      const own = fitting(`${partition.table}_${name}`);
      return [
        ...concurrentIndex({ ...index, table: partition, name: own }, known),
        `ALTER INDEX ${beside(table, name)} ATTACH PARTITION ${beside(partition, own)};`,
      ];
    }),
  ];
}

/** Takes away what a failed try has left, which would never be completed. */
export const dropIndex = (table: TableName, name: string): string =>
  `DROP INDEX CONCURRENTLY IF EXISTS ${beside(table, name)};`;

/** As other statements have told it: the schema, if there is one, is in front of the first dot. */
export function partitionNamed(name: string): TableName {
  const dot = name.indexOf('.');
  return { schema: dot < 0 ? null : name.slice(0, dot), table: name.slice(dot + 1) };
}

/** Rows of different partitions are not compared. @throws TealError `usage` */
function mayBeUnique({ table, columns }: NewIndex, known: Known): void {
  const { partitionBy } = tableOf(known, nameIn(table));
  if (partitionBy === null || partitionBy === 'unknown') return;
  const missing = partitionBy.filter((each) => each === null || !columns.includes(each));
  if (missing.length === 0) return;
  throw new TealError(
    'usage',
    `${nameIn(table)} is partitioned by ${partitionBy.map((each) => each ?? 'an expression').join(', ')}: the server makes nothing unique there without that, and ${columns.join(', ')} is`,
    { remedy: 'Keep what has to be unique in a table of its own, which is not partitioned.' },
  );
}

/** What tells partitions apart can neither be dropped nor be changed by a trigger. @throws TealError `usage` */
export function refusePartitionKey(column: ColumnName, known: Known): void {
  const { partitionBy } = tableOf(known, nameIn(column));
  if (partitionBy === null || partitionBy === 'unknown' || !partitionBy.includes(column.column)) return;
  throw new TealError(
    'usage',
    `${nameIn(column)} is partitioned by ${column.column}, which the server never drops`,
    { remedy: 'Make a new table with the partitions that are wanted, and let the new version write both.' },
  );
}
