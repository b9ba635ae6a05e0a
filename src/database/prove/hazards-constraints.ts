import type { Catalog, CatalogConstraint, Column } from './catalog.ts';
import { gives, sayColumn, writesColumn, type Change, type Hazard } from './hazard.ts';
import { lostReferences, referredFromNew, refersAlready, refusedDeletes } from './hazards-references.ts';
import type { Observation } from './measure.ts';
import { sameIn } from './same-constraint.ts';
import { violationsIn, violationsOf } from './violations.ts';

/** What constraints that are new, or gone, do to statements. */
export function constraintHazards(change: Change): readonly Hazard[] {
  return [...addedConstraints(change), ...lostReferences(change)];
}

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
    check: violationsOf(change, constraint),
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

function domainHazard(change: Change, constraint: CatalogConstraint): Hazard {
  const columns = [...change.before.columns.values()].filter(({ type }) => type === constraint.domain);
  const rows = columns.map((column) => violationsIn(change, column, constraint));
  return {
    verdict: 'risk',
    what: `a domain has the new constraint ${constraint.name}: ${constraint.definition}`,
    check: rows.length === 0 ? null : rows.join(' UNION ALL '),
    touches: (known) =>
      known.uses.types.has(constraint.domain) || columns.some((column) => writesColumn(column)(known)),
  };
}
