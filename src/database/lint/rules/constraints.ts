import type { Change, ConstraintFacts } from '../../sql/change.ts';
import { constraintNamed, tableOf } from '../../sql/known.ts';
import { isOurs, oldMayRun, type Around, type Found, type Rule } from '../rule.ts';

interface Added {
  readonly table: string;
  readonly constraint: ConstraintFacts;
}

/** The constraint that a change puts on a table that the old version uses. Those of a new column are about nothing it writes. */
function added(change: Change, around: Around): Added | null {
  if (change.kind === 'create-index' && change.unique)
    return isOurs(around, `table ${change.table}`)
      ? null
      : { table: change.table, constraint: uniqueOf(change.columns) };
  if (change.kind !== 'add-constraint' || isOurs(around, `table ${change.table}`)) return null;
  return change;
}

const uniqueOf = (columns: readonly string[]): ConstraintFacts => ({
  type: 'unique',
  name: null,
  columns,
  notValid: false,
  notEnforced: false,
  usingIndex: null,
  references: null,
  notNullOf: null,
  nullsNotDistinct: false,
});

/**
 * The old version does not write columns of this release: they are NULL in its rows, which violates no constraint but one that
 * refuses just that, unless a default or a trigger fills them.
 */
function isAboutOurs({ table, constraint }: Added, around: Around): boolean {
  const { columns, notNullOf } = constraint;
  if (notNullOf !== null && !isFilled(table, notNullOf, around)) return false;
  return columns.length > 0 && columns.every((column) => isOurs(around, `column ${table}.${column}`));
}

function isFilled(table: string, column: string, { known, after }: Around): boolean {
  const { beforeTrigger, columns } = tableOf(known, table);
  const made = columns.get(column)?.default ?? 'none';
  return (
    beforeTrigger ||
    after.some((each) => each.kind === 'create-trigger' && each.before && each.table === table) ||
    (made !== 'none' && made !== 'null')
  );
}

function refusing(
  id: string,
  types: readonly ConstraintFacts['type'][],
  say: (added: Added) => Omit<Found, 'level'>,
): Rule {
  return {
    id,
    title: `A ${types.join(' or ').replaceAll('-', ' ')} constraint refuses what the old version may still write`,
    find: (change, around) => {
      const it = oldMayRun(around) ? added(change, around) : null;
      if (it === null || !types.includes(it.constraint.type)) return null;
      // One that takes an index over refuses nothing that the index has not refused already.
      if (it.constraint.notEnforced || it.constraint.usingIndex !== null || isAboutOurs(it, around))
        return null;
      return { level: 'warning', ...say(it) };
    },
  };
}

const listOf = ({ columns }: ConstraintFacts): string => columns.join(', ');

const dropConstraint: Rule = {
  id: 'drop-constraint',
  title: 'ON CONFLICT and GROUP BY need the unique constraint or primary key that they were written for',
  find: (change, around) => {
    if (change.kind !== 'drop-constraint' || !oldMayRun(around)) return null;
    const { table, name } = change;
    if (isOurs(around, `constraint ${table}.${name}`) || isOurs(around, `table ${table}`)) return null;
    // Taken over by another of the same name, in the same statement or transaction.
    if (
      around.after.some(
        (each) => each.kind === 'add-constraint' && each.table === table && each.constraint.name === name,
      )
    )
      return null;
    const facts = constraintNamed(around.known, table, name);
    if (facts !== null && !['unique', 'primary-key', 'exclude'].includes(facts.type)) return null;
    // Named as the server, or as people, name other kinds.
    if (facts === null && /check|fk|not_null/i.test(name)) return null;
    return {
      level: facts === null ? 'warning' : 'error',
      what: `${name} of ${table} is dropped: ON CONFLICT of the old version that relies on it fails${facts === null ? ', if it is unique' : ''}, and GROUP BY does if it was the primary key.`,
      instead: 'Drop it in contract.sql.',
    };
  },
};

const dropForeignKey: Rule = {
  id: 'drop-foreign-key',
  title: 'Dropping a foreign key locks both of its tables',
  find: (change, around) => {
    if (change.kind !== 'drop-constraint' || isOurs(around, `table ${change.table}`)) return null;
    const facts = constraintNamed(around.known, change.table, change.name);
    if (facts === null ? !/fk|foreign/i.test(change.name) : facts.type !== 'foreign-key') return null;
    return {
      level: 'warning',
      what: `Nobody reads or writes ${change.table} and ${facts?.references ?? 'the table that it refers to'} until both locks are got, and what waits for them keeps others waiting.`,
      instead: `A transaction of its own, with SET LOCAL lock_timeout = '200ms', tried again when it does not get the locks.`,
    };
  },
};

const withoutIndex: Rule = {
  id: 'foreign-key-without-index',
  title: 'A foreign key without an index makes deleting from the other table slow',
  find: (change, around) => {
    if (change.kind !== 'add-constraint' && change.kind !== 'add-column') return null;
    const all = change.kind === 'add-constraint' ? [change.constraint] : change.column.constraints;
    const key = all.find(({ type }) => type === 'foreign-key');
    if (key === undefined) return null;
    const [first = ''] = key.columns;
    const told = tableOf(around.known, change.table).columns.has(first) || change.kind === 'add-column';
    if (!told || hasIndex(change.table, first, around)) return null;
    return {
      level: 'note',
      what: `No index of ${change.table} begins with ${first}: each DELETE and key change in ${key.references ?? ''} reads all of ${change.table}.`,
      instead: `CREATE INDEX CONCURRENTLY ON ${change.table} (${listOf(key)});`,
    };
  },
};

function hasIndex(table: string, column: string, { known, after }: Around): boolean {
  const { constraints } = tableOf(known, table);
  const made = after.filter((each) => each.kind === 'create-index');
  return (
    [...known.indexes.values(), ...made].some(
      (index) => index.table === table && index.columns[0] === column,
    ) ||
    [...constraints.values()].some(
      ({ type, columns }) => (type === 'unique' || type === 'primary-key') && columns[0] === column,
    )
  );
}

/** What rows have to be like. */
export const constraints: readonly Rule[] = [
  refusing('add-unique', ['unique', 'primary-key', 'exclude'], ({ table, constraint }) => ({
    what: `Two rows of ${table} with the same ${listOf(constraint)} are refused, and the old version may write such.`,
    instead: `Look for duplicates first. teal db new add-unique ${table}.${constraint.columns[0] ?? 'column'}: the index CONCURRENTLY in expand.sql when the old version writes none, else in contract.sql.`,
  })),
  refusing('add-check', ['check', 'not-null'], ({ table }) => ({
    what: `Rows that the old version writes to ${table} are checked from now on, also with NOT VALID.`,
    instead:
      'Add it in contract.sql, NOT VALID, then VALIDATE CONSTRAINT; or have a trigger repair what the old version writes.',
  })),
  refusing('add-foreign-key', ['foreign-key'], ({ table, constraint }) => ({
    what: `Rows that the old version writes to ${table} need a row of ${constraint.references ?? ''}, and rows there can no longer be deleted freely, also with NOT VALID.`,
    instead: `teal db new add-fk ${table}.${constraint.columns[0] ?? 'column'} ${constraint.references ?? ''}.<column>: NOT VALID and VALIDATE in contract.sql.`,
  })),
  dropConstraint,
  dropForeignKey,
  withoutIndex,
];
