import type { ChangeOf } from '../../sql/change.ts';
import { columnType } from '../../sql/known.ts';
import { retype, type Retype } from '../../sql/retype.ts';
import { sayType } from '../../sql/words.ts';
import { isOurs, oldMayRun, type Found, type Level, type Rule } from '../rule.ts';

type Effect = Retype['effect'];

const says: Readonly<Record<Exclude<Effect, 'wider'>, readonly [Level, (name: string) => string]>> = {
  visible: [
    'warning',
    (name) =>
      `${name} takes all it took, but programs see another type: drivers give a bigint as a string, where an integer was a number.`,
  ],
  narrower: [
    'warning',
    (name) =>
      `${name} refuses some of what the old version writes, and the statement fails when there are such rows.`,
  ],
  other: [
    'error',
    (name) =>
      `${name} gets another type: statements of the old version that compare, cast or write it fail, or mean something else.`,
  ],
  unknown: [
    'error',
    (name) =>
      `${name} gets another type than it has (which these files do not tell): unless it only gets wider, statements of the old version fail.`,
  ],
};

const changeType: Rule = {
  id: 'change-type',
  title: 'Another type of a column may break both versions',
  find: (change, around) => {
    if (change.kind !== 'change-type') return null;
    if (isOurs(around, `table ${change.table}`) || isOurs(around, `column ${change.table}.${change.column}`))
      return null;
    const { effect } = retype(
      columnType(around.known, change.table, change.column),
      change.type,
      change.computed,
    );
    if (effect === 'wider') return null;
    return oldMayRun(around) ? beforeContract(change, effect) : inContract(change, effect);
  },
};

function beforeContract(change: ChangeOf<'change-type'>, effect: Exclude<Effect, 'wider'>): Found {
  const name = `${change.table}.${change.column}`;
  const [level, what] = says[effect];
  const check = `CHECK NOT VALID, VALIDATE, and the type in contract.sql; or a second column: ${generator(change)}`;
  return {
    level,
    what: what(name),
    instead: effect === 'narrower' ? check : `A second column, kept equal by a trigger: ${generator(change)}`,
  };
}

/** The version that stays has never met the type that comes. */
function inContract(change: ChangeOf<'change-type'>, effect: Exclude<Effect, 'wider'>): Found | null {
  if (effect === 'narrower') return null;
  return {
    level: 'warning',
    what: `${change.table}.${change.column} gets another type under the live version, which was tested with the one before.`,
    instead: `A second column from expand on: ${generator(change)}`,
  };
}

const generator = ({ table, column, type }: ChangeOf<'change-type'>): string => {
  const said = sayType(type);
  return `teal db new change-type ${table}.${column} ${/^\w+$/.test(said) ? said : `"${said}"`}`;
};

const addValue: Rule = {
  id: 'enum-add-value',
  title: 'The old version may read an enum value that it does not know',
  find: (change, around) => {
    if (change.kind !== 'add-enum-value' || !oldMayRun(around) || isOurs(around, `type ${change.type}`))
      return null;
    return {
      level: 'warning',
      what: `${change.type} gets ${JSON.stringify(change.value)}: once the new version writes it, the old one reads a value that it does not know.`,
      instead:
        'Have the new version write it only when the old one is gone, or release a version that reads it first.',
    };
  },
};

const valueInTransaction: Rule = {
  id: 'enum-value-in-transaction',
  title: 'A new enum value cannot be used in the transaction that adds it',
  find: (change, around) => {
    if (
      change.kind !== 'add-enum-value' ||
      around.transaction === null ||
      isOurs(around, `type ${change.type}`)
    )
      return null;
    const end = around.after.findIndex(({ kind }) => kind === 'commit');
    const rest = around.after.slice(0, end === -1 ? around.after.length : end);
    if (!rest.some(({ kind }) => kind === 'write' || kind === 'set-default')) return null;
    return {
      level: 'warning',
      what: `What comes after it in the transaction fails if it uses ${JSON.stringify(change.value)} (“unsafe use of new value”).`,
      instead: `ALTER TYPE ${change.type} ADD VALUE '${change.value}'; in front of BEGIN.`,
    };
  },
};

const domainConstraint: Rule = {
  id: 'domain-constraint',
  title: 'A constraint of a domain refuses what the old version writes',
  find: (change, around) => {
    if (change.kind !== 'domain-constraint' || !oldMayRun(around) || isOurs(around, `type ${change.type}`))
      return null;
    if (change.how !== 'add' && change.how !== 'set-not-null') return null;
    return {
      level: 'warning',
      what: `${change.type} refuses some of what the old version writes, in every column of that type, also with NOT VALID.`,
      instead: 'Add it in contract.sql, NOT VALID, and validate it there.',
    };
  },
};

/** What happens to types. */
export const types: readonly Rule[] = [changeType, addValue, valueInTransaction, domainConstraint];
