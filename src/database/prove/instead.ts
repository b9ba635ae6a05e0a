import type { Change } from '../sql/change.ts';
import { sayType } from '../sql/words.ts';

/** The command that writes what a change wants so that both versions can live with it; null: waiting is enough. */
export function insteadOf(change: Change): string | null {
  switch (change.kind) {
    case 'rename':
      if (change.thing === 'column' && change.table !== null)
        return `teal db new rename-column ${change.table}.${change.name} ${change.to}`;
      return change.thing === 'table' ? `teal db new rename-table ${change.name} ${change.to}` : null;
    case 'change-type':
      return `teal db new change-type ${change.table}.${change.column} '${sayType(change.type)}'`;
    case 'set-not-null':
      return `teal db new set-not-null ${change.table}.${change.column} "<value for rows without one>"`;
    case 'add-column':
      return change.column.notNull
        ? `write it without NOT NULL, then: teal db new set-not-null ${change.table}.${change.column.name} "<value for rows without one>"`
        : null;
    case 'add-constraint':
      return constraintGenerator(change.table, change.constraint);
    case 'create-index':
      return change.unique && change.columns.length === 1 && change.plain
        ? `teal db new add-unique ${change.table}.${change.columns[0]}`
        : null;
    case 'drop-column':
      return `teal db new drop column ${change.table}.${change.column}`;
    default:
      return null;
  }
}

function constraintGenerator(
  table: string,
  { type, columns }: Extract<Change, { kind: 'add-constraint' }>['constraint'],
): string | null {
  if (columns.length !== 1) return null;
  if (type === 'unique') return `teal db new add-unique ${table}.${columns[0]}`;
  return type === 'foreign-key' ? `teal db new add-fk ${table}.${columns[0]} <table.column>` : null;
}
