import { quoted } from '../new/names.ts';
import type { Catalog, CatalogConstraint, Column } from './catalog.ts';
import {
  gives,
  keptColumns,
  readsColumn,
  sayColumn,
  writesColumn,
  type Change,
  type Hazard,
  type Known,
} from './hazard.ts';
import type { Observation } from './measure.ts';

/** What constraints that are new, or gone, do to statements. */
export function constraintHazards(change: Change): readonly Hazard[] {
  return [...addedConstraints(change), ...lostForeignKeys(change)];
}

/** The same by another name or number is nothing new. */
const sameIn = (all: Iterable<CatalogConstraint>, wanted: CatalogConstraint): boolean =>
  [...all].some(
    (each) =>
      each.table === wanted.table &&
      each.domain === wanted.domain &&
      kindOf(each) === kindOf(wanted) &&
      (isKey(each)
        ? each.columns.join() === wanted.columns.join() && isPlain(each) && isPlain(wanted)
        : each.definition === wanted.definition),
  );

const isKey = ({ type }: CatalogConstraint): boolean => type === 'u' || type === 'p' || type === 'i';

/** Over columns and all rows: not over expressions, nor some rows. */
const isPlain = ({ type, definition, columns }: CatalogConstraint): boolean =>
  type !== 'i' || (!/ WHERE /.test(definition) && columns.length > 0);

const kindOf = (constraint: CatalogConstraint): string => (isKey(constraint) ? 'u' : constraint.type);

function addedConstraints(change: Change): readonly Hazard[] {
  return [...change.after.constraints.values()].flatMap((constraint): readonly Hazard[] => {
    const before = change.before.constraints;
    if (before.has(constraint.id) || sameIn(before.values(), constraint)) return [];
    if (constraint.domain !== 0) return [domainHazard(change, constraint)];
    if (!change.before.relations.has(constraint.table)) return referredFromNew(change, constraint);
    const known = new Set(
      [...change.before.columns.values()]
        .filter(({ table }) => table === constraint.table)
        .map(({ name }) => name),
    );
    // What is only about columns that the statement does not know, it cannot violate but by leaving them out.
    if (constraint.columns.length > 0 && constraint.columns.every((name) => !known.has(name))) return [];
    if (saysNotNullAgain(change, constraint)) return [];
    return hazardsOf(change, constraint);
  });
}

/** As the server writes a CHECK of one column that does nothing else. */
const saysNotNull = /^CHECK \(\((?:"[^"]+"|[^\s"]+) IS NOT NULL\)\)$/;

/** A NOT NULL that a CHECK says already: whoever writes NULL is refused as before. */
export function isNotNullByCheck({ constraints }: Catalog, { table, name }: Column): boolean {
  return [...constraints.values()].some(
    (each) =>
      each.type === 'c' &&
      each.table === table &&
      each.columns.join() === name &&
      saysNotNull.test(each.definition),
  );
}

/** A CHECK that a NOT NULL says already. */
function saysNotNullAgain(
  { before }: Change,
  { type, table, columns, definition }: CatalogConstraint,
): boolean {
  const [only] = columns;
  if (type !== 'c' || columns.length !== 1 || !saysNotNull.test(definition)) return false;
  return [...before.columns.values()].some(
    (column) => column.table === table && column.name === only && column.notNull,
  );
}

function hazardsOf(change: Change, constraint: CatalogConstraint): readonly Hazard[] {
  const table = change.after.relations.get(constraint.table)?.name ?? '';
  const hazard: Hazard = {
    verdict: 'risk',
    what: `${table} has the new constraint ${constraint.name}: ${constraint.definition}`,
    check: checkOf(change, constraint),
    touches: ({ uses }) =>
      uses.writes.some(
        (write) =>
          write.table === constraint.table &&
          write.verb !== 'delete' &&
          (write.verb === 'insert' ||
            constraint.columns.length === 0 ||
            constraint.columns.some((name) => gives(write, name))),
      ),
  };
  if (constraint.type === 'c') return [hazard, ...leftOut(change, constraint)];
  if (constraint.type !== 'f') return [hazard];
  const deletes = refusedDeletes(change, constraint);
  return refersAlready(change, constraint) ? [deletes] : [hazard, deletes];
}

/** A default that says nothing else tomorrow: none, or a constant. */
const constant = /^(?:-?\d+(?:\.\d+)?|'(?:[^']|'')*'|true|false|NULL)(?:::[\w ."[\]()]+)?$/;

/** An INSERT that leaves out all that a CHECK asks about: once refused, it always is, unless a trigger may say otherwise. */
function leftOut({ after }: Change, { name, table, columns }: CatalogConstraint): readonly Hazard[] {
  const asked = [...after.columns.values()].filter(
    (column) => column.table === table && columns.includes(column.name),
  );
  const fixed = asked.every(
    (column) =>
      column.identity === '' &&
      column.generated === '' &&
      (column.default === null || constant.test(column.default)),
  );
  const filled = [...after.triggers.values()].some((trigger) => trigger.table === table && trigger.before);
  if (asked.length === 0 || !fixed || filled) return [];
  const list = asked.map((column) => sayColumn(after, column)).join(', ');
  return [
    {
      verdict: 'broken',
      what: `${name} refuses rows without ${list}`,
      check: null,
      touches: ({ uses, now }) =>
        isRefusedBy(now, name) &&
        uses.writes.some(
          (write) =>
            write.table === table &&
            write.verb === 'insert' &&
            columns.every((column) => !gives(write, column)),
        ),
    },
  ];
}

/** SQLSTATE 23514 is a CHECK, which the message names. */
function isRefusedBy({ trial }: Observation, constraint: string): boolean {
  if (trial === null || 'ok' in trial.answer) return false;
  const { code, message } = trial.answer.refused;
  return code === '23514' && message.includes(`"${constraint}"`);
}

