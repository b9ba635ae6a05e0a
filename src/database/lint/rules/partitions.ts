import { isUnused, oldMayRun, type Rule } from '../rule.ts';

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

/** Parts of tables. */
export const partitions: readonly Rule[] = [detach, detachLocks, createLocks];
