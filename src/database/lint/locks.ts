import type { Change, ChangeOf, ColumnFacts, ConstraintFacts } from '../sql/change.ts';
import {
  columnType,
  constraintNamed,
  isPartitioned,
  isProvenNotNull,
  tableOf,
  type Known,
} from '../sql/known.ts';
import { retype } from '../sql/retype.ts';

/** PostgreSQL's table locks, weakest first: https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES. */
export const lockModes = [
  'AccessShare',
  'RowShare',
  'RowExclusive',
  'ShareUpdateExclusive',
  'Share',
  'ShareRowExclusive',
  'Exclusive',
  'AccessExclusive',
] as const;

export type LockMode = (typeof lockModes)[number];

/**
 * What is done while a lock is held: `moment` takes as long for a large table as for a small one; `scan` reads all rows, `build`
 * reads them and makes an index, `rewrite` writes them and every index anew.
 */
export type Work = 'moment' | 'scan' | 'build' | 'rewrite';

export interface Lock {
  /** The table; `of …` where the statement names something that belongs to one. */
  readonly on: string;
  readonly mode: LockMode;
  readonly work: Work;
}

/** Whom a lock keeps waiting. */
export function blocks(mode: LockMode): 'reads and writes' | 'writes' | 'other schema changes' | 'nobody' {
  if (mode === 'AccessExclusive') return 'reads and writes';
  if (mode === 'Exclusive' || mode === 'ShareRowExclusive' || mode === 'Share') return 'writes';
  return mode === 'ShareUpdateExclusive' ? 'other schema changes' : 'nobody';
}

const lock = (on: string, mode: LockMode, work: Work = 'moment'): Lock => ({ on, mode, work });
const exclusive = (on: string, work: Work = 'moment'): Lock => lock(on, 'AccessExclusive', work);

type Locking<KIND extends Change['kind']> = (change: ChangeOf<KIND>, known: Known) => readonly Lock[];

const onTable = ({ table }: { readonly table: string }): readonly Lock[] => [exclusive(table)];

/** The locks that each kind of change takes on tables that are there already; a test asks real servers for every row. */
const table: { readonly [KIND in Change['kind']]?: Locking<KIND> } = {
  'add-column': ({ table: on, column }, known) => addColumn(on, column, known),
  'drop-column': onTable,
  'change-type': ({ table: on, column, type, computed }, known) => {
    const { rewrite } = retype(columnType(known, on, column), type, computed);
    // Also where nothing is written anew, every CHECK on the column is checked anew.
    const checked = [...tableOf(known, on).constraints.values()].some(
      (each) => each.type === 'check' && each.columns.includes(column),
    );
    return [exclusive(on, rewrite !== false ? 'rewrite' : checked ? 'scan' : 'moment')];
  },
  'set-default': onTable,
  'drop-default': onTable,
  'drop-not-null': onTable,
  'set-not-null': ({ table: on, column }, known) => [
    exclusive(on, isProvenNotNull(known, on, column) ? 'moment' : 'scan'),
  ],
  'set-identity': onTable,
  'drop-identity': onTable,
  'drop-expression': onTable,
  'set-expression': ({ table: on, column }, known) => [
    exclusive(on, tableOf(known, on).columns.get(column)?.generated === 'virtual' ? 'moment' : 'rewrite'),
  ],
  'add-constraint': ({ table: on, constraint }, known) => addConstraint(on, constraint, known),
  'drop-constraint': ({ table: on, name }, known) => {
    const references = constraintNamed(known, on, name)?.references ?? null;
    return [exclusive(on), ...(references === null ? [] : [exclusive(references)])];
  },
  'validate-constraint': ({ table: on, name }, known) => {
    const references = constraintNamed(known, on, name)?.references ?? null;
    return [
      lock(on, 'ShareUpdateExclusive', 'scan'),
      ...(references === null ? [] : [lock(references, 'RowShare', 'scan')]),
    ];
  },
  'alter-constraint': ({ table: on, name, enforce }, known) => {
    const references = constraintNamed(known, on, name)?.references ?? null;
    return [
      exclusive(on, enforce ? 'scan' : 'moment'),
      ...(references === null ? [] : [exclusive(references)]),
    ];
  },
  'attach-partition': ({ table: on, partition }, known) => [
    lock(on, 'ShareUpdateExclusive'),
    exclusive(partition, 'scan'),
    ...defaultOf(on, known),
  ],
  'detach-partition': ({ table: on, partition, concurrently }, known) =>
    concurrently
      ? [lock(on, 'ShareUpdateExclusive'), exclusive(partition)]
      : [exclusive(on), exclusive(partition), ...defaultOf(on, known, 'moment')],
  'row-security': onTable,
  'switch-trigger': ({ table: on }) => [lock(on, 'ShareRowExclusive')],
  'rewrite-table': ({ table: on }) => [exclusive(on, 'rewrite')],
  inherit: ({ table: on, parent, stop }) => [
    exclusive(on),
    lock(parent, stop ? 'AccessShare' : 'ShareUpdateExclusive'),
  ],
  'tune-table': ({ table: on }) => [lock(on, 'ShareUpdateExclusive')],
  'mark-table': onTable,
  'create-table': ({ partitionOf, columns, constraints }, known) => {
    const all = [...constraints, ...columns.flatMap((column) => column.constraints)];
    return [
      ...all.flatMap(({ references }) =>
        references === null ? [] : [lock(references, 'ShareRowExclusive')],
      ),
      ...(partitionOf === null ? [] : [exclusive(partitionOf), ...defaultOf(partitionOf, known)]),
    ];
  },
  drop: (change, known) => drop(change, known),
  rename: ({ thing, table: on, name }) => {
    if (thing === 'table') return [exclusive(name)];
    return on !== null && (thing === 'column' || thing === 'constraint' || thing === 'trigger')
      ? [exclusive(on)]
      : [];
  },
  'set-schema': ({ thing, name }) => (thing === 'table' ? [exclusive(name)] : []),
  // Of a partitioned table itself there is nothing to build.
  'create-index': ({ table: on, only, concurrently }, known) => [
    lock(
      on,
      concurrently ? 'ShareUpdateExclusive' : 'Share',
      only && (isPartitioned(known, on) || !known.tables.has(on)) ? 'moment' : 'build',
    ),
  ],
  reindex: ({ scope, name, concurrently }, known) => {
    const on = scope === 'index' ? (known.indexes.get(name)?.table ?? `the table of ${name}`) : name;
    return [lock(on, concurrently ? 'ShareUpdateExclusive' : 'Share', 'build')];
  },
  cluster: ({ table: on }) => [exclusive(on ?? 'every clustered table', 'rewrite')],
  'vacuum-full': ({ table: on }) => [exclusive(on ?? 'every table', 'rewrite')],
  refresh: ({ view, concurrently }) => [
    lock(view, concurrently ? 'Exclusive' : 'AccessExclusive', concurrently ? 'scan' : 'rewrite'),
  ],
  truncate: ({ table: on }) => [exclusive(on)],
  'create-trigger': ({ table: on }) => [lock(on, 'ShareRowExclusive')],
  'create-rule': onTable,
  'create-policy': onTable,
  'alter-policy': onTable,
  'domain-constraint': ({ type, how, notValid }) => {
    if (how === 'validate' || (how === 'add' && !notValid) || how === 'set-not-null')
      return [
        lock(
          `every table with a column of ${type}`,
          how === 'validate' ? 'ShareUpdateExclusive' : 'Share',
          'scan',
        ),
      ];
    return [];
  },
  'lock-table': ({ table: on, mode }) => [lock(on, lockModes[mode - 1] ?? 'AccessExclusive')],
  write: ({ table: on }) => [lock(on, 'RowExclusive')],
};

