import type { Change } from '../../sql/change.ts';
import { isUnused, madeKey, type Around, type Rule } from '../rule.ts';

const massWrite: Rule = {
  id: 'mass-write',
  title: 'Many rows that are written in one statement',
  find: (change, around) => {
    if (change.kind !== 'write' || (change.verb !== 'update' && change.verb !== 'delete')) return null;
    if (isUnused(around, change.table)) return null;
    if (around.phase === 'backfill') return change.where ? null : unresumable(change.table);
    if (around.phase === 'undo' && change.where) return null;
    return {
      level: change.where ? 'warning' : 'error',
      what: `${change.verb.toUpperCase()} holds every row of ${change.table} that it has written until it ends, and what is written a second time bloats the table.`,
      instead: `In backfill.sql, with a WHERE that finds what is left to do, so that it can be done in parts.`,
    };
  },
};

const unresumable = (table: string): { level: 'error'; what: string; instead: string } => ({
  level: 'error',
  what: `Nothing says which rows of ${table} are left to do: it can be neither divided nor continued.`,
  instead: 'A WHERE that is false for rows that are done, such as WHERE full_name IS NULL.',
});

const truncate: Rule = {
  id: 'truncate',
  title: 'TRUNCATE takes all rows, from the old version too',
  find: (change, around) =>
    change.kind === 'truncate' && !isUnused(around, change.table)
      ? {
          level: around.phase === 'contract' ? 'warning' : 'error',
          what: `All rows of ${change.table} are gone, for everybody, and nobody reads it until the lock is got.`,
          instead: 'Another table for the new version; drop this one in contract.sql.',
        }
      : null,
};

/** What a backfill may do besides writing rows. */
const inBackfill: readonly Change['kind'][] = [
  'write',
  'read',
  'validate-constraint',
  'set',
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'tune-table',
  'do',
];

const backfillSchema: Rule = {
  id: 'backfill-schema',
  title: 'A backfill writes rows, and changes no schema',
  find: (change, { phase }) => {
    if (phase !== 'backfill' || inBackfill.includes(change.kind)) return null;
    if (change.kind === 'create-index' && change.concurrently) return null;
    return {
      level: 'warning',
      what: 'A backfill runs in batches, again after each interruption: what changes the schema fails the second time.',
      instead:
        'Changes of the schema in expand.sql or contract.sql; VALIDATE CONSTRAINT and CREATE INDEX CONCURRENTLY may stay.',
    };
  },
};

/** What a version can only use when it is there before it starts. */
const needed: readonly Change['kind'][] = [
  'create-table',
  'add-column',
  'create-view',
  'create-function',
  'add-enum-value',
  'create-enum',
  'create-domain',
  'create',
  'grant',
];

const contractAdds: Rule = {
  id: 'contract-adds',
  title: 'What the new version needs comes too late in contract',
  find: (change, around) => {
    if (around.phase !== 'contract' || !needed.includes(change.kind)) return null;
    if (change.kind === 'create-function' && change.trigger) return null;
    if (isMadeAnew(change, around)) return null;
    return {
      level: 'warning',
      what: 'When contract runs, the new version has been live for a rollback window: it had to do without this.',
      instead: 'In expand.sql.',
    };
  },
};

/** Views and functions that hold nothing themselves: dropped and made again in one transaction they were never away. */
const anew: readonly string[] = ['view', 'materialized view', 'function'];

function isMadeAnew(change: Change, { known, transaction, before }: Around): boolean {
  if (change.kind === 'create-view' && change.replace && known.views.has(change.view)) return true;
  const dropped = new Set(
    (transaction ?? []).flatMap(({ change: each }) =>
      each.kind === 'drop' && anew.includes(each.thing) ? [`${each.thing} ${each.name}`] : [],
    ),
  );
  const key = madeKey(change);
  if (key !== null) return dropped.has(key);
  // The rights that it had come back with it.
  if (change.kind !== 'grant' || transaction === null) return false;
  const made = before.flatMap((each) => madeKey(each) ?? []).filter((each) => dropped.has(each));
  return (
    made.length > 0 &&
    change.what.length > 0 &&
    change.what.every((name) => made.some((each) => each.endsWith(` ${name}`)))
  );
}

const undoForgets: Rule = {
  id: 'undo-adds',
  title: 'Undo takes away what expand has made',
  find: (change, { phase }) => {
    if (
      phase !== 'undo' ||
      !['create-table', 'add-column', 'add-enum-value', 'create-domain', 'create-enum'].includes(change.kind)
    )
      return null;
    // Values that only the new version knew are kept aside.
    if (change.kind === 'create-table' && /saved/.test(change.table)) return null;
    return {
      level: 'warning',
      what: 'Undo runs when the new version is gone, for the old one, which does not know this.',
      instead: 'Only what takes expand.sql back; and tables that keep values, named …saved….',
    };
  },
};

/** Where things belong. */
export const phaseRules: readonly Rule[] = [massWrite, truncate, backfillSchema, contractAdds, undoForgets];
