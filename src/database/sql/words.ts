import type { Node, RangeVar, TypeName } from './parser.ts';
import type { SqlType } from './change.ts';

/** The text of a String node. */
export function textOf(node: Node | undefined): string {
  return node !== undefined && 'String' in node ? (node.String.sval ?? '') : '';
}

/** What says no where a boolean is asked for; as the server reads it, in any case. */
const no: ReadonlySet<string> = new Set(['false', 'off', '0']);

/** Whether an option of `REINDEX (…)`, `VACUUM (…)` and the like is on. It is when no value is given. */
export function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((option) => {
    if (!('DefElem' in option) || option.DefElem.defname !== name) return false;
    const { arg } = option.DefElem;
    if (arg === undefined) return true;
    // A 0 is left out of what the parser gives.
    if ('Integer' in arg) return (arg.Integer.ival ?? 0) !== 0;
    return !no.has(textOf(arg).toLowerCase());
  });
}

/** A dotted name, without the schema that everybody has. */
export function nameOf(parts: readonly (string | undefined)[]): string {
  const known = parts.filter((part): part is string => part !== undefined && part !== '');
  return (
    known.length > 1 && (known[0] === 'public' || known[0] === 'pg_catalog') ? known.slice(1) : known
  ).join('.');
}

/** The name of a table, view or sequence. */
export function relationOf(relation: RangeVar | undefined): string {
  return nameOf([relation?.schemaname, relation?.relname]);
}

/** The name that a list of String nodes spells. */
export function listed(nodes: readonly Node[] | undefined): string {
  return nameOf((nodes ?? []).map(textOf));
}

/** The parts of the name of whatever a DROP, RENAME or GRANT is about. */
export function partsOf(node: Node | undefined): readonly string[] {
  if (node === undefined) return [];
  if ('List' in node) return (node.List.items ?? []).map(textOf);
  if ('ObjectWithArgs' in node) return (node.ObjectWithArgs.objname ?? []).map(textOf);
  if ('TypeName' in node) return (node.TypeName.names ?? []).map(textOf);
  if ('RangeVar' in node) return [node.RangeVar.schemaname ?? '', node.RangeVar.relname ?? ''];
  return [textOf(node)];
}

export function typeOf(type: TypeName | undefined): SqlType {
  const sizes = (type?.typmods ?? []).flatMap((node) =>
    'A_Const' in node && node.A_Const.ival !== undefined ? [node.A_Const.ival.ival ?? 0] : [],
  );
  return { name: listed(type?.names), sizes, array: (type?.arrayBounds ?? []).length > 0 };
}

const spelled: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  bool: 'boolean',
  float4: 'real',
  float8: 'double precision',
  bpchar: 'char',
};

/** A type as people write it. */
export function sayType(type: SqlType): string {
  const size = type.sizes.length > 0 && type.name !== 'interval' ? `(${type.sizes.join(', ')})` : '';
  return `${spelled[type.name] ?? type.name}${size}${type.array ? '[]' : ''}`;
}
