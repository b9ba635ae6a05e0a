import type { ChangeOf } from '../../sql/change.ts';
import { isOurs, type Around, type Rule } from '../rule.ts';
import { aOrAn } from '../say.ts';

type Renamed = ChangeOf<'rename'>;

/** A rename has no good moment: whichever version is live knows one of the two names. */
function renaming(
  id: string,
  thing: Renamed['thing'] | readonly Renamed['thing'][],
  instead: (change: Renamed) => string,
): Rule {
  const things = [thing].flat();
  return {
    id,
    title: `Renaming ${aOrAn(things.join(' or '))} breaks whichever version knows the other name`,
    find: (change, around) => {
      if (change.kind !== 'rename' || !things.includes(change.thing)) return null;
      if (isOurs(around, keyOf(change)) || (change.table !== null && isOurs(around, `table ${change.table}`)))
        return null;
      const name = change.table === null ? change.name : `${change.table}.${change.name}`;
      return {
        level: 'error',
        what: `The ${change.thing} ${name} becomes ${change.to}: the old version needs the first name, and the new one may need the second.`,
        instead: instead(change),
      };
    },
  };
}

const keyOf = ({ thing, table, name }: Renamed): string =>
  `${thing} ${table === null ? '' : `${table}.`}${name}`;

const renameTable: Rule = {
  id: 'rename-table',
  title: 'Renaming a table or view breaks whichever version knows the other name',
  find: (change, around) => {
    if (change.kind !== 'rename' || !['table', 'view', 'materialized view'].includes(change.thing))
      return null;
    if (isOurs(around, keyOf(change)) || hasStandIn(change, around)) return null;
    return {
      level: 'error',
      what: `${change.name} becomes ${change.to}: statements of the old version that name it fail.`,
      instead: `In one transaction: BEGIN; ALTER TABLE ${change.name} RENAME TO ${change.to}; CREATE VIEW ${change.name} AS SELECT * FROM ${change.to}; COMMIT; (teal db new rename-table), and drop the view in contract.sql.`,
    };
  },
};

/** In the same transaction a view takes the name that becomes free, so no statement ever misses it. */
function hasStandIn(change: Renamed, { after, transaction }: Around): boolean {
  if (transaction === null) return false;
  const end = after.findIndex(({ kind }) => kind === 'commit' || kind === 'rollback');
  return after
    .slice(0, end === -1 ? after.length : end)
    .some((each) => each.kind === 'create-view' && each.view === change.name);
}

const setSchema: Rule = {
  id: 'set-schema',
  title: 'Moving something to another schema breaks statements that find it in the first',
  find: (change, around) => {
    if (change.kind !== 'set-schema' || isOurs(around, `${change.thing} ${change.name}`)) return null;
    return {
      level: 'error',
      what: `${change.name} moves to the schema ${change.to}: statements of the old version that find it in the one before fail.`,
      instead: `Leave it where it is, and let the new version find it by a view in ${change.to}; move it when no version needs the old place.`,
    };
  },
};

/** What gets another name. */
export const renames: readonly Rule[] = [
  renaming(
    'rename-column',
    'column',
    ({ table, name, to }) =>
      `teal db new rename-column ${table}.${name} ${to}: a second column, kept equal by a trigger until the first is dropped in contract.sql.`,
  ),
  renameTable,
  renaming(
    'rename-constraint',
    'constraint',
    ({ name }) =>
      `Keep the name, since ON CONFLICT ON CONSTRAINT ${name} asks for it; names can change when no statement does.`,
  ),
  renaming(
    'rename-type',
    ['type', 'domain'],
    ({ name, to }) =>
      `Make ${to} beside ${name} (CREATE DOMAIN ${to} AS ${name}), and drop the old name in contract.sql.`,
  ),
  renaming(
    'rename-schema',
    'schema',
    ({ name, to }) =>
      `Make the schema ${to} with views of what is in ${name}, and drop ${name} when no version needs it.`,
  ),
  renaming(
    'rename-function',
    'function',
    ({ name, to }) => `Make ${to} beside ${name}, and drop ${name} in contract.sql.`,
  ),
  renaming('rename-sequence', 'sequence', ({ name }) => `Keep the name ${name}, since nextval asks for it.`),
  renaming(
    'enum-rename-value',
    'enum value',
    ({ name, to }) =>
      `Add ${to} beside ${name.split('.').at(-1)} in expand.sql, have the new version read both, and move the rows in contract.sql.`,
  ),
  setSchema,
];