/** The same reference, but for what becomes of rows when the other one goes. */
function refersAlready({ before }: Change, { table, definition }: CatalogConstraint): boolean {
  const refers = (text: string): string =>
    text.replace(/ (?:ON (?:UPDATE|DELETE)|(?:NOT )?DEFERRABLE) .*$/, '');
  return [...before.constraints.values()].some(
    (each) => each.type === 'f' && each.table === table && refers(each.definition) === refers(definition),
  );
}

/** Nothing refers to a row from there until the new version writes it; from then on the old one cannot delete it. */
function referredFromNew(change: Change, constraint: CatalogConstraint): readonly Hazard[] {
  const isOld = change.before.relations.has(constraint.references);
  if (constraint.type !== 'f' || !isOld || !'ar'.includes(constraint.onDelete)) return [];
  const from = change.after.relations.get(constraint.table)?.name ?? '';
  return [
    {
      verdict: 'client-visible',
      what: `${constraint.name}: a row that the new ${from} refers to cannot be deleted`,
      check: null,
      touches: deletesFrom(constraint.references),
    },
  ];
}

const deletesFrom =
  (wanted: number) =>
  ({ uses }: Known): boolean =>
    uses.writes.some(({ verb, table }) => verb === 'delete' && table === wanted);

/** Rows that others refer to: deleting them is refused, or takes those along. */
function refusedDeletes(change: Change, constraint: CatalogConstraint): Hazard {
  const from = change.after.relations.get(constraint.table)?.name ?? '';
  const refuses = constraint.onDelete === 'a' || constraint.onDelete === 'r';
  return {
    verdict: refuses ? 'risk' : 'client-visible',
    what: `${constraint.name}: deleting a row that ${from} refers to ${refuses ? 'is refused' : 'changes rows there'}`,
    check: null,
    touches: deletesFrom(constraint.references),
  };
}

function checkOf({ after }: Change, constraint: CatalogConstraint): string | null {
  const table = sqlName(after.relations.get(constraint.table)?.name ?? '');
  const columns = constraint.columns.map(quoted);
  if (isKey(constraint) && columns.length > 0) {
    const list = columns.join(', ');
    const there = columns.map((column) => `${column} IS NOT NULL`).join(' AND ');
    return `SELECT count(*) FROM (SELECT FROM ${table} WHERE ${there} GROUP BY ${list} HAVING count(*) > 1) AS twice`;
  }
  if (constraint.type === 'c') {
    const expression = /^CHECK \(([^]*)\)(?: NO INHERIT)?$/.exec(constraint.definition)?.[1];
    return expression === undefined ? null : `SELECT count(*) FROM ${table} WHERE NOT (${expression})`;
  }
  const [, own, other, theirs] =
    /^FOREIGN KEY \(([^)]*)\) REFERENCES ([^(]+)\(([^)]*)\)/.exec(constraint.definition) ?? [];
  if (own === undefined || other === undefined || theirs === undefined) return null;
  const [mine, keys] = [own.split(', '), theirs.split(', ')];
  const match = keys.map((key, at) => `r.${key} = t.${mine[at] ?? key}`).join(' AND ');
  const given = mine.map((column) => `t.${column} IS NOT NULL`).join(' AND ');
  return `SELECT count(*) FROM ${table} t WHERE ${given} AND NOT EXISTS (SELECT FROM ${other} r WHERE ${match})`;
}

const sqlName = (name: string): string => name.split('.').map(quoted).join('.');

function domainHazard(change: Change, constraint: CatalogConstraint): Hazard {
  const columns = [...change.before.columns.values()].filter(({ type }) => type === constraint.domain);
  const rows = columns.map((column) => {
    const table = sqlName(change.before.relations.get(column.table)?.name ?? '');
    const expression = /^CHECK \(([^]*)\)$/.exec(constraint.definition)?.[1] ?? 'true';
    return `SELECT count(*) FROM ${table} WHERE NOT (${expression.replaceAll(/\bVALUE\b/g, quoted(column.name))})`;
  });
  return {
    verdict: 'risk',
    what: `a domain has the new constraint ${constraint.name}: ${constraint.definition}`,
    check: rows.length === 0 ? null : rows.join(' UNION ALL '),
    touches: (known) =>
      known.uses.types.has(constraint.domain) || columns.some((column) => writesColumn(column)(known)),
  };
}

/** Without it rows that refer to one that goes stay behind. */
function lostForeignKeys({ before, after }: Change): readonly Hazard[] {
  return [...before.constraints.values()].flatMap((constraint): readonly Hazard[] => {
    const cascades = constraint.type === 'f' && 'cnd'.includes(constraint.onDelete);
    if (!cascades || after.constraints.has(constraint.id)) return [];
    if (sameIn(after.constraints.values(), constraint)) return [];
    return [
      {
        verdict: 'client-visible',
        what: `${constraint.name} is gone, which took rows of ${before.relations.get(constraint.table)?.name ?? '?'} along with those they refer to`,
        check: null,
        touches: deletesFrom(constraint.references),
      },
    ];
  });
}

/** Columns that are now computed, or always generated, for whoever reads what they had. */
export function computedHazards(change: Change): readonly Hazard[] {
  return keptColumns(change).flatMap(([was, now]): readonly Hazard[] =>
    was.generated === now.generated
      ? []
      : [
          {
            verdict: 'client-visible',
            what: `${change.after.relations.get(now.table)?.name ?? '?'}.${now.name} is ${now.generated === '' ? 'no longer computed' : 'computed now'}`,
            check: null,
            touches: readsColumn(was),
          },
        ],
  );
}
