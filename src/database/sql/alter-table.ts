import type { Change, Doing } from './change.ts';
import { columnOf, constraintOf, isComputed } from './column.ts';
import type { AlterTableCmd, AlterTableStmt, Node } from './parser.ts';
import { defaultKind } from './volatility.ts';
import { relationOf, textOf, typeOf } from './words.ts';

/** One part of an ALTER TABLE as a change. */
type Reader = (command: AlterTableCmd, table: string) => Doing;

/** Every part that takes more than a moment, or that somebody may notice; what is not here only marks the table. */
const readers: Readonly<Partial<Record<string, Reader>>> = {
  AT_AddColumn: ({ def, missing_ok }, table) => ({
    kind: 'add-column',
    table,
    column: columnOf(def !== undefined && 'ColumnDef' in def ? def.ColumnDef : {}),
    ifNotExists: missing_ok === true,
  }),
  AT_DropColumn: ({ name = '', behavior }, table) => ({
    kind: 'drop-column',
    table,
    column: name,
    cascade: behavior === 'DROP_CASCADE',
  }),
  AT_AlterColumnType: ({ name = '', def }, table) => {
    const column = def !== undefined && 'ColumnDef' in def ? def.ColumnDef : {};
    const type = typeOf(column.typeName);
    return {
      kind: 'change-type',
      table,
      column: name,
      type,
      computed: isComputed(column.raw_default, name, type),
    };
  },
  AT_ColumnDefault: ({ name = '', def }, table) => {
    const made = defaultKind(def);
    return made === 'none'
      ? { kind: 'drop-default', table, column: name }
      : { kind: 'set-default', table, column: name, default: made };
  },
  AT_SetNotNull: ({ name = '' }, table) => ({ kind: 'set-not-null', table, column: name }),
  AT_DropNotNull: ({ name = '' }, table) => ({ kind: 'drop-not-null', table, column: name }),
  AT_AddIdentity: ({ name = '', def }, table) => ({
    kind: 'set-identity',
    table,
    column: name,
    always: def !== undefined && 'Constraint' in def && def.Constraint.generated_when === 'a',
  }),
  AT_SetIdentity: ({ name = '', def }, table) => ({
    kind: 'set-identity',
    table,
    column: name,
    always: JSON.stringify(def ?? null).includes('"defname":"generated","arg":{"Integer":{"ival":97}}'),
  }),
  AT_DropIdentity: ({ name = '' }, table) => ({ kind: 'drop-identity', table, column: name }),
  AT_DropExpression: ({ name = '' }, table) => ({ kind: 'drop-expression', table, column: name }),
  AT_SetExpression: ({ name = '' }, table) => ({ kind: 'set-expression', table, column: name }),
  AT_AddConstraint: ({ def }, table) => {
    const constraint = def !== undefined && 'Constraint' in def ? constraintOf(def.Constraint, null) : null;
    return constraint === null
      ? { kind: 'mark-table', table }
      : { kind: 'add-constraint', table, constraint };
  },
  AT_DropConstraint: ({ name = '' }, table) => ({ kind: 'drop-constraint', table, name }),
  AT_ValidateConstraint: ({ name = '' }, table) => ({ kind: 'validate-constraint', table, name }),
  AT_AlterConstraint: ({ def }, table) => {
    const facts = def !== undefined && 'ATAlterConstraint' in def ? def.ATAlterConstraint : {};
    const enforce = facts.alterEnforceability === true && facts.is_enforced === true;
    return { kind: 'alter-constraint', table, name: facts.conname ?? '', enforce };
  },
  AT_AttachPartition: ({ def }, table) => {
    const { name, bound } = def !== undefined && 'PartitionCmd' in def ? def.PartitionCmd : {};
    return {
      kind: 'attach-partition',
      table,
      partition: relationOf(name),
      isDefault: bound?.is_default === true,
    };
  },
  AT_DetachPartition: ({ def }, table) => {
    const { name, concurrent } = def !== undefined && 'PartitionCmd' in def ? def.PartitionCmd : {};
    return {
      kind: 'detach-partition',
      table,
      partition: relationOf(name),
      concurrently: concurrent === true,
    };
  },
  AT_EnableRowSecurity: (_, table) => ({ kind: 'row-security', table, how: 'enable' }),
  AT_DisableRowSecurity: (_, table) => ({ kind: 'row-security', table, how: 'disable' }),
  AT_ForceRowSecurity: (_, table) => ({ kind: 'row-security', table, how: 'force' }),
  AT_NoForceRowSecurity: (_, table) => ({ kind: 'row-security', table, how: 'no-force' }),
  AT_SetLogged: (_, table) => ({ kind: 'rewrite-table', table, how: 'logged' }),
  AT_SetUnLogged: (_, table) => ({ kind: 'rewrite-table', table, how: 'unlogged' }),
  AT_SetAccessMethod: (_, table) => ({ kind: 'rewrite-table', table, how: 'access-method' }),
  AT_SetTableSpace: (_, table) => ({ kind: 'rewrite-table', table, how: 'tablespace' }),
  AT_AddInherit: ({ def }, table) => ({ kind: 'inherit', table, parent: parentOf(def), stop: false }),
  AT_DropInherit: ({ def }, table) => ({ kind: 'inherit', table, parent: parentOf(def), stop: true }),
  AT_SetStatistics: (_, table) => ({ kind: 'tune-table', table }),
  AT_SetOptions: (_, table) => ({ kind: 'tune-table', table }),
  AT_ResetOptions: (_, table) => ({ kind: 'tune-table', table }),
  AT_SetRelOptions: (_, table) => ({ kind: 'tune-table', table }),
  AT_ResetRelOptions: (_, table) => ({ kind: 'tune-table', table }),
  AT_ClusterOn: (_, table) => ({ kind: 'tune-table', table }),
  AT_DropCluster: (_, table) => ({ kind: 'tune-table', table }),
};

/** The parts of an ALTER TABLE, one change each. @param starts where each is written, in bytes */
export function alterTableChanges(
  statement: AlterTableStmt,
  starts: readonly number[],
  start: number,
): Change[] {
  const table = relationOf(statement.relation);
  // Views, indexes and sequences share the statement; nothing of it blocks a table.
  if (statement.objtype !== 'OBJECT_TABLE') return [{ kind: 'other', at: start }];
  return (statement.cmds ?? []).flatMap((node, index) => {
    if (!('AlterTableCmd' in node)) return [];
    const command = node.AlterTableCmd;
    return [{ ...read(command, table), at: starts[index] ?? start }];
  });
}

function read(command: AlterTableCmd, table: string): Doing {
  const subtype = command.subtype ?? '';
  const trigger = /^AT_(Enable|Disable)\w*Trig\w*$/.exec(subtype);
  if (trigger !== null) return { kind: 'switch-trigger', table, enable: trigger[1] === 'Enable' };
  return readers[subtype]?.(command, table) ?? { kind: 'mark-table', table };
}

function parentOf(node: Node | undefined): string {
  if (node !== undefined && 'RangeVar' in node) return relationOf(node.RangeVar);
  return textOf(node);
}
