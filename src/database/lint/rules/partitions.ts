import { isPartitioned, partitionsOf, tableOf } from '../../sql/known.ts';
import type { ChangeOf } from '../../sql/change.ts';
import { isUnused, oldMayRun, type Around, type Rule } from '../rule.ts';

const detach: Rule = {
  id: 'detach-partition',
  title: 'Without its partition a row cannot be inserted',
  find: (change, around) => {
    if (change.kind !== 'detach-partition' || !oldMayRun(around) || isUnused(around, change.table))
      return null;
    return {
      level: 'error',
      what: `Rows of ${change.partition} are gone from ${change.table}, and INSERTs of the old version that belong there fail.`,
      instead: 'Detach it in contract.sql, CONCURRENTLY.',
    };
  },
};

const detachLocks: Rule = {
  id: 'detach-partition-locks',
  title: 'Detaching a partition keeps everybody from the whole table, unless CONCURRENTLY',
  find: (change, around) => {
    if (change.kind !== 'detach-partition' || change.concurrently || isUnused(around, change.table))
      return null;
    return {
      level: 'warning',
      what: `Nobody reads or writes ${change.table} until the lock is got, and what waits for it keeps others waiting.`,
      instead: `Outside of a transaction, and without a default partition: ALTER TABLE ${change.table} DETACH PARTITION ${change.partition} CONCURRENTLY;`,
    };
  },
};

const createLocks: Rule = {
  id: 'create-partition-locks',
  title: 'Creating a partition in place keeps everybody from the whole table; attaching one does not',
  find: (change, around) => {
    if (change.kind !== 'create-table' || change.partitionOf === null || isUnused(around, change.partitionOf))
      return null;
    return {
      level: 'warning',
      what: `Nobody reads or writes ${change.partitionOf} until the lock is got, and what waits for it keeps others waiting.`,
      instead: `CREATE TABLE ${change.table} (LIKE ${change.partitionOf} INCLUDING ALL); ALTER TABLE ${change.partitionOf} ATTACH PARTITION ${change.table} …;`,
    };
  },
};

const noConcurrently: Rule = {
  id: 'partitioned-concurrently',
  title: 'The server neither makes nor drops an index of a partitioned table CONCURRENTLY',
  find: (change, around) => {
    if (change.kind === 'create-index' && change.concurrently && isPartitioned(around.known, change.table))
      return {
        level: 'error',
        what: `${change.table} is partitioned: the server refuses this (SQLSTATE 0A000).`,
        instead: onEachPartition(change, around),
      };
    if (change.kind !== 'drop' || change.thing !== 'index' || !change.concurrently) return null;
    const { table = '' } = around.known.indexes.get(change.name) ?? {};
    if (!isPartitioned(around.known, table)) return null;
    return {
      level: 'error',
      what: `${change.name} is of ${table}, which is partitioned: the server refuses this (SQLSTATE 0A000).`,
      instead: `DROP INDEX ${change.name}; when nobody minds that ${table} is locked for a moment.`,
    };
  },
};

/** The index on the table alone is not valid until each partition has its own, and those can be built CONCURRENTLY. */
function onEachPartition(
  { index, table, columns, unique }: ChangeOf<'create-index'>,
  { known }: Around,
): string {
  const making = `CREATE ${unique ? 'UNIQUE ' : ''}INDEX`;
  const name = index ?? `${table}_${columns.join('_')}_idx`;
  const over = `(${columns.join(', ')})`;
  const [partition] = partitionsOf(known, table).filter((each) => tableOf(known, each).partitionBy === null);
  const part = partition ?? `${table}_…`;
  const own = `${part}_${columns.join('_')}_idx`;
  return `${making} ${name} ON ONLY ${table} ${over}; then for each partition ${making} CONCURRENTLY ${own} ON ${part} ${over}; ALTER INDEX ${name} ATTACH PARTITION ${own};`;
}

const constraintByIndex: Rule = {
  id: 'partitioned-using-index',
  title: 'The server makes no index of a partitioned table into a constraint',
  find: (change, { known }) => {
    if (change.kind !== 'add-constraint' || change.constraint.usingIndex === null) return null;
    if (!isPartitioned(known, change.table)) return null;
    return {
      level: 'error',
      what: `${change.table} is partitioned: the server refuses USING INDEX (SQLSTATE 0A000).`,
      instead:
        'Leave it out: a unique index refuses duplicates, and serves ON CONFLICT and foreign keys, without a constraint.',
    };
  },
};

/** Parts of tables. */
export const partitions: readonly Rule[] = [
  detach,
  detachLocks,
  createLocks,
  noConcurrently,
  constraintByIndex,
];
