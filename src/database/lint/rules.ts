import type { Rule } from './rule.ts';
import { blockingRules } from './rules/blocking.ts';
import { code } from './rules/code.ts';
import { columns } from './rules/columns.ts';
import { constraints } from './rules/constraints.ts';
import { dependentRules } from './rules/dependents.ts';
import { drops } from './rules/drops.ts';
import { partitions } from './rules/partitions.ts';
import { phaseRules } from './rules/phases.ts';
import { renames } from './rules/renames.ts';
import { serverRules } from './rules/server.ts';
import { transactions } from './rules/transactions.ts';
import { types } from './rules/types.ts';

/** Every rule about a change, in the order in which they are told of one place. */
export const rules: readonly Rule[] = [
  ...drops,
  ...dependentRules,
  ...renames,
  ...columns,
  ...types,
  ...constraints,
  ...code,
  ...partitions,
  ...blockingRules,
  ...transactions,
  ...phaseRules,
  ...serverRules,
];
