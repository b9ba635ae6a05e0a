import type { Change, Thing } from '../../sql/change.ts';
import { isPartitioned } from '../../sql/known.ts';
import { isOurs, oldMayRun, type Around, type Found, type Rule } from '../rule.ts';
import { aOrAn } from '../say.ts';

const later =
  'Stop using it in this release; drop it in contract.sql, which runs when the old version is gone.';

/** A rule about dropping one kind of thing. */
function dropping(id: string, things: readonly Thing[], breaks: string): Rule {
  return {
    id,
    title: `Dropping ${aOrAn(things.join(' or '))} breaks statements of the old version`,
    find: (change, around) => {
      if (change.kind !== 'drop' || !things.includes(change.thing)) return null;
      return toTheOld(
        around,
        `${keyed(change.thing)} ${change.name}`,
        `The ${change.thing} ${change.name} is dropped: ${breaks}`,
      );
    },
  };
}

/** Types and domains are one space of names to the server. */
const keyed = (thing: Thing): string => (thing === 'domain' ? 'type' : thing);

function toTheOld(around: Around, key: string, what: string): Found | null {
  if (!oldMayRun(around) || isOurs(around, key)) return null;
  return { level: 'error', what, instead: later };
}

const dropColumn: Rule = {
  id: 'drop-column',
  title: 'Dropping a column breaks statements of the old version',
  find: (change, around) => {
    if (change.kind !== 'drop-column') return null;
    const name = `${change.table}.${change.column}`;
    if (isOurs(around, `table ${change.table}`)) return null;
    return toTheOld(
      around,
      `column ${name}`,
      `${name} is dropped: statements of the old version that name it fail.`,
    );
  },
};

const dropDatabase: Rule = {
  id: 'drop-database',
  title: 'Dropping a database has no place in a release',
  find: (change) =>
    change.kind === 'drop' && change.thing === 'database'
      ? {
          level: 'error',
          what: `The database ${change.name} is dropped.`,
          instead: 'Drop databases by hand, outside of releases.',
        }
      : null,
};

const cascade: Rule = {
  id: 'drop-cascade',
  title: 'CASCADE drops things that the statement does not name',
  find: (change) =>
    isCascade(change)
      ? {
          level: 'warning',
          what: 'CASCADE also takes what depends on it, which nobody reads in this file.',
          instead: 'Name each dependent thing in a DROP of its own, and leave CASCADE out.',
        }
      : null,
};

function isCascade(change: Change): boolean {
  return (change.kind === 'drop' || change.kind === 'truncate') && change.cascade;
}

const dropIndex: Rule = {
  id: 'drop-index',
  title: 'Dropping an index makes the old version slow, and blocks its table unless CONCURRENTLY',
  find: (change, around) => {
    if (change.kind !== 'drop' || change.thing !== 'index' || isOurs(around, `index ${change.name}`))
      return null;
    const owner = around.known.indexes.get(change.name)?.table;
    if (owner !== undefined && isOurs(around, `table ${owner}`)) return null;
    // What a failed CONCURRENTLY has left is dropped in front of the next try.
    if (around.after.some((each) => each.kind === 'create-index' && each.index === change.name)) return null;
    const slow = oldMayRun(around) ? 'Statements of the old version that use it get slow' : null;
    const locks = change.concurrently
      ? null
      : 'nobody reads or writes its table until the drop has got its lock';
    if (slow === null && locks === null) return null;
    // Of a partitioned table none can be dropped CONCURRENTLY.
    const inPieces = owner !== undefined && isPartitioned(around.known, owner);
    return {
      level: 'warning',
      what: `The index ${change.name} is dropped. ${sentence([slow, locks])}`,
      instead: `In contract.sql, outside of a transaction: DROP INDEX ${inPieces ? '' : 'CONCURRENTLY '}${change.name};`,
    };
  },
};

function sentence(parts: readonly (string | null)[]): string {
  const said = parts.filter((part) => part !== null).join(', and ');
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

/** What takes things away. */
export const drops: readonly Rule[] = [
  dropColumn,
  dropping('drop-table', ['table'], 'statements of the old version that name it fail.'),
  dropping('drop-view', ['view', 'materialized view'], 'statements of the old version that read it fail.'),
  dropping('drop-function', ['function'], 'statements and triggers of the old version that call it fail.'),
  dropping('drop-sequence', ['sequence'], 'nextval of the old version fails.'),
  dropping('drop-type', ['type', 'domain'], 'casts and parameters of the old version that name it fail.'),
  dropping('drop-schema', ['schema'], 'every statement of the old version about something in it fails.'),
  dropping(
    'drop-extension',
    ['extension'],
    'its functions, types and operators are gone for the old version.',
  ),
  dropDatabase,
  cascade,
  dropIndex,
];
