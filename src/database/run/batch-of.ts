import type { Node, Token } from '../sql/parser.ts';
import { relationOf } from '../sql/words.ts';
import type { BatchStep } from './step.ts';

interface Looked {
  readonly parsed: { readonly node: Node };
  readonly sql: string;
  readonly tokens: readonly Token[];
}

/**
 * An UPDATE or DELETE that can be done a range of keys at a time: its condition, which is put into parentheses beside the range.
 * null: another statement, or one that cannot be divided (WITH, RETURNING, a cursor).
 */
export function batchOf({
  parsed: { node },
  sql,
  tokens,
}: Looked): Pick<BatchStep, 'head' | 'condition' | 'table' | 'alias'> | null {
  const written = 'UpdateStmt' in node ? node.UpdateStmt : 'DeleteStmt' in node ? node.DeleteStmt : null;
  if (written === null || written.withClause !== undefined || hasReturning(written)) return null;
  if (written.whereClause !== undefined && 'CurrentOfExpr' in written.whereClause) return null;
  const table = relationOf(written.relation);
  const alias = written.relation?.alias?.aliasname ?? written.relation?.relname ?? '';
  const first = tokens[0]?.start ?? 0;
  const where = topLevelWhere(tokens);
  const bytes = Buffer.from(sql);
  if (where === null) return { head: sql, condition: null, table, alias };
  return {
    head: bytes.subarray(0, where.start - first).toString(),
    condition: bytes.subarray(where.end - first).toString(),
    table,
    alias,
  };
}

/** PostgreSQL 18 has it in a clause of its own, and the versions before as a list. */
const hasReturning = (written: object): boolean => 'returningList' in written || 'returningClause' in written;

function topLevelWhere(tokens: readonly Token[]): Token | null {
  let depth = 0;
  for (const token of tokens) {
    if (token.text === '(' || token.text === '[') depth++;
    if (token.text === ')' || token.text === ']') depth--;
    if (depth === 0 && token.text.toLowerCase() === 'where') return token;
  }
  return null;
}
