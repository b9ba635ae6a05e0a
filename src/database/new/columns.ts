import { TealError } from '../../errors.ts';
import { tableOf, type Known } from '../sql/known.ts';
import { sayType } from '../sql/words.ts';
import type { Generated } from './generated.ts';
import { concurrentIndex, refusePartitionKey } from './indexes.ts';
import { fitting, nameIn, quoted, type ColumnName } from './names.ts';
import { syncFiles, type NewColumn, type Sync } from './sync.ts';

/** What is said on the command line, where the migrations so far do not say it. */
export interface ColumnOptions {
  readonly type?: string;
  readonly key?: readonly string[];
  readonly notNull?: boolean;
  readonly default?: string;
  /** SQL over the columns of a row. */
  readonly up?: readonly string[];
  readonly down?: string;
}

/** The four files with which a column gets another name. */
export function renameColumn(from: ColumnName, to: string, options: ColumnOptions, known: Known): Generated {
  const old = quoted(from.column);
  const column: NewColumn = { name: to, type: typeOf(from, options, known), up: old };
  return syncFiles({ ...base(from, [column], options, known), down: quoted(to), lossy: false });
}

/** The four files with which a column gets another type, under another name. */
export function changeType(
  from: ColumnName,
  change: { readonly to: string; readonly as: string },
  options: ColumnOptions,
  known: Known,
): Generated {
  const before = typeOf(from, options, known);
  const old = quoted(from.column);
  const column: NewColumn = {
    name: change.as,
    type: change.to,
    up: options.up?.[0] ?? `${old}::${change.to}`,
  };
  const down = options.down ?? castBack(quoted(change.as), before);
  return syncFiles({ ...base(from, [column], options, known), down, lossy: true });
}

/** The four files with which a column becomes several. */
export function split(
  from: ColumnName,
  into: readonly string[],
  options: ColumnOptions,
  known: Known,
): Generated {
  const { up = [], down, type = 'text' } = options;
  if (down === undefined || up.length !== into.length)
    throw new TealError(
      'usage',
      `${into.length} columns need ${into.length} expressions for what they are made of, and one for the way back`,
      {
        remedy: `One --up for each, in their order, and --down: teal db new split users.name first_name last_name --up "split_part(name, ' ', 1)" --up "split_part(name, ' ', 2)" --down "concat_ws(' ', first_name, last_name)"`,
        details: { columns: into, up, down: down ?? null },
      },
    );
  const columns = into.map((name, index): NewColumn => ({ name, type, up: up[index] ?? 'NULL' }));
  return syncFiles({ ...base(from, columns, options, known), down, lossy: true });
}

function base(
  from: ColumnName,
  columns: readonly NewColumn[],
  options: ColumnOptions,
  known: Known,
): Omit<Sync, 'down' | 'lossy'> {
  refusePartitionKey(from, known);
  const facts = tableOf(known, nameIn(from)).columns.get(from.column);
  if (
    facts !== undefined &&
    facts.default !== 'none' &&
    facts.default !== 'null' &&
    options.default === undefined
  )
    throw new TealError('usage', `${nameIn(from)}.${from.column} has a default, which goes with the column`, {
      remedy: "Say the new column's default: --default \"''\"; --default NULL for none",
    });
  return {
    table: from,
    old: from.column,
    columns,
    key: options.key ?? ['id'],
    notNull: options.notNull ?? facts?.notNull ?? false,
    default:
      options.default === undefined || options.default.toUpperCase() === 'NULL' ? null : options.default,
    indexes: columns.length === 1 ? indexesFor(from, columns[0]?.name ?? '', known) : [],
  };
}

/** The type a column has. @throws TealError `usage` when neither the migrations nor the command line says it */
function typeOf(from: ColumnName, { type }: ColumnOptions, known: Known): string {
  const facts = tableOf(known, nameIn(from)).columns.get(from.column);
  if (type !== undefined) return type;
  if (facts !== undefined) return sayType(facts.type);
  throw new TealError('usage', `The type of ${nameIn(from)}.${from.column} is not known`, {
    remedy:
      'Say it: --type text; or name migrations that create it, and do not drop it again: --schema db/migrations',
  });
}

const ranges: Readonly<Record<string, readonly [low: string, high: string]>> = {
  smallint: ['-32768', '32767'],
  int: ['-2147483648', '2147483647'],
  integer: ['-2147483648', '2147483647'],
};

/** Back to the type before. A number that does not fit becomes NULL for the old version, instead of an error for the new one. */
function castBack(column: string, type: string): string {
  const range = ranges[type.toLowerCase()];
  if (range === undefined) return `${column}::${type}`;
  return `CASE WHEN ${column} BETWEEN ${range[0]} AND ${range[1]} THEN ${column}::${type} END`;
}

/** The indexes of the old column on the new one, since the new version's statements, and its ON CONFLICT, need them. */
function indexesFor(from: ColumnName, to: string, known: Known): readonly string[] {
  const table = nameIn(from);
  const { constraints } = tableOf(known, table);
  const indexes = [...known.indexes].filter(([, index]) => index.table === table && index.plain);
  const unique = [...constraints].filter(([, { type }]) => type === 'unique' || type === 'primary-key');
  return [
    ...indexes.map(([name, { columns, unique: only }]) => ({ name, columns, only })),
    ...unique.map(([name, { columns }]) => ({ name, columns, only: true })),
  ]
    .filter(({ columns }) => columns.includes(from.column))
    .map(({ name, columns, only }) => {
      const own = fitting(
        `${(name.split('.').at(-1) ?? name).replace(from.column, '')}_${to}`.replaceAll(/_+/g, '_'),
      );
      const over = columns.map((column) => (column === from.column ? to : column));
      return concurrentIndex({ table: from, name: own, columns: over, unique: only }, known).join('\n');
    });
}
