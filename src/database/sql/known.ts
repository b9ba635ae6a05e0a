import type { Change, ColumnFacts, ConstraintFacts, Reading, SqlType } from './change.ts';

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
  /** The table that it is a partition of. */
  readonly partitionOf: string | null;
  /** What its own partitions are told by, an expression as null; `unknown` where it is only known to have some; null: it has none. */
  readonly partitionBy: readonly (string | null)[] | 'unknown' | null;
  readonly defaultPartition: string | null;
  readonly beforeTrigger: boolean;
}

/** The columns that a view stands on, as `table.column`. */
type Footing = ReadonlySet<string>;

/** What statements have told of a schema so far. Not told is not the same as not there. */
export interface Known {
  readonly tables: ReadonlyMap<string, Table>;
  readonly indexes: ReadonlyMap<string, Index>;
  readonly domains: ReadonlyMap<string, boolean>;
  readonly functions: ReadonlySet<string>;
  /** Materialized ones as well. */
  readonly views: ReadonlyMap<string, Footing>;
}

export const nothingKnown: Known = {
  tables: new Map(),
  indexes: new Map(),
  domains: new Map(),
  functions: new Set(),
  views: new Map(),
};

const noTable: Table = {
  columns: new Map(),
  constraints: new Map(),
  partitionOf: null,
  partitionBy: null,
  defaultPartition: null,
  beforeTrigger: false,
};

export const tableOf = (known: Known, table: string): Table => known.tables.get(table) ?? noTable;

export const isPartitioned = (known: Known, table: string): boolean =>
  tableOf(known, table).partitionBy !== null;

/** The partitions of a table that are known, by name. */
export function partitionsOf(known: Known, table: string): readonly string[] {
  return [...known.tables].filter(([, { partitionOf }]) => partitionOf === table).map(([name]) => name);
}

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
    case 'create-view':
      return withView(known, change.view, change.reads);
    case 'create':
      return change.thing === 'materialized view' ? withView(known, change.name, change.reads) : known;
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
    partitionBy: change.partitionBy,
  });
  return change.partitionOf === null
    ? next
    : withPartition(next, change.partitionOf, change.isDefault ? change.table : null);
}

function withPartition(known: Known, table: string, asDefault: string | null): Known {
  const { partitionBy, defaultPartition } = tableOf(known, table);
  return withTable(known, table, {
    partitionBy: partitionBy ?? 'unknown',
    defaultPartition: asDefault ?? defaultPartition,
  });
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
      return withPartition(next, change.table, change.isDefault ? change.partition : null);
    }
    case 'detach-partition':
      return withTable(known, change.partition, { partitionOf: null });
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
  if (thing === 'view' || thing === 'materialized view') {
    const views = new Map(known.views);
    views.delete(name);
    return { ...known, views };
  }
  if (thing !== 'index') return known;
  const indexes = new Map(known.indexes);
  indexes.delete(name);
  return { ...known, indexes };
}

function renamed(known: Known, change: Change & { readonly kind: 'rename' }): Known {
  const { thing, table, name, to } = change;
  if (thing === 'table') return renamedTable(known, name, to);
  if (thing === 'view' || thing === 'materialized view') {
    const views = new Map(known.views).set(to, known.views.get(name) ?? new Set());
    views.delete(name);
    return { ...known, views };
  }
  const column = thing === 'column' && table !== null ? tableOf(known, table).columns.get(name) : undefined;
  if (column === undefined || table === null) return known;
  const columns = new Map<string, ColumnFacts>();
  for (const [own, facts] of tableOf(known, table).columns) {
    const computedFrom = facts.computedFrom.map((each) => (each === name ? to : each));
    if (own === name) columns.set(to, { ...facts, name: to, computedFrom });
    else columns.set(own, { ...facts, computedFrom });
  }
  const moved = withTable(known, table, { columns });
  return reseated(moved, (stone) => (stone === `${table}.${name}` ? `${table}.${to}` : stone));
}

/** Views follow what they stand on, whatever it is called. */
function reseated(known: Known, move: (stone: string) => string): Known {
  const views = new Map([...known.views].map(([view, footing]) => [view, new Set([...footing].map(move))]));
  return { ...known, views };
}

function renamedTable(known: Known, name: string, to: string): Known {
  if (!known.tables.has(name)) return known;
  const tables = new Map(known.tables).set(to, tableOf(known, name));
  tables.delete(name);
  for (const [own, facts] of tables)
    if (facts.partitionOf === name) tables.set(own, { ...facts, partitionOf: to });
  const indexes = new Map(
    [...known.indexes].map(([own, index]) => [own, index.table === name ? { ...index, table: to } : index]),
  );
  return reseated({ ...known, tables, indexes }, (stone) =>
    stone.startsWith(`${name}.`) ? `${to}${stone.slice(name.length)}` : stone,
  );
}

function withView(known: Known, view: string, reads: readonly Reading[]): Known {
  const footing = new Set(reads.flatMap((reading) => stonesOf(known, reading)));
  return { ...known, views: new Map(known.views).set(view, footing) };
}

/** What a reading stands on for sure: columns that are known, or that can be of one table only. */
function stonesOf(known: Known, { column, scopes }: Reading): readonly string[] {
  if (column === '*')
    return (scopes[0] ?? []).flatMap((table) =>
      [...tableOf(known, table).columns.keys()].map((name) => `${table}.${name}`),
    );
  for (const scope of scopes) {
    const having = scope.filter((table) => tableOf(known, table).columns.has(column));
    if (having.length > 0) return having.map((table) => `${table}.${column}`);
  }
  const [only] = scopes.flat();
  const single = scopes.flat().length === 1 && only !== undefined;
  return single && tableOf(known, only).columns.size === 0 ? [`${only}.${column}`] : [];
}
