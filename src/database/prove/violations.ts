import { quoted } from '../new/names.ts';
import type { CatalogConstraint, Column } from './catalog.ts';
import type { Change } from './hazard.ts';
import { isKey } from './same-constraint.ts';

/** A relation as SQL takes it, by the name that the catalog has for people: without quotes, with its schema where that is not public. */
export const sqlName = (name: string): string => name.split('.').map(quoted).join('.');

/** Counts the rows that a new constraint would refuse; null: its words do not say which. */
export function violationsOf({ after }: Change, constraint: CatalogConstraint): string | null {
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

/** The same for a constraint of a domain, in a column that is of it. */
export function violationsIn({ before }: Change, column: Column, { definition }: CatalogConstraint): string {
  const table = sqlName(before.relations.get(column.table)?.name ?? '');
  const expression = /^CHECK \(([^]*)\)$/.exec(definition)?.[1] ?? 'true';
  return `SELECT count(*) FROM ${table} WHERE NOT (${expression.replaceAll(/\bVALUE\b/g, quoted(column.name))})`;
}
