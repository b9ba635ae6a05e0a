import type { Session } from './session.ts';

/** What has to be known of a type to make a value of it. */
interface Kind {
  readonly name: string;
  /** The base type of a domain, else itself. */
  readonly base: string;
  /** b base, d domain, e enum, c composite, r range, m multirange, p pseudo. */
  readonly type: string;
  readonly element: number;
  readonly labels: readonly string[];
}

export type Kinds = ReadonlyMap<number, Kind>;

/** The types of a database, by OID. */
export async function kindsOf(session: Session): Promise<Kinds> {
  const rows = await session.query<{
    oid: number;
    name: string;
    base: string;
    type: string;
    element: number;
    labels: string[] | null;
  }>(
    `SELECT t.oid::int8::int AS oid, format_type(t.oid, NULL) AS name, coalesce(b.typname, t.typname)::text AS base,
        coalesce(b.typtype, t.typtype)::text AS type,
        CASE WHEN coalesce(b.typcategory, t.typcategory) = 'A' THEN coalesce(b.typelem, t.typelem)::int8::int ELSE 0 END AS element,
        (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = coalesce(b.oid, t.oid)) AS labels
       FROM pg_type t LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype`,
  );
  return new Map(rows.map(({ oid, labels, ...kind }) => [oid, { ...kind, labels: labels ?? [] }]));
}

/** What values are made for: the `turn`-th try, and a number that tells rows apart. */
export interface Wish {
  /** Rows of the seed have 1 and 2; nothing has the larger ones. */
  readonly number: number;
  /** Sequences there are, for parameters that name one. */
  readonly relation: string;
}

const integers: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric']);
const fixed: Readonly<Record<string, (number: number) => string>> = {
  bool: (number) => (number % 2 === 1 ? 'true' : 'false'),
  date: (number) => `2020-01-${day(number)}`,
  timestamp: (number) => `2020-01-${day(number)} 00:00:00`,
  timestamptz: (number) => `2020-01-${day(number)} 00:00:00+00`,
  time: () => '00:00:00',
  timetz: () => '00:00:00+00',
  interval: (number) => `${number} day`,
  json: (number) => `{"a":${number}}`,
  jsonb: (number) => `{"a":${number}}`,
  jsonpath: () => '$.a',
  uuid: (number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
  bytea: (number) => `\\x${String(number).padStart(2, '0').slice(-2)}`,
  inet: (number) => `10.0.0.${number % 250}`,
  cidr: (number) => `10.0.${number % 250}.0/24`,
  macaddr: () => '08:00:2b:01:02:03',
  point: () => '(1,1)',
  box: () => '(1,1),(0,0)',
  money: (number) => String(number),
  bit: () => '1',
  varbit: () => '1',
  xml: () => '<a/>',
  tsquery: () => 'a',
  tsvector: () => 'a',
  hstore: () => 'a=>1',
  regtype: () => 'int4',
  regproc: () => 'now',
  name: () => 'a',
};

const day = (number: number): string => String(1 + (number % 27)).padStart(2, '0');

/** A value of a type as text, the same for the same wish; null: none is known. */
export function valueOf(kinds: Kinds, oid: number, wish: Wish): string | null {
  const kind = kinds.get(oid);
  if (kind === undefined) return null;
  if (kind.type === 'e') return kind.labels[(wish.number - 1) % Math.max(1, kind.labels.length)] ?? null;
  if (kind.element !== 0) return arrayOf(valueOf(kinds, kind.element, wish));
  if (kind.type === 'r') return 'empty';
  if (kind.type === 'm') return '{}';
  if (kind.type === 'c') return null;
  if (kind.base === 'regclass') return wish.relation;
  if (integers.has(kind.base)) return String(wish.number);
  // One letter fits into every varchar(n), and rows of the seed are told apart by it.
  return fixed[kind.base]?.(wish.number) ?? String.fromCodePoint(97 + ((wish.number - 1) % 26));
}

function arrayOf(element: string | null): string {
  return element === null ? '{}' : `{"${element.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"}`;
}
