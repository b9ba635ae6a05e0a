import type { CatalogConstraint } from './catalog.ts';
import type { Change, Hazard, Known } from './hazard.ts';
import { sameIn } from './same-constraint.ts';

/** The same reference, but for what becomes of rows when the other one goes. */
export function refersAlready({ before }: Change, { table, definition }: CatalogConstraint): boolean {
  const refers = (text: string): string =>
    text.replace(/ (?:ON (?:UPDATE|DELETE)|(?:NOT )?DEFERRABLE) .*$/, '');
  return [...before.constraints.values()].some(
    (each) => each.type === 'f' && each.table === table && refers(each.definition) === refers(definition),
  );
}

/** Nothing refers to a row from there until the new version writes it; from then on the old one cannot delete it. */
export function referredFromNew(change: Change, constraint: CatalogConstraint): readonly Hazard[] {
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
export function refusedDeletes(change: Change, constraint: CatalogConstraint): Hazard {
  const from = change.after.relations.get(constraint.table)?.name ?? '';
  const refuses = constraint.onDelete === 'a' || constraint.onDelete === 'r';
  return {
    verdict: refuses ? 'risk' : 'client-visible',
    what: `${constraint.name}: deleting a row that ${from} refers to ${refuses ? 'is refused' : 'changes rows there'}`,
    check: null,
    touches: deletesFrom(constraint.references),
  };
}

/** Without it rows that refer to one that goes stay behind. */
export function lostReferences({ before, after }: Change): readonly Hazard[] {
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
