import type { ColumnFacts } from '../../sql/change.ts';
import { isProvenNotNull, tableOf } from '../../sql/known.ts';
import { sayType } from '../../sql/words.ts';
import { isOurs, isToldProven, isUnused, oldMayRun, type Around, type Rule } from '../rule.ts';

/** Whether the database fills a column that a statement leaves out. */
const isFilled = ({ default: made, identity, generated }: ColumnFacts): boolean =>
  (made !== 'none' && made !== 'null') || identity !== null || generated !== null;

const requiredColumn: Rule = {
  id: 'add-required-column',
  title: 'A new column that is NOT NULL and has no default makes the INSERTs of the old version fail',
  find: (change, around) => {
    if (change.kind !== 'add-column' || isUnused(around, change.table)) return null;
    const { column, table } = change;
    if (!column.notNull || isFilled(column)) return null;
    return {
      level: 'error',
      what: `${table}.${column.name} must be given, and the old version does not know it: its INSERTs fail. On a table with rows the statement itself fails.`,
      instead: `ALTER TABLE ${table} ADD COLUMN ${column.name} ${sayType(column.type)}; and NOT NULL in contract.sql (teal db new set-not-null), or a default that holds for rows of the old version.`,
    };
  },
};

const addColumn: Rule = {
  id: 'add-column',
  title: 'A new column changes what SELECT * and RETURNING * give',
  find: (change, around) => {
    if (change.kind !== 'add-column' || around.phase === 'contract' || isUnused(around, change.table))
      return null;
    return {
      level: 'note',
      what: `${change.table} gets a column. Named prepared statements with SELECT * or RETURNING * fail on connections that are open (“cached plan must not change result type”), and an unqualified ${change.column.name} in a join may become ambiguous.`,
      instead: 'Name the columns in statements, or close the old version’s connections after expand.',
    };
  },
};

const jsonColumn: Rule = {
  id: 'json-column',
  title: 'A column of type json cannot be compared',
  find: (change) => {
    const columns =
      change.kind === 'add-column' ? [change.column] : change.kind === 'create-table' ? change.columns : [];
    const column = columns.find(({ type }) => type.name === 'json');
    if (column === undefined || !('table' in change)) return null;
    return {
      level: 'warning',
      what: `json has no equality: SELECT DISTINCT, UNION and GROUP BY over all columns of ${change.table} fail.`,
      instead: `${column.name} jsonb`,
    };
  },
};

/** A trigger that runs before the row is checked may fill in what the old version leaves out. */
function isKeptByTrigger(
  { table, column }: { readonly table: string; readonly column: string },
  around: Around,
): boolean {
  return isOurs(around, `column ${table}.${column}`) && tableOf(around.known, table).beforeTrigger;
}

const setNotNull: Rule = {
  id: 'set-not-null',
  title: 'NOT NULL makes statements of the old version fail that write NULL',
  find: (change, around) => {
    if (change.kind !== 'set-not-null' || !oldMayRun(around) || isOurs(around, `table ${change.table}`))
      return null;
    // Who has validated a check that says the same has been told of that one.
    const proven = isProvenNotNull(around.known, change.table, change.column);
    if (proven || isToldProven(change.table, around) || isKeptByTrigger(change, around)) return null;
    const { table, column } = change;
    return {
      level: 'error',
      what: `${table}.${column} refuses NULL: statements of the old version that write NULL, or leave the column out, fail.`,
      instead: `teal db new set-not-null ${table}.${column} <expression>: a trigger fills it in while the old version writes, and SET NOT NULL is in contract.sql.`,
    };
  },
};

const dropNotNull: Rule = {
  id: 'drop-not-null',
  title: 'The old version may read a NULL that it has never met',
  find: (change, around) => {
    if (change.kind !== 'drop-not-null' || !oldMayRun(around) || around.phase === 'undo') return null;
    if (isOurs(around, `table ${change.table}`) || isOurs(around, `column ${change.table}.${change.column}`))
      return null;
    return {
      level: 'warning',
      what: `${change.table}.${change.column} may become NULL when the new version writes it, and the old version may not know what to do with that.`,
      instead: 'Drop NOT NULL in contract.sql; or have the new version write no NULL until then.',
    };
  },
};

const dropDefault: Rule = {
  id: 'drop-default',
  title: 'Without its default a column that is NOT NULL has to be given',
  find: (change, around) => {
    if (change.kind !== 'drop-default' || !oldMayRun(around)) return null;
    const { table, column } = change;
    if (isOurs(around, `table ${table}`) || isOurs(around, `column ${table}.${column}`)) return null;
    const facts = tableOf(around.known, table).columns.get(column);
    if (facts?.notNull === false) return null;
    return {
      level: facts === undefined ? 'warning' : 'error',
      what: `${table}.${column} loses its default${facts === undefined ? '; if it is NOT NULL,' : ':'} INSERTs of the old version that leave it out fail.`,
      instead: 'Drop the default in contract.sql.',
    };
  },
};

const changeDefault: Rule = {
  id: 'change-default',
  title: 'Another default also holds for rows of the old version',
  find: (change, around) => {
    if (change.kind !== 'set-default' || !oldMayRun(around) || around.phase === 'undo') return null;
    const { table, column } = change;
    if (isOurs(around, `table ${table}`) || isOurs(around, `column ${table}.${column}`)) return null;
    return {
      level: 'note',
      what: `Rows that the old version inserts without ${table}.${column} get another value than it expects.`,
      instead: 'Have the new version give the value, and change the default in contract.sql.',
    };
  },
};

const identity: Rule = {
  id: 'identity-always',
  title: 'A column that is always generated refuses values',
  find: (change, around) => {
    if (change.kind !== 'set-identity' || !change.always || !oldMayRun(around)) return null;
    if (isOurs(around, `table ${change.table}`)) return null;
    return {
      level: 'error',
      what: `${change.table}.${change.column} refuses values: INSERTs of the old version that give one fail.`,
      instead: `GENERATED BY DEFAULT AS IDENTITY now, and SET GENERATED ALWAYS in contract.sql.`,
    };
  },
};

const generation: Rule = {
  id: 'drop-generated',
  title: 'A column that was computed has to be written from now on',
  find: (change, around) => {
    const isIt =
      change.kind === 'drop-identity' ||
      change.kind === 'drop-expression' ||
      change.kind === 'set-expression';
    if (!isIt || !oldMayRun(around) || isOurs(around, `table ${change.table}`)) return null;
    return {
      level: change.kind === 'set-expression' ? 'warning' : 'error',
      what: `${change.table}.${change.column} is no longer computed as the old version expects, which does not write it.`,
      instead: 'Add another column with the new meaning, and drop this one in contract.sql.',
    };
  },
};

/** What happens to single columns. */
export const columns: readonly Rule[] = [
  requiredColumn,
  addColumn,
  jsonColumn,
  setNotNull,
  dropNotNull,
  dropDefault,
  changeDefault,
  identity,
  generation,
];
