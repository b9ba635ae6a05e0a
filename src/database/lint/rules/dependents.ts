import type { Change, Thing } from '../../sql/change.ts';
import { tableOf, type Known } from '../../sql/known.ts';
import type { Rule } from '../rule.ts';

/** What stands on a column, or on any of a table: its views, and columns of the same table that are computed from it. */
function dependents(known: Known, table: string, column: string | null): readonly string[] {
  const isStone = (stone: string): boolean =>
    column === null ? stone.startsWith(`${table}.`) : stone === `${table}.${column}`;
  const views = [...known.views].filter(([, footing]) => [...footing].some(isStone));
  const computed = [...tableOf(known, table).columns.values()].filter(
    ({ computedFrom }) => column !== null && computedFrom.includes(column),
  );
  return [
    ...views.map(([view]) => `the view ${view}`),
    ...computed.map(({ name }) => `the generated column ${name}`),
  ];
}

/** What a change takes away or makes another: a column, or the whole of a table or view; null: nothing of that kind. */
function taken(change: Change): { readonly of: string; readonly column: string | null } | null {
  switch (change.kind) {
    case 'drop-column':
      return change.cascade ? null : { of: change.table, column: change.column };
    case 'change-type':
      return { of: change.table, column: change.column };
    case 'drop':
      return change.cascade || !wholes.includes(change.thing) ? null : { of: change.name, column: null };
    default:
      return null;
  }
}

const wholes: readonly Thing[] = ['table', 'view', 'materialized view'];

const stillUsed: Rule = {
  id: 'still-used',
  title: 'The server neither drops nor retypes what a view or a generated column stands on',
  find: (change, { known }) => {
    const goes = taken(change);
    const others = goes === null ? [] : dependents(known, goes.of, goes.column);
    if (goes === null || others.length === 0) return null;
    const name = goes.column === null ? goes.of : `${goes.of}.${goes.column}`;
    return {
      level: 'error',
      what: `This cannot run: ${others.join(' and ')} ${others.length === 1 ? 'stands' : 'stand'} on ${name}.`,
      instead: `In the same transaction: in front of it DROP what stands on it; behind it make that anew, with the rights that it had (GRANT).`,
    };
  },
};

/** What the server refuses since something else depends on it. */
export const dependentRules: readonly Rule[] = [stillUsed];
