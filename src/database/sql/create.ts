import type { ColumnFacts, ConstraintFacts, Doing, Thing } from './change.ts';
import { columnOf, constraintOf } from './column.ts';
import type { CreateStmt, IndexStmt, Node } from './parser.ts';
import { readingsOf } from './readings.ts';
import { listed, nameOf, relationOf, textOf } from './words.ts';

/** CREATE of anything; null when the statement creates nothing that rules know. */
export function creation(node: Node): Doing | null {
  if ('CreateStmt' in node) return createTable(node.CreateStmt);
  if ('IndexStmt' in node) return createIndex(node.IndexStmt);
  return createCode(node) ?? createType(node) ?? createOther(node);
}

function createTable(statement: CreateStmt): Doing {
  const columns: ColumnFacts[] = [];
  const constraints: ConstraintFacts[] = [];
  for (const element of statement.tableElts ?? []) {
    if ('ColumnDef' in element) columns.push(columnOf(element.ColumnDef));
    if ('Constraint' in element) constraints.push(...[constraintOf(element.Constraint, null) ?? []].flat());
  }
  const [parent] = statement.inhRelations ?? [];
  const partition = statement.partbound !== undefined && parent !== undefined && 'RangeVar' in parent;
  return {
    kind: 'create-table',
    table: relationOf(statement.relation),
    columns,
    constraints,
    partitionOf: partition ? relationOf(parent.RangeVar) : null,
    isDefault: statement.partbound?.is_default === true,
    partitionBy:
      statement.partspec === undefined
        ? null
        : (statement.partspec.partParams ?? []).map((node) =>
            'PartitionElem' in node ? (node.PartitionElem.name ?? null) : null,
          ),
    temporary: statement.relation?.relpersistence === 't',
    ifNotExists: statement.if_not_exists === true,
  };
}

function createIndex(statement: IndexStmt): Doing {
  return {
    kind: 'create-index',
    // An index lies in the schema of its table.
    index:
      statement.idxname === undefined ? null : nameOf([statement.relation?.schemaname, statement.idxname]),
    table: relationOf(statement.relation),
    columns: (statement.indexParams ?? []).flatMap((node) =>
      'IndexElem' in node ? [node.IndexElem.name ?? '(expression)'] : [],
    ),
    unique: statement.unique === true,
    only: statement.relation?.inh !== true,
    concurrently: statement.concurrent === true,
    ifNotExists: statement.if_not_exists === true,
    nullsNotDistinct: statement.nulls_not_distinct === true,
    plain: isPlain(statement),
  };
}

function isPlain({ accessMethod, whereClause, indexIncludingParams, indexParams }: IndexStmt): boolean {
  const params = (indexParams ?? []).map((node) => ('IndexElem' in node ? node.IndexElem : {}));
  return (
    accessMethod === 'btree' &&
    whereClause === undefined &&
    indexIncludingParams === undefined &&
    params.every(
      (param) => param.name !== undefined && param.opclass === undefined && param.collation === undefined,
    )
  );
}

/** 1 << 1 of TRIGGER_TYPE_BEFORE in PostgreSQL's pg_trigger.h. */
const triggerBefore = 2;

function createCode(node: Node): Doing | null {
  if ('CreateFunctionStmt' in node) {
    const { funcname, replace, returnType } = node.CreateFunctionStmt;
    return {
      kind: 'create-function',
      name: listed(funcname),
      replace: replace === true,
      trigger: listed(returnType?.names) === 'trigger',
    };
  }
  if ('CreateTrigStmt' in node) {
    const { trigname = '', relation, timing = 0, replace } = node.CreateTrigStmt;
    return {
      kind: 'create-trigger',
      name: trigname,
      table: relationOf(relation),
      before: (timing & triggerBefore) !== 0,
      replace: replace === true,
    };
  }
  if ('RuleStmt' in node) return { kind: 'create-rule', table: relationOf(node.RuleStmt.relation) };
  if ('CreatePolicyStmt' in node)
    return { kind: 'create-policy', table: relationOf(node.CreatePolicyStmt.table) };
  if ('AlterPolicyStmt' in node)
    return { kind: 'alter-policy', table: relationOf(node.AlterPolicyStmt.table) };
  return null;
}

function createType(node: Node): Doing | null {
  if ('ViewStmt' in node) {
    const { view, replace, options, query } = node.ViewStmt;
    return {
      kind: 'create-view',
      view: relationOf(view),
      replace: replace === true,
      securityInvoker: JSON.stringify(options ?? []).includes('"security_invoker"'),
      reads: readingsOf(query),
    };
  }
  if ('CreateEnumStmt' in node) return { kind: 'create-enum', type: listed(node.CreateEnumStmt.typeName) };
  if ('CreateDomainStmt' in node) {
    const { domainname, constraints } = node.CreateDomainStmt;
    const constrained = (constraints ?? []).some(
      (each) =>
        'Constraint' in each && ['CONSTR_CHECK', 'CONSTR_NOTNULL'].includes(each.Constraint.contype ?? ''),
    );
    return { kind: 'create-domain', type: listed(domainname), constrained };
  }
  return null;
}

/** What is only known by its name. */
function createOther(node: Node): Doing | null {
  if ('CreateTableAsStmt' in node) {
    const { into, objtype, query } = node.CreateTableAsStmt;
    const name = relationOf(into?.rel);
    return objtype === 'OBJECT_MATVIEW'
      ? { kind: 'create', thing: 'materialized view', name, reads: readingsOf(query) }
      : named('table', name);
  }
  if ('CreateSeqStmt' in node) return named('sequence', relationOf(node.CreateSeqStmt.sequence));
  if ('CreateSchemaStmt' in node) return named('schema', node.CreateSchemaStmt.schemaname ?? '');
  if ('CreateExtensionStmt' in node) return named('extension', node.CreateExtensionStmt.extname ?? '');
  if ('CompositeTypeStmt' in node) return named('type', relationOf(node.CompositeTypeStmt.typevar));
  if ('CreateRangeStmt' in node)
    return named('type', (node.CreateRangeStmt.typeName ?? []).map(textOf).join('.'));
  return null;
}

const named = (thing: Thing, name: string): Doing => ({ kind: 'create', thing, name, reads: [] });
