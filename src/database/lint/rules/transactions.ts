import type { Change } from '../../sql/change.ts';
import { blocks, type Lock } from '../locks.ts';
import { isUnused, locksInTheWay, type Around, type Rule } from '../rule.ts';

const isStrong = ({ mode }: Lock): boolean =>
  blocks(mode) === 'reads and writes' || blocks(mode) === 'writes';

/** The tables that the transaction keeps others from, before this change. */
function heldTables({ transaction }: Around): ReadonlySet<string> {
  return new Set((transaction ?? []).flatMap(({ locks }) => locks.filter(isStrong).map(({ on }) => on)));
}

const severalTables: Rule = {
  id: 'several-tables-locked',
  title:
    'A transaction that locks several tables waits for the second while it keeps everybody from the first',
  find: (change, around) => {
    const before = heldTables(around);
    const own = locksInTheWay(change, around).filter(isStrong);
    // What one statement needs of both its tables cannot be taken apart.
    const [next] = before.size === 0 ? [] : own.filter(({ on }) => !before.has(on));
    if (next === undefined || own.some(({ on }) => before.has(on))) return null;
    return {
      level: 'warning',
      what: `The transaction keeps others from ${[...before].join(', ')} while it waits for ${next.on}; with somebody who takes them the other way round it is a deadlock.`,
      instead: 'One table in each transaction.',
    };
  },
};

const longAfterLock: Rule = {
  id: 'work-after-lock',
  title: 'Rows are read or written in a transaction that keeps everybody from a table',
  find: (change, around) => {
    const held = heldTables(around);
    if (held.size === 0 || !isLong(change, around)) return null;
    return {
      level: 'error',
      what: `${[...held].join(', ')}: locked for as long as this takes.`,
      instead: 'COMMIT in front of it: changes of the schema in expand.sql, rows in backfill.sql.',
    };
  },
};

function isLong(change: Change, around: Around): boolean {
  // One row that is given is no matter.
  if (change.kind === 'write') return change.verb !== 'insert' && !isUnused(around, change.table);
  return locksInTheWay(change, around).some(({ work }) => work !== 'moment');
}

const nested: Rule = {
  id: 'nested-transaction',
  title: 'BEGIN in a transaction, and COMMIT without one, do nothing',
  find: (change, { transaction, before }) => {
    if (change.kind === 'begin' && transaction !== null)
      return {
        level: 'error',
        what: 'A transaction is open already, and the next COMMIT ends it.',
        instead: 'SAVEPOINT, or no second BEGIN.',
      };
    // Also where a tool has begun one: it ends before the tool thinks so.
    const last = before.findLast(({ kind }) => kind === 'begin' || kind === 'commit' || kind === 'rollback');
    if ((change.kind !== 'commit' && change.kind !== 'rollback') || last?.kind === 'begin') return null;
    return {
      level: 'warning',
      what: 'This file has opened no transaction: what comes before is done one by one, or ends the one of the tool.',
      instead: 'BEGIN; in front of what belongs together.',
    };
  },
};

const uncommitted: Rule = {
  id: 'uncommitted-transaction',
  title: 'A transaction without COMMIT is taken back',
  find: (change, { after, transaction }) => {
    if (change.kind !== 'begin' || transaction !== null) return null;
    if (after.some(({ kind }) => kind === 'commit' || kind === 'rollback')) return null;
    return {
      level: 'error',
      what: 'Nothing after this BEGIN stays: it is never committed.',
      instead: 'COMMIT; at the end.',
    };
  },
};

const concurrently: Rule = {
  id: 'concurrently-in-transaction',
  title: 'CONCURRENTLY, and VACUUM, cannot run in a transaction',
  find: (change, { transaction }) => {
    if (transaction === null || !needsNone(change)) return null;
    return {
      level: 'error',
      what: 'The server refuses this in a transaction.',
      instead: 'COMMIT; in front of it, or a file of its own.',
    };
  },
};

function needsNone(change: Change): boolean {
  if (change.kind === 'vacuum-full') return true;
  // REFRESH … CONCURRENTLY can.
  return change.kind !== 'refresh' && 'concurrently' in change && change.concurrently;
}

const invalidLeft: Rule = {
  id: 'index-if-not-exists',
  title: 'IF NOT EXISTS takes the invalid index that a failed CONCURRENTLY has left for the real one',
  find: (change) => {
    if (change.kind !== 'create-index' || !change.concurrently || !change.ifNotExists) return null;
    const name = change.index ?? '…';
    return {
      level: 'warning',
      what: `A ${name} that an earlier try has left invalid counts as existing: it is never used, and never completed.`,
      instead: `DROP INDEX CONCURRENTLY IF EXISTS ${name}; CREATE INDEX CONCURRENTLY ${name} ON ${change.table} (${change.columns.join(', ')});`,
    };
  },
};

/** Files of a phase get it from who runs them (docs/database.md): it is the same for all of them. */
const timeout: Rule = {
  id: 'lock-timeout',
  title: 'Without lock_timeout a statement that waits for a lock keeps everybody else waiting behind it',
  find: (change, around) => {
    if (around.phase !== null || around.before.some(isTimeout)) return null;
    const strong = (each: Change): boolean => locksInTheWay(each, around).some(isStrong);
    if (!strong(change) || around.before.some(strong)) return null;
    return {
      level: 'warning',
      what: 'While this waits for a long statement to end, everything that comes after waits behind it, reads too.',
      instead:
        "SET lock_timeout = '200ms'; at the top of the file, and try again when it does not get its lock.",
    };
  },
};

const isTimeout = (change: Change): boolean =>
  change.kind === 'set' && change.name === 'lock_timeout' && change.value !== '0';

/** What is done together. */
export const transactions: readonly Rule[] = [
  severalTables,
  longAfterLock,
  nested,
  uncommitted,
  concurrently,
  invalidLeft,
  timeout,
];
