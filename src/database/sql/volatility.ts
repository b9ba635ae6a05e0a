import type { DefaultKind } from './change.ts';
import type { Node } from './parser.ts';
import { listed } from './words.ts';

/**
 * Functions whose value is the same for all rows of a statement: a default that calls only these is computed once, when the column
 * is added. Any other function counts as volatile, since its rewrite of the table would come as a surprise. A test asks a server.
 */
export const computedOnce: ReadonlySet<string> = new Set([
  'now',
  'transaction_timestamp',
  'statement_timestamp',
  'to_timestamp',
  'to_date',
  'to_char',
  'date_trunc',
  'timezone',
  'make_date',
  'make_interval',
  'lower',
  'upper',
  'md5',
  'concat',
  'format',
  'repeat',
  'left',
  'right',
  'abs',
  'round',
  'floor',
  'ceil',
  'jsonb_build_object',
  'jsonb_build_array',
  'json_build_object',
  'json_build_array',
  'to_jsonb',
  'array_fill',
  'current_setting',
  'current_schema',
  'current_database',
]);

/** What a default is made of. */
export function defaultKind(node: Node | undefined): DefaultKind {
  if (node === undefined) return 'none';
  if (isNull(node)) return 'null';
  const called = functionsIn(node);
  if (called.some((name) => !computedOnce.has(name))) return 'volatile';
  return called.length > 0 || JSON.stringify(node).includes('"SQLValueFunction"') ? 'stable' : 'constant';
}

function isNull(node: Node): boolean {
  if ('A_Const' in node) return node.A_Const.isnull === true;
  return 'TypeCast' in node && node.TypeCast.arg !== undefined && isNull(node.TypeCast.arg);
}

function functionsIn(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  const below = Object.values(value).flatMap(functionsIn);
  if (!('FuncCall' in value)) return below;
  const { FuncCall: call } = value as { FuncCall: { funcname?: Node[] } };
  return [listed(call.funcname), ...below];
}
