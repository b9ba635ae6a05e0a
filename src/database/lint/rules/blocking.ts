import type { Change, ChangeOf, ColumnFacts } from '../../sql/change.ts';
import { sayType } from '../../sql/words.ts';
import { blocks } from '../locks.ts';
import { isToldProven, isUnused, locksInTheWay, type Around, type Rule } from '../rule.ts';

type Instead<KIND extends Change['kind']> = (change: ChangeOf<KIND>, around: Around) => string;

/**
 * Long work under a lock that keeps reads or writes waiting. What is long, and which lock it is, comes from the table of locks; here is
 * only how to do the same without.
 */
function blocking<KIND extends Change['kind']>(
  id: string,
  title: string,
  kinds: readonly KIND[],
  instead: Instead<KIND>,
): Rule {
  return {
    id,
    title,
    find: (change, around) => {
      if (!kinds.some((kind) => kind === change.kind)) return null;
      // A table that is new is empty: there is nothing to check against another one.
      if (change.kind === 'add-constraint' && isUnused(around, change.table)) return null;
      if (change.kind === 'set-not-null' && isToldProven(change.table, around)) return null;
      // Nobody writes to a materialized view, and CONCURRENTLY reads of it go on.
      if (change.kind === 'refresh' && change.concurrently) return null;
      const worst = locksInTheWay(change, around).find(
        ({ mode, work }) =>
          work !== 'moment' && (blocks(mode) === 'writes' || blocks(mode) === 'reads and writes'),
      );
      if (worst === undefined) return null;
      const does = {
        scan: 'all its rows are read',
        build: 'an index is built',
        rewrite: 'it is written anew',
        moment: '',
      }[worst.work];
      return {
        level: 'error',
        what: `${blocks(worst.mode) === 'writes' ? 'Nobody writes' : 'Nobody reads or writes'} ${worst.on} while ${does}.`,
        instead: instead(change as ChangeOf<KIND>, around),
      };
    },
  };
}

const addColumn: Instead<'add-column'> = ({ table, column }, { version }) => {
  const plain = `ALTER TABLE ${table} ADD COLUMN ${column.name} ${sayType(column.type)};`;
  if (column.generated === 'stored')
    return version >= 18
      ? `GENERATED ALWAYS AS (…) VIRTUAL, which stores nothing; or ${plain} with a trigger that computes it, and backfill`
      : `${plain} with a trigger that computes it, and the rows that are there in backfill.sql`;
  if (column.default === 'volatile' || column.identity !== null)
    return `${plain} ALTER TABLE ${table} ALTER ${column.name} SET DEFAULT …; and the rows that are there in backfill.sql`;
  return `${plain} and ${constraintsApart(table, column)}`;
};

function constraintsApart(table: string, { constraints, name }: ColumnFacts): string {
  const [first] = constraints;
  if (first?.type === 'check')
    return `ALTER TABLE ${table} ADD CONSTRAINT … CHECK (…) NOT VALID; and VALIDATE CONSTRAINT in backfill.sql`;
  if (first !== undefined)
    return `CREATE UNIQUE INDEX CONCURRENTLY ${table}_${name}_key ON ${table} (${name}); ADD CONSTRAINT … UNIQUE USING INDEX ${table}_${name}_key`;
  return 'its rows in backfill.sql';
}

const addConstraint: Instead<'add-constraint'> = ({ table, constraint }, { version }) => {
  const { type, columns, notNullOf } = constraint;
  const name = constraint.name ?? `${table}_${[...columns, type.replaceAll('-', '_')].join('_')}`;
  if (type === 'unique' || type === 'primary-key')
    return `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${table} (${columns.join(', ')}); then ADD CONSTRAINT ${name} ${type === 'unique' ? 'UNIQUE' : 'PRIMARY KEY'} USING INDEX ${name}; (columns of a primary key NOT NULL first)`;
  if (type === 'exclude')
    return 'A new table with the constraint, kept equal by a trigger: an exclusion constraint is always built under the lock';
  if (type === 'not-null' && version >= 18)
    return `ADD CONSTRAINT ${name} NOT NULL ${notNullOf} NOT VALID; then, apart from it, VALIDATE CONSTRAINT ${name};`;
  return `The same with NOT VALID, then, in a statement of its own: ALTER TABLE ${table} VALIDATE CONSTRAINT ${name};`;
};

