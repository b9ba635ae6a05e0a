import type { Doing, Thing } from './change.ts';
import type { DropStmt, GrantStmt, Node, RenameStmt } from './parser.ts';
import { listed, nameOf, partsOf, relationOf, textOf } from './words.ts';

const things: Readonly<Partial<Record<string, Thing>>> = {
  OBJECT_TABLE: 'table',
  OBJECT_FOREIGN_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_INDEX: 'index',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_FUNCTION: 'function',
  OBJECT_PROCEDURE: 'function',
  OBJECT_AGGREGATE: 'function',
  OBJECT_ROUTINE: 'function',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'domain',
  OBJECT_SCHEMA: 'schema',
  OBJECT_EXTENSION: 'extension',
  OBJECT_TRIGGER: 'trigger',
  OBJECT_POLICY: 'policy',
  OBJECT_RULE: 'rule',
  OBJECT_TABCONSTRAINT: 'constraint',
};

const thingOf = (type: string | undefined): Thing => things[type ?? ''] ?? 'other';
/** Things that belong to a table, whose name stands in front of theirs. */
const parts: readonly Thing[] = ['trigger', 'policy', 'rule'];

/** DROP, RENAME, SET SCHEMA, and changes of types and rights: one change for each thing; null when it is none of these. */
export function reshaping(node: Node): readonly Doing[] | null {
  if ('DropStmt' in node) return drops(node.DropStmt);
  if ('DropdbStmt' in node) return [dropped('database', [node.DropdbStmt.dbname ?? ''], {})];
  if ('RenameStmt' in node) return [renamed(node.RenameStmt)];
  if ('AlterObjectSchemaStmt' in node) {
    const { objectType, relation, object, newschema = '' } = node.AlterObjectSchemaStmt;
    const name = relation === undefined ? nameOf(partsOf(object)) : relationOf(relation);
    return [{ kind: 'set-schema', thing: thingOf(objectType), name, to: newschema }];
  }
  if ('AlterEnumStmt' in node) {
    const { typeName, oldVal, newVal = '' } = node.AlterEnumStmt;
    const type = listed(typeName);
    return oldVal === undefined
      ? [{ kind: 'add-enum-value', type, value: newVal }]
      : [{ kind: 'rename', thing: 'enum value', table: null, name: `${type}.${oldVal}`, to: newVal }];
  }
  if ('AlterDomainStmt' in node) return [domain(node.AlterDomainStmt)];
  if ('GrantStmt' in node) return [right(node.GrantStmt)];
  return null;
}

function drops(statement: DropStmt): readonly Doing[] {
  const thing = thingOf(statement.removeType);
  return (statement.objects ?? []).map((object) => dropped(thing, partsOf(object), statement));
}

function dropped(thing: Thing, name: readonly string[], statement: DropStmt): Doing {
  const isPart = parts.includes(thing);
  return {
    kind: 'drop',
    thing,
    name: isPart ? (name.at(-1) ?? '') : nameOf(name),
    table: isPart ? nameOf(name.slice(0, -1)) : null,
    concurrently: statement.concurrent === true,
    cascade: statement.behavior === 'DROP_CASCADE',
  };
}

function renamed({ renameType, relation, object, subname, newname = '' }: RenameStmt): Doing {
  const table = relation === undefined ? null : relationOf(relation);
  if (renameType === 'OBJECT_COLUMN' || renameType === 'OBJECT_ATTRIBUTE')
    return { kind: 'rename', thing: 'column', table, name: subname ?? '', to: newname };
  const thing = thingOf(renameType);
  const isPart = parts.includes(thing) || thing === 'constraint';
  const name = isPart || table === null ? (subname ?? nameOf(partsOf(object))) : table;
  return { kind: 'rename', thing, table: isPart ? table : null, name, to: newname };
}

function domain({
  subtype,
  typeName,
  def,
}: {
  readonly subtype?: string;
  readonly typeName?: Node[];
  readonly def?: Node;
}): Doing {
  const how = ({ C: 'add', V: 'validate', X: 'drop', O: 'set-not-null', N: 'drop-not-null' } as const)[
    subtype as 'C' | 'V' | 'X' | 'O' | 'N'
  ];
  if (how === undefined) return { kind: 'other' };
  const notValid = def !== undefined && 'Constraint' in def && def.Constraint.skip_validation === true;
  return { kind: 'domain-constraint', type: listed(typeName), how, notValid };
}

function right({ is_grant, objects, grantees }: GrantStmt): Doing {
  const what = (objects ?? []).map((object) => nameOf(partsOf(object)));
  if (is_grant === true) return { kind: 'grant', what };
  const from = (grantees ?? []).map((role) =>
    'RoleSpec' in role ? (role.RoleSpec.rolename ?? 'public') : textOf(role),
  );
  return { kind: 'revoke', what: what.join(', '), from: from.join(', ') };
}
