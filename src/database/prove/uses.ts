import type { Parser } from '../sql/parser.ts';
import { Actor, groups, refusalOf } from './measure.ts';
import type { Prepared } from './prepare.ts';
import { inOrder, type Session } from './session.ts';
import { kindsOf } from './values.ts';

/** What a statement does to one table. */
export interface Write {
  readonly verb: 'insert' | 'update' | 'delete';
  readonly table: number;
  /** The columns it gives values to; null: all there are. */
  readonly columns: readonly string[] | null;
}

/** What a statement stands on, by the server's own word. */
export interface Uses {
  /** OIDs of tables, views and sequences, also those behind views. */
  readonly relations: ReadonlySet<number>;
  /** `table.number` of columns. */
  readonly columns: ReadonlySet<string>;
  /** OIDs of functions, types and operators. */
  readonly functions: ReadonlySet<number>;
  readonly types: ReadonlySet<number>;
  readonly operators: ReadonlySet<number>;
  readonly writes: readonly Write[];
}

const nothing: Uses = {
  relations: new Set(),
  columns: new Set(),
  functions: new Set(),
  types: new Set(),
  operators: new Set(),
  writes: [],
};

/**
 * What each statement stands on. A function whose body is the statement (BEGIN ATOMIC, PostgreSQL 14) is made and taken back: the
 * server writes down what such a body depends on, down to columns, as it resolves names itself.
 */
export async function usesOf(
  parser: Parser,
  session: Session,
  all: readonly Prepared[],
): Promise<ReadonlyMap<Prepared, Uses>> {
  const kinds = await kindsOf(session);
  const actor = new Actor(session);
  const uses = new Map<Prepared, Uses>();
  const unsaid = new Set<Prepared>();
  const behind = await behindViews(session);
  try {
    for (const group of groups(all)) {
      const [first] = group;
      if (first === undefined) continue;
      await actor.become({ ...first.statement, role: null });
      await inOrder(
        session,
        group.map((prepared) => async () => {
          const types = prepared.before.parameters.map((oid) => kinds.get(oid)?.name ?? 'text');
          const depends = await dependsOn(session, prepared.sent.text, types);
          uses.set(prepared, depends ?? nothing);
          if (depends === null) unsaid.add(prepared);
        }),
      );
      for (const prepared of group) {
        const writes = await writesOf(parser, session, prepared.sent.text);
        const base = unsaid.has(prepared)
          ? await namedIn(parser, session, prepared.sent.text)
          : (uses.get(prepared) ?? nothing);
        uses.set(prepared, withViews({ ...base, writes }, behind));
      }
    }
  } finally {
    await actor.leave();
  }
  return uses;
}

interface Depends {
  readonly catalog: string;
  readonly id: number;
  readonly part: number;
}

const dependencies = `SELECT d.refclassid::regclass::text AS catalog, d.refobjid::int8::int AS id, d.refobjsubid AS part FROM pg_depend d
  WHERE d.classid = 'pg_proc'::regclass AND d.objid = 'pg_temp.teal_uses'::regproc`;

async function dependsOn(session: Session, text: string, types: readonly string[]): Promise<Uses | null> {
  let rows: readonly Depends[] | null = null;
  const unlessRefused = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (refusalOf(error) === null) throw error;
    }
  };
  await inOrder<unknown>(session, [
    () => session.query('BEGIN'),
    () =>
      unlessRefused(async () => {
        await session.query(
          `CREATE FUNCTION pg_temp.teal_uses(${types.join(', ')}) RETURNS void LANGUAGE sql BEGIN ATOMIC ${text}; END`,
        );
      }),
    () =>
      unlessRefused(async () => {
        rows = await session.query<Depends>(dependencies);
      }),
    () => session.query('ROLLBACK'),
  ]);
  return rows === null ? null : usesFrom(rows);
}

function usesFrom(rows: readonly Depends[]): Uses {
  const of = (catalog: string): ReadonlySet<number> =>
    new Set(rows.filter((row) => row.catalog === catalog).map(({ id }) => id));
  return {
    ...nothing,
    relations: of('pg_class'),
    columns: new Set(
      rows
        .filter(({ catalog, part }) => catalog === 'pg_class' && part > 0)
        .map(({ id, part }) => `${id}.${part}`),
    ),
    functions: of('pg_proc'),
    types: of('pg_type'),
    operators: of('pg_operator'),
  };
}

