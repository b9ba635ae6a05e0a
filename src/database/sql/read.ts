import { alterTableChanges } from './alter-table.ts';
import type { Change, Doing } from './change.ts';
import { creation } from './create.ts';
import type { Node, Parsed, Parser, Token, Unreadable } from './parser.ts';
import { reshaping } from './reshape.ts';
import { hasOption, relationOf, textOf } from './words.ts';

/** A statement with what it does; places are in bytes. */
export interface Statement {
  readonly start: number;
  readonly end: number;
  readonly changes: readonly Change[];
}

/** The statements of a text. @returns what could not be read, instead */
export function readStatements(parser: Parser, text: string): readonly Statement[] | Unreadable {
  const parsed = parser.parse(text);
  if ('message' in parsed) return parsed;
  const tokens = parser.tokens(text).filter(({ comment }) => !comment);
  return parsed.map((each) => ({ start: each.start, end: each.end, changes: changesOf(each, tokens) }));
}

function changesOf(parsed: Parsed, tokens: readonly Token[]): readonly Change[] {
  const { node, start } = parsed;
  if ('AlterTableStmt' in node)
    return alterTableChanges(
      node.AlterTableStmt,
      partStarts(parsed, tokens, node.AlterTableStmt.relation?.location),
      start,
    );
  const made = creation(node);
  const doing = made === null ? (reshaping(node) ?? running(node)) : [made];
  return doing.map((each) => ({ ...each, at: start }));
}

/** Where the parts of an ALTER TABLE begin: after the table's name, and after each comma that is in no parentheses. */
function partStarts(parsed: Parsed, tokens: readonly Token[], relation = parsed.start): readonly number[] {
  const own = tokens.filter(({ start, end }) => start >= relation && end <= parsed.end);
  let first = 1;
  while (own[first]?.text === '.') first += 2;
  if (own[first]?.text === '*') first++;
  const starts: number[] = [];
  let depth = 0;
  for (const [index, { text, start }] of own.entries()) {
    if (index === first) starts.push(start);
    if (text === '(' || text === '[') depth++;
    if (text === ')' || text === ']') depth--;
    const next = own[index + 1];
    if (text === ',' && depth === 0 && next !== undefined) starts.push(next.start);
  }
  return starts;
}

/** Statements that change rows, maintain tables, or steer the session. */
function running(node: Node): readonly Doing[] {
  return maintaining(node) ?? [writing(node) ?? steering(node)];
}

function writing(node: Node): Doing | null {
  if ('UpdateStmt' in node)
    return {
      ...write('update', node.UpdateStmt, node.UpdateStmt.whereClause !== undefined),
      columns: (node.UpdateStmt.targetList ?? []).flatMap((each) =>
        'ResTarget' in each ? (each.ResTarget.name ?? []) : [],
      ),
    };
  if ('DeleteStmt' in node)
    return write('delete', node.DeleteStmt, node.DeleteStmt.whereClause !== undefined);
  if ('InsertStmt' in node) return write('insert', node.InsertStmt, true);
  if ('MergeStmt' in node) return write('merge', node.MergeStmt, true);
  if ('CopyStmt' in node && node.CopyStmt.is_from === true) return write('copy', node.CopyStmt, true);
  if ('SelectStmt' in node || 'ExplainStmt' in node || 'CopyStmt' in node || 'VariableShowStmt' in node)
    return { kind: 'read' };
  return null;
}

type Written = { readonly relation?: Parameters<typeof relationOf>[0] };

function write(
  verb: 'insert' | 'update' | 'delete' | 'merge' | 'copy',
  { relation }: Written,
  where: boolean,
): Doing & { readonly kind: 'write' } {
  return { kind: 'write', verb, table: relationOf(relation), where, columns: null };
}

function maintaining(node: Node): readonly Doing[] | null {
  if ('ReindexStmt' in node) {
    const { kind, relation, name = '', params } = node.ReindexStmt;
    const scope =
      kind === 'REINDEX_OBJECT_INDEX' ? 'index' : kind === 'REINDEX_OBJECT_TABLE' ? 'table' : 'more';
    const concurrently = hasOption(params, 'concurrently');
    return [
      { kind: 'reindex', scope, name: relation === undefined ? name : relationOf(relation), concurrently },
    ];
  }
  if ('ClusterStmt' in node) {
    const { relation } = node.ClusterStmt;
    return [{ kind: 'cluster', table: relation === undefined ? null : relationOf(relation) }];
  }
  if ('VacuumStmt' in node) {
    if (!hasOption(node.VacuumStmt.options, 'full')) return [{ kind: 'read' }];
    const tables = (node.VacuumStmt.rels ?? []).flatMap((each) =>
      'VacuumRelation' in each ? [relationOf(each.VacuumRelation.relation)] : [],
    );
    return (tables.length === 0 ? [null] : tables).map((table) => ({ kind: 'vacuum-full', table }));
  }
  if ('RefreshMatViewStmt' in node) {
    const { relation, concurrent } = node.RefreshMatViewStmt;
    return [{ kind: 'refresh', view: relationOf(relation), concurrently: concurrent === true }];
  }
  if ('TruncateStmt' in node) {
    const cascade = node.TruncateStmt.behavior === 'DROP_CASCADE';
    return tablesOf(node.TruncateStmt.relations).map((table) => ({ kind: 'truncate', table, cascade }));
  }
  if ('LockStmt' in node) {
    const { relations, mode = 8 } = node.LockStmt;
    return tablesOf(relations).map((table) => ({ kind: 'lock-table', table, mode }));
  }
  return null;
}

const tablesOf = (nodes: readonly Node[] | undefined): readonly string[] =>
  (nodes ?? []).flatMap((node) => ('RangeVar' in node ? [relationOf(node.RangeVar)] : []));

function steering(node: Node): Doing {
  if ('TransactionStmt' in node) {
    const kind = node.TransactionStmt.kind ?? '';
    if (kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START') return { kind: 'begin' };
    if (kind === 'TRANS_STMT_COMMIT') return { kind: 'commit' };
    return { kind: kind === 'TRANS_STMT_ROLLBACK' ? 'rollback' : 'savepoint' };
  }
  if ('VariableSetStmt' in node) {
    const { name = '', args, is_local } = node.VariableSetStmt;
    return { kind: 'set', name, value: (args ?? []).map(valueOf).join(', '), local: is_local === true };
  }
  return { kind: 'DoStmt' in node ? 'do' : 'other' };
}

function valueOf(node: Node): string {
  if (!('A_Const' in node)) return textOf(node);
  const { sval, ival, fval } = node.A_Const;
  return sval?.sval ?? fval?.fval ?? String(ival?.ival ?? 0);
}
