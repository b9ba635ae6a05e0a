import type { Change, ColumnFacts, ConstraintFacts, SqlType } from './change.ts';

interface Index {
  readonly table: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** See the change `create-index`. */
  readonly plain: boolean;
}

interface Table {
  readonly columns: ReadonlyMap<string, ColumnFacts>;
  readonly constraints: ReadonlyMap<string, ConstraintFacts>;
  /** The tables that its partitions are in, itself a partition of. */
  readonly partitionOf: string | null;
  readonly defaultPartition: string | null;
  readonly beforeTrigger: boolean;
}

/** What statements have told of a schema so far. Not told is not the same as not there. */
export interface Known {
  readonly tables: ReadonlyMap<string, Table>;
  readonly indexes: ReadonlyMap<string, Index>;
  readonly domains: ReadonlyMap<string, boolean>;
  readonly functions: ReadonlySet<string>;
}

export const nothingKnown: Known = {
  tables: new Map(),
  indexes: new Map(),
  domains: new Map(),
  functions: new Set(),
};

const noTable: Table = {
  columns: new Map(),
  constraints: new Map(),
  partitionOf: null,
  defaultPartition: null,
  beforeTrigger: false,
};

export const tableOf = (known: Known, table: string): Table => known.tables.get(table) ?? noTable;

export function columnType(known: Known, table: string, column: string): SqlType | null {
  return tableOf(known, table).columns.get(column)?.type ?? null;
}

/** A constraint by its name. */
export function constraintNamed(known: Known, table: string, name: string): ConstraintFacts | null {
  return tableOf(known, table).constraints.get(name) ?? null;
}

/** Whether a validated constraint says that the column is never null, so that SET NOT NULL has nothing to look for. */
export function isProvenNotNull(known: Known, table: string, column: string): boolean {
  const { columns, constraints } = tableOf(known, table);
  if (columns.get(column)?.notNull === true) return true;
  return [...constraints.values()].some(
    ({ notNullOf, notValid, notEnforced }) => notNullOf === column && !notValid && !notEnforced,
  );
}

/** The schema after a change. */
export function learn(known: Known, change: Change): Known {
  switch (change.kind) {
    case 'create-table':
      return createTable(known, change);
    case 'create-index':
      return change.index === null
        ? known
        : { ...known, indexes: new Map(known.indexes).set(change.index, change) };
    case 'create-domain':
      return { ...known, domains: new Map(known.domains).set(change.type, change.constrained) };
    case 'domain-constraint':
      return change.how === 'add' || change.how === 'set-not-null'
        ? { ...known, domains: new Map(known.domains).set(change.type, true) }
        : known;
    case 'create-function':
      return { ...known, functions: new Set(known.functions).add(change.name) };
    case 'create-trigger':
      return change.before ? withTable(known, change.table, { beforeTrigger: true }) : known;
    case 'drop':
      return dropped(known, change.thing, change.name);
    case 'rename':
      return renamed(known, change);
    default:
      return 'table' in change && change.table !== null ? learnTable(known, change) : known;
  }
}

function createTable(known: Known, change: Change & { readonly kind: 'create-table' }): Known {
  const all = [...change.constraints, ...change.columns.flatMap(({ constraints }) => constraints)];
  const next = withTable(known, change.table, {
    ...noTable,
    columns: new Map(change.columns.map((column) => [column.name, column])),
    constraints: named(change.table, all),
    partitionOf: change.partitionOf,
  });
  return change.partitionOf !== null && change.isDefault
    ? withTable(next, change.partitionOf, { defaultPartition: change.table })
    : next;
}

/** Names as the server gives them to constraints that have none. */
function named(table: string, constraints: readonly ConstraintFacts[]): Map<string, ConstraintFacts> {
  const base = table.split('.').at(-1) ?? table;
  const suffix = {
    check: 'check',
    unique: 'key',
    'primary-key': 'pkey',
    'foreign-key': 'fkey',
    exclude: 'excl',
    'not-null': 'not_null',
  };
  return new Map(
    constraints.map((each) => {
      const columns = each.type === 'primary-key' ? [] : each.columns;
      return [each.name ?? [base, ...columns, suffix[each.type]].join('_'), each];
    }),
  );
}

function withTable(known: Known, table: string, facts: Partial<Table>): Known {
  return { ...known, tables: new Map(known.tables).set(table, { ...tableOf(known, table), ...facts }) };
}

function withColumn(known: Known, table: string, column: string, facts: Partial<ColumnFacts>): Known {
  const { columns } = tableOf(known, table);
  const before = columns.get(column);
  if (before === undefined) return known;
  return withTable(known, table, { columns: new Map(columns).set(column, { ...before, ...facts }) });
}

function learnTable(known: Known, change: Change): Known {
  switch (change.kind) {
    case 'add-column': {
      const { columns, constraints } = tableOf(known, change.table);
      const { column } = change;
      return withTable(known, change.table, {
        columns: new Map(columns).set(column.name, column),
        constraints: new Map([...constraints, ...named(change.table, column.constraints)]),
      });
    }
    case 'drop-column': {
      const columns = new Map(tableOf(known, change.table).columns);
      columns.delete(change.column);
      return withTable(known, change.table, { columns });
    }
    case 'change-type':
      return withColumn(known, change.table, change.column, { type: change.type });
    case 'set-not-null':
    case 'drop-not-null':
      return withColumn(known, change.table, change.column, { notNull: change.kind === 'set-not-null' });
    case 'set-default':
    case 'drop-default':
      return withColumn(known, change.table, change.column, {
        default: change.kind === 'set-default' ? change.default : 'none',
      });
    default:
      return learnConstraint(known, change);
  }
}

function learnConstraint(known: Known, change: Change): Known {
  switch (change.kind) {
    case 'add-constraint':
      return withTable(known, change.table, {
        constraints: new Map([
          ...tableOf(known, change.table).constraints,
          ...named(change.table, [change.constraint]),
        ]),
      });
    case 'validate-constraint': {
      const before = constraintNamed(known, change.table, change.name);
      if (before === null) return known;
      const { constraints } = tableOf(known, change.table);
      return withTable(known, change.table, {
        constraints: new Map(constraints).set(change.name, { ...before, notValid: false }),
      });
    }
    case 'drop-constraint': {
      const constraints = new Map(tableOf(known, change.table).constraints);
      constraints.delete(change.name);
      return withTable(known, change.table, { constraints });
    }
    case 'attach-partition': {
      const next = withTable(known, change.partition, { partitionOf: change.table });
      return change.isDefault ? withTable(next, change.table, { defaultPartition: change.partition }) : next;
    }
    default:
      return known;
  }
}

function dropped(known: Known, thing: string, name: string): Known {
  if (thing === 'table') {
    const tables = new Map(known.tables);
    tables.delete(name);
    return { ...known, tables };
  }
  if (thing !== 'index') return known;
  const indexes = new Map(known.indexes);
  indexes.delete(name);
  return { ...known, indexes };
}

function renamed(known: Known, change: Change & { readonly kind: 'rename' }): Known {
  const { thing, table, name, to } = change;
  if (thing === 'table' && known.tables.has(name)) {
    const tables = new Map(known.tables).set(to, tableOf(known, name));
    tables.delete(name);
    return { ...known, tables };
  }
  const column = thing === 'column' && table !== null ? tableOf(known, table).columns.get(name) : undefined;
  if (column === undefined || table === null) return known;
  const columns = new Map(tableOf(known, table).columns).set(to, { ...column, name: to });
  columns.delete(name);
  return withTable(known, table, { columns });
}
