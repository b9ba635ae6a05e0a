import type { Node, Parser } from '../sql/parser.ts';
import { Actor, groups } from './actor.ts';
import { tablesIn, writesIn, type NamedWrite } from './named.ts';
import type { Prepared } from './prepare.ts';
import { refusalIn, refusalOf } from './refusal.ts';
import { inOrder, type Session } from './session.ts';
import { kindsOf } from './values.ts';

/** What a statement does to one table. */
export interface Write extends Omit<NamedWrite, 'name'> {
  readonly table: number;
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
        const parsed = parser.parse(prepared.sent.text);
        const nodes = 'message' in parsed ? [] : parsed.map(({ node }) => node);
        const writes = await writesOf(session, nodes);
        const base = unsaid.has(prepared) ? await named(session, nodes) : (uses.get(prepared) ?? nothing);
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
  await inOrder<unknown>(session, [
    () => session.query('BEGIN'),
    () =>
      refusalIn(
        session,
        `CREATE FUNCTION pg_temp.teal_uses(${types.join(', ')}) RETURNS void LANGUAGE sql BEGIN ATOMIC ${text}; END`,
      ),
    async () => {
      try {
        rows = await session.query<Depends>(dependencies);
      } catch (error) {
        if (refusalOf(error) === null) throw error;
      }
    },
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
async function named(session: Session, nodes: readonly Node[]): Promise<Uses> {
  const relations = new Set<number>();
  for (const name of tablesIn(nodes)) {
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

async function writesOf(session: Session, nodes: readonly Node[]): Promise<readonly Write[]> {
  const writes: Write[] = [];
  for (const { verb, name, columns } of writesIn(nodes)) {
    const table = await relationId(session, name);
    if (table !== null) writes.push({ verb, table, columns });
  }
  return writes;
}

/** @param name as `to_regclass` takes it */
async function relationId(session: Session, name: string): Promise<number | null> {
  if (name === '') return null;
  const [row] = await session.query<{ id: number | null }>('SELECT to_regclass($1)::oid::int8::int AS id', [
    name,
  ]);
  return row?.id ?? null;
}