/** Where the server cannot say it (CALL, types that no function takes): the tables that are named. */
async function namedIn(parser: Parser, session: Session, text: string): Promise<Uses> {
  const parsed = parser.parse(text);
  if ('message' in parsed) return nothing;
  const relations = new Set<number>();
  const names = new Set<string>();
  for (const { node } of parsed)
    visit(node, (key, value) => {
      if (key === 'RangeVar' || key === 'relation') names.add(qualified(value));
    });
  for (const name of names) {
    const id = await relationId(session, name);
    if (id !== null) relations.add(id);
  }
  return { ...nothing, relations };
}

/** What every view reads, with what the views behind it read. */
async function behindViews(session: Session): Promise<ReadonlyMap<number, Uses>> {
  const rows = await session.query<Depends & { view: number }>(
    `SELECT r.ev_class::int8::int AS view, d.refclassid::regclass::text AS catalog, d.refobjid::int8::int AS id, d.refobjsubid AS part
       FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refobjid <> r.ev_class
      WHERE r.oid >= 16384`,
  );
  const direct = new Map<number, Uses>();
  for (const view of new Set(rows.map((row) => row.view)))
    direct.set(view, usesFrom(rows.filter((row) => row.view === view)));
  return direct;
}

function withViews(uses: Uses, behind: ReadonlyMap<number, Uses>): Uses {
  let now = uses;
  const open = [...uses.relations];
  const seen = new Set<number>(open);
  for (let relation = open.pop(); relation !== undefined; relation = open.pop()) {
    const view = behind.get(relation);
    if (view === undefined) continue;
    for (const each of view.relations)
      if (!seen.has(each)) {
        seen.add(each);
        open.push(each);
      }
    now = {
      ...now,
      relations: joined(now.relations, view.relations),
      columns: joined(now.columns, view.columns),
      functions: joined(now.functions, view.functions),
      types: joined(now.types, view.types),
      operators: joined(now.operators, view.operators),
    };
  }
  return now;
}

const joined = <T>(one: ReadonlySet<T>, other: ReadonlySet<T>): ReadonlySet<T> => new Set([...one, ...other]);

/** What it writes, also in WITH. */
async function writesOf(parser: Parser, session: Session, text: string): Promise<readonly Write[]> {
  const parsed = parser.parse(text);
  if ('message' in parsed) return [];
  const found: NamedWrite[] = [];
  for (const { node } of parsed)
    visit(node, (key, value) => {
      if (key === 'InsertStmt') {
        found.push({ verb: 'insert', name: qualified(value['relation']), columns: insertedColumns(value) });
        const conflict = value['onConflictClause'];
        if (isRecord(conflict) && conflict['action'] === 'ONCONFLICT_UPDATE')
          found.push({ verb: 'update', name: qualified(value['relation']), columns: targets(conflict) });
      }
      if (key === 'UpdateStmt')
        found.push({ verb: 'update', name: qualified(value['relation']), columns: targets(value) });
      if (key === 'DeleteStmt')
        found.push({ verb: 'delete', name: qualified(value['relation']), columns: [] });
      if (key === 'MergeStmt') found.push(...merged(value));
    });
  const writes: Write[] = [];
  for (const { verb, name, columns } of found) {
    const table = await relationId(session, name);
    if (table !== null) writes.push({ verb, table, columns });
  }
  return writes;
}

type Tree = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

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

interface NamedWrite {
  readonly verb: Write['verb'];
  readonly name: string;
  readonly columns: readonly string[] | null;
}

function merged(merge: Tree): readonly NamedWrite[] {
  const clauses: readonly unknown[] = Array.isArray(merge['mergeWhenClauses'])
    ? merge['mergeWhenClauses']
    : [];
  return clauses.flatMap((each): readonly NamedWrite[] => {
    const clause = isRecord(each) ? each['MergeWhenClause'] : null;
    if (!isRecord(clause)) return [];
    const name = qualified(merge['relation']);
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

async function relationId(session: Session, name: string): Promise<number | null> {
  if (name === '') return null;
  const [row] = await session.query<{ id: number | null }>('SELECT to_regclass($1)::oid::int8::int AS id', [
    name,
  ]);
  return row?.id ?? null;
}

function visit(node: unknown, see: (key: string, value: Tree) => void): void {
  if (Array.isArray(node)) for (const each of node) visit(each, see);
  if (!isRecord(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (isRecord(value)) see(key, value);
    visit(value, see);
  }
}
