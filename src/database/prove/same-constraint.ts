import type { CatalogConstraint } from './catalog.ts';

/** The same by another name or number is nothing new. */
export const sameIn = (all: Iterable<CatalogConstraint>, wanted: CatalogConstraint): boolean =>
  [...all].some(
    (each) =>
      each.table === wanted.table &&
      each.domain === wanted.domain &&
      kindOf(each) === kindOf(wanted) &&
      (isKey(each)
        ? each.columns.join() === wanted.columns.join() && isPlain(each) && isPlain(wanted)
        : each.definition === wanted.definition),
  );

/** Unique by whatever means: a constraint, a primary key, an index. */
export const isKey = ({ type }: CatalogConstraint): boolean => type === 'u' || type === 'p' || type === 'i';

/** Over columns and all rows: not over expressions, nor some rows. */
const isPlain = ({ type, definition, columns }: CatalogConstraint): boolean =>
  type !== 'i' || (!/ WHERE /.test(definition) && columns.length > 0);

const kindOf = (constraint: CatalogConstraint): string => (isKey(constraint) ? 'u' : constraint.type);
