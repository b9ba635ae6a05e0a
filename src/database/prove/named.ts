import type { Node } from '../sql/parser.ts';

/** What a statement does to one table, by the name it gives it. */
export interface NamedWrite {
  readonly verb: 'insert' | 'update' | 'delete';
  /** With quotes and schema, as the server's functions take a name. */
  readonly name: string;
  /** The columns it gives values to; null: all there are. */
  readonly columns: readonly string[] | null;
}

/** The tables that statements name, wherever in them. */
export function tablesIn(nodes: readonly Node[]): ReadonlySet<string> {
  const names = new Set<string>();
  visit(nodes, (key, value) => {
    if (key === 'RangeVar' || key === 'relation') names.add(qualified(value));
  });
  return names;
}

/** What statements write, also in WITH. */
export function writesIn(nodes: readonly Node[]): readonly NamedWrite[] {
  const found: NamedWrite[] = [];
  visit(nodes, (key, value) => found.push(...writesOf(key, value)));
  return found;
}

type Tree = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function writesOf(kind: string, statement: Tree): readonly NamedWrite[] {
  const name = qualified(statement['relation']);
  switch (kind) {
    case 'InsertStmt': {
      const insert: NamedWrite = { verb: 'insert', name, columns: insertedColumns(statement) };
      const conflict = statement['onConflictClause'];
      return isRecord(conflict) && conflict['action'] === 'ONCONFLICT_UPDATE'
        ? [insert, { verb: 'update', name, columns: targets(conflict) }]
        : [insert];
    }
    case 'UpdateStmt':
      return [{ verb: 'update', name, columns: targets(statement) }];
    case 'DeleteStmt':
      return [{ verb: 'delete', name, columns: [] }];
    case 'MergeStmt':
      return merged(name, statement);
    default:
      return [];
  }
}

/** Columns of an INSERT; those that are given DEFAULT in every row are left out. */
function insertedColumns(insert: Tree): readonly string[] | null {
  const columns = names(insert['cols']);
  if (columns === null) return 'selectStmt' in insert ? null : [];
  const select = isRecord(insert['selectStmt']) ? insert['selectStmt']['SelectStmt'] : null;
  const lists = isRecord(select) && Array.isArray(select['valuesLists']) ? select['valuesLists'] : [];
  return columns.filter((_, at) => lists.length === 0 || !lists.every((list) => isDefault(list, at)));
}

function isDefault(list: unknown, at: number): boolean {
  if (!isRecord(list) || !isRecord(list['List'])) return false;
  const items = list['List']['items'];
  const item: unknown = Array.isArray(items) ? items[at] : null;
  return isRecord(item) && 'SetToDefault' in item;
}

const targets = (statement: Tree): readonly string[] => names(statement['targetList']) ?? [];

function merged(name: string, merge: Tree): readonly NamedWrite[] {
  const clauses: readonly unknown[] = Array.isArray(merge['mergeWhenClauses'])
    ? merge['mergeWhenClauses']
    : [];
  return clauses.flatMap((each): readonly NamedWrite[] => {
    const clause = isRecord(each) ? each['MergeWhenClause'] : null;
    if (!isRecord(clause)) return [];
    const columns = names(clause['targetList']);
    switch (clause['commandType']) {
      case 'CMD_INSERT':
        return [{ verb: 'insert', name, columns }];
      case 'CMD_UPDATE':
        return [{ verb: 'update', name, columns: columns ?? [] }];
      case 'CMD_DELETE':
        return [{ verb: 'delete', name, columns: [] }];
      default:
        return [];
    }
  });
}

function names(list: unknown): readonly string[] | null {
  if (!Array.isArray(list)) return null;
  return list.flatMap((each: unknown) => {
    const target = isRecord(each) ? each['ResTarget'] : null;
    return isRecord(target) && typeof target['name'] === 'string' ? [target['name']] : [];
  });
}

/** A RangeVar as the server's functions take a name. */
function qualified(relation: unknown): string {
  if (!isRecord(relation)) return '';
  const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  return [relation['schemaname'], relation['relname']]
    .filter((part): part is string => typeof part === 'string')
    .map(quote)
    .join('.');
}

function visit(node: unknown, see: (key: string, value: Tree) => void): void {
  if (Array.isArray(node)) for (const each of node) visit(each, see);
  if (!isRecord(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (isRecord(value)) see(key, value);
    visit(value, see);
  }
}
