import type { Session } from './session.ts';

/** Everything of a schema that statements can feel, by the server's own numbers: what is renamed keeps its number. */
export interface Catalog {
  readonly relations: ReadonlyMap<number, Relation>;
  readonly columns: ReadonlyMap<string, Column>;
  readonly constraints: ReadonlyMap<number, CatalogConstraint>;
  readonly enums: ReadonlyMap<number, EnumType>;
  readonly functions: ReadonlyMap<number, DbFunction>;
  readonly triggers: ReadonlyMap<number, Trigger>;
  readonly policies: ReadonlyMap<number, Policy>;
  readonly views: ReadonlyMap<number, ViewRule>;
}

export interface Relation {
  readonly id: number;
  readonly name: string;
  /** r table, p partitioned, v view, m materialized view, S sequence, f foreign. */
  readonly kind: string;
  readonly rowSecurity: boolean;
  readonly parent: number | null;
  readonly hasDefaultPartition: boolean;
  readonly rights: readonly string[];
}

export interface Column {
  readonly table: number;
  readonly number: number;
  readonly name: string;
  readonly type: number;
  /** The name without sizes, and with them. */
  readonly typeName: string;
  readonly typeText: string;
  readonly notNull: boolean;
  readonly default: string | null;
  /** Whether the default differs only by what it was called: sequences count as one. */
  readonly generated: string;
  readonly identity: string;
}

export interface CatalogConstraint {
  readonly id: number;
  readonly name: string;
  /** c check, f foreign key, p primary key, u unique, x exclusion; i: a unique index that is no constraint. */
  readonly type: string;
  /** 0: of a domain. */
  readonly table: number;
  readonly columns: readonly string[];
  readonly definition: string;
  readonly references: number;
  /** What happens to rows that refer to one that goes: a nothing, c cascade, n set null, d set default, r restrict. */
  readonly onDelete: string;
  readonly domain: number;
}

interface EnumType {
  readonly id: number;
  readonly name: string;
  readonly labels: readonly string[];
}

interface DbFunction {
  readonly id: number;
  readonly name: string;
  readonly body: string;
}

interface Trigger {
  readonly id: number;
  readonly name: string;
  readonly table: number;
  readonly before: boolean;
  /** insert, update, delete, truncate. */
  readonly events: readonly string[];
  readonly function: number;
  readonly body: string;
  readonly enabled: boolean;
}

interface Policy {
  readonly id: number;
  readonly table: number;
  readonly definition: string;
}

interface ViewRule {
  readonly view: number;
  /** Changes when somebody defines it anew, and not when a column behind it gets another name. */
  readonly version: string;
}

const own = `n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`;
const called = `CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END`;

const relationsSql = `SELECT c.oid::int8::int AS id, ${called} || c.relname AS name, c.relkind::text AS kind, c.relrowsecurity AS "rowSecurity",
    (SELECT inhparent::int8::int FROM pg_inherits WHERE inhrelid = c.oid LIMIT 1) AS parent,
    EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = c.oid AND p.partdefid <> 0) AS "hasDefaultPartition",
    coalesce((SELECT array_agg(r.grantee::int8 || ' ' || r.privilege_type ORDER BY 1) FROM aclexplode(c.relacl) r), '{}') AS rights
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND ${own}`;

const columnsSql = `SELECT a.attrelid::int8::int AS "table", a.attnum AS number, a.attname::text AS name, a.atttypid::int8::int AS type,
    t.typname::text AS "typeName", format_type(a.atttypid, a.atttypmod) AS "typeText", a.attnotnull AS "notNull",
    pg_get_expr(d.adbin, d.adrelid) AS "default", a.attgenerated::text AS generated, a.attidentity::text AS identity
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND ${own}`;

const constraintsSql = `SELECT o.oid::int8::int AS id, o.conname::text AS name, o.contype::text AS type, o.conrelid::int8::int AS "table",
    coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = o.conrelid AND a.attnum = ANY (o.conkey)), '{}') AS columns,
    regexp_replace(pg_get_constraintdef(o.oid), ' NOT VALID$', '') AS definition, o.confrelid::int8::int AS "references", o.confdeltype::text AS "onDelete", o.contypid::int8::int AS domain
  FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace
  WHERE o.contype IN ('c', 'f', 'p', 'u', 'x') AND o.conparentid = 0 AND ${own}
  UNION ALL
  SELECT i.indexrelid::int8::int, c.relname::text, 'i', i.indrelid::int8::int,
    coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)), '{}'),
    pg_get_indexdef(i.indexrelid), 0, '', 0
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x')) AND ${own}`;

const enumsSql = `SELECT t.oid::int8::int AS id, format_type(t.oid, NULL) AS name,
    (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) AS labels
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND ${own}`;

const functionsSql = `SELECT p.oid::int8::int AS id, p.oid::regprocedure::text AS name,
    coalesce(p.prosrc, '') || coalesce(p.prosqlbody::text, '') || p.provolatile::text || p.proisstrict || p.prosecdef AS body
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${own}`;

const triggersSql = `SELECT g.oid::int8::int AS id, g.tgname::text AS name, g.tgrelid::int8::int AS "table", (g.tgtype & 2) <> 0 AS before,
    array_remove(ARRAY[CASE WHEN g.tgtype & 4 <> 0 THEN 'insert' END, CASE WHEN g.tgtype & 16 <> 0 THEN 'update' END,
      CASE WHEN g.tgtype & 8 <> 0 THEN 'delete' END, CASE WHEN g.tgtype & 32 <> 0 THEN 'truncate' END], NULL) AS events,
    g.tgfoid::int8::int AS function, p.prosrc AS body, g.tgenabled <> 'D' AS enabled
  FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND ${own}`;

const policiesSql = `SELECT p.oid::int8::int AS id, p.polrelid::int8::int AS "table",
    concat_ws(' ', p.polname, p.polcmd, p.polpermissive, p.polroles, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS definition
  FROM pg_policy p`;

const viewsSql = `SELECT r.ev_class::int8::int AS view, r.xmin::text AS version FROM pg_rewrite r WHERE r.rulename = '_RETURN' AND r.oid >= 16384`;

/** Reads a catalog: eight questions, nothing of rows. */
export async function readCatalog(session: Session): Promise<Catalog> {
  const byId = async <ROW extends { readonly id: number }>(sql: string): Promise<ReadonlyMap<number, ROW>> =>
    new Map((await session.query<ROW>(sql)).map((row) => [row.id, row]));
  const columns = await session.query<Column>(columnsSql);
  const views = await session.query<ViewRule>(viewsSql);
  return {
    relations: await byId<Relation>(relationsSql),
    columns: new Map(columns.map((column) => [`${column.table}.${column.number}`, column])),
    constraints: await byId<CatalogConstraint>(constraintsSql),
    enums: await byId<EnumType>(enumsSql),
    functions: await byId<DbFunction>(functionsSql),
    triggers: await byId<Trigger>(triggersSql),
    policies: await byId<Policy>(policiesSql),
    views: new Map(views.map((row) => [row.view, row])),
  };
}
