import type { ColumnFacts, ConstraintFacts, SqlType } from './change.ts';
import type { ColumnDef, Constraint, Node } from './parser.ts';
import { defaultKind } from './volatility.ts';
import { relationOf, textOf, typeOf } from './words.ts';

const kinds: Readonly<Partial<Record<string, ConstraintFacts['type']>>> = {
  CONSTR_CHECK: 'check',
  CONSTR_UNIQUE: 'unique',
  CONSTR_PRIMARY: 'primary-key',
  CONSTR_FOREIGN: 'foreign-key',
  CONSTR_EXCLUSION: 'exclude',
  CONSTR_NOTNULL: 'not-null',
};

/** Types that are another type with a sequence as its default. */
const serials: ReadonlyMap<string, string> = new Map([
  ['serial', 'int4'],
  ['serial4', 'int4'],
  ['bigserial', 'int8'],
  ['serial8', 'int8'],
  ['smallserial', 'int2'],
  ['serial2', 'int2'],
]);

/** A column as a CREATE TABLE or ADD COLUMN defines it. */
export function columnOf(definition: ColumnDef): ColumnFacts {
  const written = (definition.constraints ?? []).flatMap((node) =>
    'Constraint' in node ? [node.Constraint] : [],
  );
  const find = (type: string): Constraint | undefined => written.find(({ contype }) => contype === type);
  const type = typeOf(definition.typeName);
  const serial = serials.get(type.name);
  const identity = find('CONSTR_IDENTITY');
  const generated = find('CONSTR_GENERATED');
  const primary = find('CONSTR_PRIMARY') !== undefined;
  const name = definition.colname ?? '';
  const computedFrom = generated === undefined ? [] : columnsIn(generated.raw_expr);
  return {
    name,
    type: serial === undefined ? type : { ...type, name: serial },
    notNull:
      primary || serial !== undefined || identity !== undefined || find('CONSTR_NOTNULL') !== undefined,
    default: serial === undefined ? defaultKind(find('CONSTR_DEFAULT')?.raw_expr) : 'volatile',
    identity: identity === undefined ? null : identity.generated_when === 'a' ? 'always' : 'by-default',
    generated: generated === undefined ? null : generated.generated_kind === 'v' ? 'virtual' : 'stored',
    computedFrom,
    constraints: written.flatMap((constraint) => {
      const facts = constraintOf(constraint, name);
      return facts === null || facts.type === 'not-null' ? [] : [facts];
    }),
  };
}

/** A constraint; null for what the grammar calls one but is none (defaults, marks of deferral). @param column it is written with */
export function constraintOf(constraint: Constraint, column: string | null): ConstraintFacts | null {
  const type = kinds[constraint.contype ?? ''];
  if (type === undefined) return null;
  const keys = [...(constraint.keys ?? []), ...(constraint.fk_attrs ?? [])].map(textOf);
  return {
    type,
    name: constraint.conname ?? null,
    columns: keys.length > 0 ? keys : column !== null ? [column] : columnsIn(constraint.raw_expr),
    notValid: constraint.skip_validation === true,
    notEnforced: constraint.is_enforced !== true && (type === 'check' || type === 'foreign-key'),
    usingIndex: constraint.indexname ?? null,
    references: type === 'foreign-key' ? relationOf(constraint.pktable) : null,
    notNullOf: type === 'not-null' ? (keys[0] ?? column) : notNullOf(constraint.raw_expr),
    nullsNotDistinct: constraint.nulls_not_distinct === true,
  };
}

/** The columns that an expression names. */
function columnsIn(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  if ('ColumnRef' in value) return [columnNamed(value as Node) ?? ''];
  return Object.values(value).flatMap(columnsIn);
}

function notNullOf(node: Node | undefined): string | null {
  if (node === undefined || !('NullTest' in node) || node.NullTest.nulltesttype !== 'IS_NOT_NULL')
    return null;
  return columnNamed(node.NullTest.arg);
}

/** The column that an expression consists of. */
function columnNamed(node: Node | undefined): string | null {
  if (node === undefined || !('ColumnRef' in node)) return null;
  const fields = node.ColumnRef.fields ?? [];
  return textOf(fields.at(-1)) || null;
}

/** Whether USING does more than cast the column, which ALTER TYPE does anyway. */
export function isComputed(using: Node | undefined, column: string, type: SqlType): boolean {
  if (using === undefined) return false;
  if (columnNamed(using) === column) return false;
  if (!('TypeCast' in using)) return true;
  const to = typeOf(using.TypeCast.typeName);
  return (
    columnNamed(using.TypeCast.arg) !== column ||
    to.name !== type.name ||
    to.sizes.join() !== type.sizes.join()
  );
}