const notNull: Instead<'set-not-null'> = ({ table, column }, { version }) =>
  version >= 18
    ? `ALTER TABLE ${table} ADD CONSTRAINT ${table}_${column}_not_null NOT NULL ${column} NOT VALID; then VALIDATE CONSTRAINT ${table}_${column}_not_null;`
    : `ALTER TABLE ${table} ADD CONSTRAINT ${table}_${column}_set CHECK (${column} IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT ${table}_${column}_set; then SET NOT NULL, which reads nothing, and DROP CONSTRAINT ${table}_${column}_set;`;

const rewriteInstead: Instead<'rewrite-table' | 'cluster' | 'vacuum-full' | 'refresh' | 'set-expression'> = ({
  kind,
}) => {
  if (kind === 'refresh')
    return 'REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on it; while it runs, reads go on';
  if (kind === 'cluster' || kind === 'vacuum-full') return 'pg_repack or pg_squeeze, outside of a release';
  return 'A new table, kept equal by a trigger, and exchanged; or a time without traffic';
};

/** What keeps people waiting for as long as a table is large. */
export const blockingRules: readonly Rule[] = [
  blocking(
    'add-column-blocks',
    'A new column for which every row is read or written anew, under a lock',
    ['add-column'],
    addColumn,
  ),
  blocking(
    'change-type-blocks',
    'Another type for which every row is read or written anew, under a lock',
    ['change-type'],
    ({ table, column, type }) =>
      `A second column, kept equal by a trigger: teal db new change-type ${table}.${column} "${sayType(type)}"`,
  ),
  blocking(
    'set-not-null-blocks',
    'SET NOT NULL reads all rows under a lock, unless a CHECK has proved it',
    ['set-not-null'],
    notNull,
  ),
  blocking(
    'add-constraint-blocks',
    'A constraint that is checked, or whose index is built, under a lock',
    ['add-constraint', 'alter-constraint'],
    (change, around) =>
      change.kind === 'add-constraint'
        ? addConstraint(change, around)
        : 'Drop it and add it again, NOT VALID, then VALIDATE CONSTRAINT',
  ),
  blocking(
    'domain-constraint-blocks',
    'A constraint of a domain is checked in every table that uses it, under locks',
    ['domain-constraint'],
    ({ type }) =>
      `ALTER DOMAIN ${type} ADD CONSTRAINT … CHECK (…) NOT VALID; then VALIDATE CONSTRAINT in a statement of its own`,
  ),
  blocking(
    'create-index-blocks',
    'An index that is built while nobody can write',
    ['create-index'],
    ({ table, index, unique, columns }) =>
      `Outside of a transaction: CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${index ?? `${table}_${columns.join('_')}_idx`} ON ${table} (${columns.join(', ')});`,
  ),
  blocking(
    'reindex-blocks',
    'An index that is built anew while nobody can write',
    ['reindex'],
    ({ scope, name }) =>
      scope === 'more'
        ? 'Outside of a transaction, one after the other: REINDEX TABLE CONCURRENTLY …;'
        : `Outside of a transaction: REINDEX ${scope.toUpperCase()} CONCURRENTLY ${name};`,
  ),
  blocking(
    'partition-blocks',
    'A partition for which the rows of a table are read under a lock',
    ['attach-partition', 'create-table'],
    (change) =>
      change.kind === 'attach-partition'
        ? `First a CHECK on ${change.partition} that says what the partition holds (NOT VALID, VALIDATE), and on the default partition one that says it has none of it: then nothing is read`
        : 'CREATE TABLE (LIKE …), then ATTACH PARTITION, after a CHECK on the default partition that says it has none of these rows',
  ),
  blocking(
    'rewrite-blocks',
    'A table that is written anew under a lock',
    ['rewrite-table', 'cluster', 'vacuum-full', 'refresh', 'set-expression'],
    rewriteInstead,
  ),
];
