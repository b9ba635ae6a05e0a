import type { Change } from '../../sql/change.ts';
import { isOurs, oldMayRun, type Around, type Found, type Rule } from '../rule.ts';

type Say = (change: Change, around: Around) => Found | null;

const rule = (id: string, title: string, find: Say): Rule => ({
  id,
  title,
  find: (change, around) => (oldMayRun(around) ? find(change, around) : null),
});

const warning = (what: string, instead: string): Found => ({ level: 'warning', what, instead });

const replaceFunction = rule('replace-function', 'The old version calls the new body', (change, around) => {
  if (change.kind !== 'create-function' || !change.replace || isOurs(around, `function ${change.name}`))
    return null;
  // In undo it is what was there before expand.
  if (around.phase === 'undo' || (change.trigger && !around.known.functions.has(change.name))) return null;
  return warning(
    `If ${change.name} exists, the old version calls the new body from now on, and fails if that raises or means something else.`,
    'A function with another name for the new version; drop the first in contract.sql.',
  );
});

const overload = rule(
  'function-overload',
  'A second function of a name may make calls ambiguous',
  (change, around) => {
    if (change.kind !== 'create-function' || change.replace || !around.known.functions.has(change.name))
      return null;
    return warning(
      `There is a ${change.name} already: calls of the old version may become ambiguous, or reach the new one.`,
      'Another name.',
    );
  },
);

const replaceView = rule(
  'replace-view',
  'The old version reads what the new definition gives',
  (change, around) => {
    if (change.kind !== 'create-view' || !change.replace || isOurs(around, `view ${change.view}`))
      return null;
    if (around.phase === 'undo') return null;
    return warning(
      `If ${change.view} exists, the old version reads other rows or values from it from now on.`,
      'A view with another name for the new version; drop the first in contract.sql.',
    );
  },
);

const trigger = rule(
  'add-trigger',
  'A trigger runs for statements of the old version too',
  (change, around) => {
    if (change.kind !== 'create-trigger' || isOurs(around, `table ${change.table}`)) return null;
    return {
      level: 'note',
      what: `${change.name} runs for what the old version writes to ${change.table} too: it must not raise, and must not change what that version wrote.`,
      instead: 'Triggers that fill in or copy; checks that raise belong in contract.sql.',
    };
  },
);

const rewriteRule = rule(
  'add-rule',
  'A rule changes what statements of the old version do',
  (change, around) => {
    if (
      change.kind !== 'create-rule' ||
      isOurs(around, `table ${change.table}`) ||
      isOurs(around, `view ${change.table}`)
    )
      return null;
    return warning(
      `Statements of the old version about ${change.table} do something else from now on.`,
      'A trigger, or a view with another name.',
    );
  },
);

const triggersOff = rule(
  'disable-trigger',
  'Without its triggers a table is no longer kept as the old version expects',
  (change, around) => {
    if (change.kind !== 'switch-trigger' || change.enable || isOurs(around, `table ${change.table}`))
      return null;
    return warning(
      `What triggers of ${change.table} check or copy is neither checked nor copied, for anybody.`,
      "For one session only: SET LOCAL session_replication_role = 'replica';",
    );
  },
);

const revoke = rule('revoke', 'Without its rights the old version fails', (change) =>
  change.kind === 'revoke' && change.what !== ''
    ? {
        level: 'error',
        what: `${change.from} loses rights on ${change.what}: statements of the old version that need them fail.`,
        instead: 'Revoke in contract.sql.',
      }
    : null,
);

const noGrant = rule('missing-grant', 'A new table that the app may not use', (change, around) => {
  if (
    change.kind !== 'create-table' ||
    change.temporary ||
    change.partitionOf !== null ||
    around.phase !== 'expand'
  )
    return null;
  const all = [...around.before, ...around.after];
  // Where rights are never given, the app owns what it uses, or has default privileges.
  const given = all.filter((each) => each.kind === 'grant');
  if (given.length === 0 || given.some(({ what }) => what.includes(change.table))) return null;
  return {
    level: 'note',
    what: `Other things are granted here, but ${change.table} is not: the new version may not use it.`,
    instead: `GRANT SELECT, INSERT, UPDATE, DELETE ON ${change.table} TO …;`,
  };
});

const rowSecurity = rule('row-security', 'Rows that the old version no longer sees', (change, around) => {
  if (!['row-security', 'create-policy', 'alter-policy'].includes(change.kind) || !('table' in change))
    return null;
  const table = change.table ?? '';
  if (isOurs(around, `table ${table}`)) return null;
  if (change.kind === 'row-security' && (change.how === 'disable' || change.how === 'no-force')) return null;
  const certain = change.kind === 'row-security';
  return {
    level: certain ? 'error' : 'warning',
    what: certain
      ? `Without a policy for it, the old version sees no row of ${table} any more, and its INSERTs fail.`
      : `The old version may see other rows of ${table} than before.`,
    instead:
      'Policies and row security in contract.sql, when the version that was written for them is the only one.',
  };
});

const doBlock = rule('do-block', 'What a DO block does is not looked at', (change) =>
  change.kind === 'do'
    ? warning('The statements in a DO block are not looked at.', 'Plain statements, where that is possible.')
    : null,
);

/** Functions, views, triggers and rights. */
export const code: readonly Rule[] = [
  replaceFunction,
  overload,
  replaceView,
  trigger,
  rewriteRule,
  triggersOff,
  revoke,
  noGrant,
  rowSecurity,
  doBlock,
];
