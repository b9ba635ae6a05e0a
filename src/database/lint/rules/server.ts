import type { Change } from '../../sql/change.ts';
import type { Rule } from '../rule.ts';

/** What a statement needs a newer server for. */
function needs(change: Change): readonly [version: number, what: string] | null {
  switch (change.kind) {
    case 'add-column':
      return change.column.generated === 'virtual'
        ? [18, 'A virtual generated column (STORED says that it is stored)']
        : null;
    case 'create-table':
      return change.columns.some(({ generated }) => generated === 'virtual')
        ? [18, 'A virtual generated column']
        : null;
    case 'add-constraint':
      if (change.constraint.notEnforced) return [18, 'NOT ENFORCED'];
      if (change.constraint.type === 'not-null') return [18, 'ADD CONSTRAINT … NOT NULL'];
      return change.constraint.nullsNotDistinct ? [15, 'NULLS NOT DISTINCT'] : null;
    case 'create-index':
      return change.nullsNotDistinct ? [15, 'NULLS NOT DISTINCT'] : null;
    case 'alter-constraint':
      return change.enforce ? [18, 'ALTER CONSTRAINT … ENFORCED'] : null;
    case 'set-expression':
      return [17, 'SET EXPRESSION'];
    case 'rewrite-table':
      return change.how === 'access-method' ? [15, 'SET ACCESS METHOD'] : null;
    case 'create-view':
      return change.securityInvoker ? [15, 'security_invoker'] : null;
    case 'write':
      return change.verb === 'merge' ? [15, 'MERGE'] : null;
    default:
      return null;
  }
}

const tooOld: Rule = {
  id: 'server-too-old',
  title: 'The server does not know this statement yet',
  find: (change, { version }) => {
    const needed = needs(change);
    if (needed === null || needed[0] <= version) return null;
    return {
      level: 'error',
      what: `${needed[1]} is there from PostgreSQL ${needed[0]} on, and this is read for ${version}.`,
      instead: `If the server is newer: --server-version ${needed[0]}`,
    };
  },
};

/** What the server itself would refuse. */
export const serverRules: readonly Rule[] = [tooOld];