/** The locks a change takes on tables. @param known what the statements before it have told */
export function locksOf(change: Change, known: Known): readonly Lock[] {
  const rule = table[change.kind] as Locking<Change['kind']> | undefined;
  return rule?.(change as never, known) ?? [];
}

function addColumn(on: string, column: ColumnFacts, known: Known): readonly Lock[] {
  const references = column.constraints.flatMap((each) =>
    each.references === null ? [] : [each.references],
  );
  return [
    exclusive(on, addingWork(column, known)),
    ...references.map((other) => lock(other, 'ShareRowExclusive')),
  ];
}

/** What has to be done to rows when a column is added. */
function addingWork(column: ColumnFacts, known: Known): Work {
  const constrained = known.domains.get(column.type.name) === true;
  if (
    column.default === 'volatile' ||
    column.identity !== null ||
    column.generated === 'stored' ||
    constrained
  )
    return 'rewrite';
  const types = column.constraints.map(({ type }) => type);
  if (types.includes('unique') || types.includes('primary-key')) return 'build';
  if (types.includes('check')) return 'scan';
  return column.notNull && (column.default === 'none' || column.default === 'null') ? 'scan' : 'moment';
}

function addConstraint(on: string, constraint: ConstraintFacts, known: Known): readonly Lock[] {
  const { type, notValid, notEnforced, usingIndex, references, notNullOf } = constraint;
  const work = notValid || notEnforced ? 'moment' : 'scan';
  switch (type) {
    case 'foreign-key':
      return [lock(on, 'ShareRowExclusive', work), lock(references ?? '?', 'ShareRowExclusive', work)];
    case 'unique':
    case 'exclude':
      return [exclusive(on, usingIndex === null ? 'build' : 'moment')];
    case 'primary-key': {
      // A primary key says NOT NULL too, and the rows are read for that where it is not known already.
      const indexed = usingIndex === null ? [] : (known.indexes.get(usingIndex)?.columns ?? []);
      const isNullable = (column: string): boolean =>
        tableOf(known, on).columns.has(column) && !isProvenNotNull(known, on, column);
      return [exclusive(on, usingIndex === null ? 'build' : indexed.some(isNullable) ? 'scan' : 'moment')];
    }
    case 'not-null':
      return [exclusive(on, notNullOf !== null && isProvenNotNull(known, on, notNullOf) ? 'moment' : work)];
    case 'check':
      return [exclusive(on, work)];
  }
}

/** The default partition is looked through for rows that would belong elsewhere. */
function defaultOf(on: string, known: Known, work: Work = 'scan'): readonly Lock[] {
  const { defaultPartition } = tableOf(known, on);
  return defaultPartition === null ? [] : [exclusive(defaultPartition, work)];
}

function drop({ thing, name, table: on, concurrently }: ChangeOf<'drop'>, known: Known): readonly Lock[] {
  if (thing === 'index') {
    const owner = known.indexes.get(name)?.table ?? `the table of ${name}`;
    return [lock(owner, concurrently ? 'ShareUpdateExclusive' : 'AccessExclusive')];
  }
  if (thing === 'table') {
    const { constraints, partitionOf } = tableOf(known, name);
    const others = [...constraints.values()].flatMap(({ references }) =>
      references === null ? [] : [references],
    );
    const parent =
      partitionOf === null ? [] : [exclusive(partitionOf), ...defaultOf(partitionOf, known, 'moment')];
    return [exclusive(name), ...others.map((each) => exclusive(each)), ...parent];
  }
  return on === null ? [] : [exclusive(on)];
}
