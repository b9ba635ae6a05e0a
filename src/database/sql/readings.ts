import type { Reading } from './change.ts';
import type { Node, RangeVar } from './parser.ts';
import { relationOf, textOf } from './words.ts';

/** What a query, or a part of one, can name columns of: by the name it has there. */
interface Source {
  readonly name: string;
  /** null: no table, such as a subquery, a function or a WITH. */
  readonly table: string | null;
}

interface Around {
  /** The innermost query first. */
  readonly scopes: readonly (readonly Source[])[];
  /** Names that WITH has given, which hide tables. */
  readonly hidden: ReadonlySet<string>;
}

/** The columns that a query names, with the tables that they can be of; what comes from elsewhere is left out. */
export function readingsOf(query: Node | undefined): readonly Reading[] {
  return query === undefined ? [] : within(query, { scopes: [], hidden: new Set() });
}

function within(value: unknown, around: Around): readonly Reading[] {
  if (value === null || typeof value !== 'object') return [];
  if ('SelectStmt' in value) return selected(value.SelectStmt as Record<string, unknown>, around);
  if ('ColumnRef' in value) {
    const reading = readingOf(
      (value.ColumnRef as { readonly fields?: readonly Node[] }).fields ?? [],
      around,
    );
    return reading === null ? [] : [reading];
  }
  return Object.values(value).flatMap((each) => within(each, around));
}

const sides: ReadonlySet<string> = new Set(['larg', 'rarg']);

function selected(select: Readonly<Record<string, unknown>>, { scopes, hidden }: Around): readonly Reading[] {
  const names = withNames(select['withClause']);
  const inside: Around = {
    scopes: [sourcesIn(select['fromClause'], new Set([...hidden, ...names])), ...scopes],
    hidden: new Set([...hidden, ...names]),
  };
  return Object.entries(select).flatMap(([key, value]) =>
    // The sides of a UNION see nothing of each other, and stand there without their kind.
    sides.has(key)
      ? selected(value as Record<string, unknown>, { scopes, hidden: inside.hidden })
      : within(value, inside),
  );
}

function withNames(clause: unknown): readonly string[] {
  if (clause === null || typeof clause !== 'object') return [];
  const { ctes = [] } = clause as { readonly ctes?: readonly Node[] };
  return ctes.flatMap((node) => ('CommonTableExpr' in node ? [node.CommonTableExpr.ctename ?? ''] : []));
}

/** What FROM and its joins bring, without what subqueries in there have for themselves. */
function sourcesIn(value: unknown, hidden: ReadonlySet<string>): readonly Source[] {
  if (value === null || typeof value !== 'object') return [];
  if ('RangeVar' in value) {
    const relation = value.RangeVar as RangeVar;
    const table = relationOf(relation);
    const name = relation.alias?.aliasname ?? relation.relname ?? '';
    return [{ name, table: hidden.has(table) ? null : table }];
  }
  for (const kind of ['RangeSubselect', 'RangeFunction', 'RangeTableFunc'])
    if (kind in value) {
      const { alias } = (value as Readonly<Record<string, { alias?: { aliasname?: string } }>>)[kind] ?? {};
      return [{ name: alias?.aliasname ?? '', table: null }];
    }
  if ('ColumnRef' in value || 'SubLink' in value) return [];
  return Object.values(value).flatMap((each) => sourcesIn(each, hidden));
}

function readingOf(fields: readonly Node[], { scopes }: Around): Reading | null {
  const last = fields.at(-1);
  const column = last !== undefined && 'A_Star' in last ? '*' : textOf(last);
  const of = fields.length > 1 ? textOf(fields.at(-2)) : null;
  const candidates =
    of === null
      ? scopes
      : scopes.map((scope) => scope.filter(({ name }) => name === of)).filter(({ length }) => length > 0);
  const innermost = of === null && column !== '*' ? candidates : candidates.slice(0, 1);
  const tables = innermost.map((scope) => scope.flatMap(({ table }) => table ?? []));
  return column === '' || tables.every(({ length }) => length === 0) ? null : { column, scopes: tables };
}
