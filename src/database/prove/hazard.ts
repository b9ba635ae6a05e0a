import type { Catalog, Column } from './catalog.ts';
import type { Observation } from './measure.ts';
import type { Prepared } from './prepare.ts';
import type { Uses, Write } from './uses.ts';

/** A statement with all that is known of it. */
export interface Known {
  readonly prepared: Prepared;
  readonly uses: Uses;
  /** What became of it in the changed schema. */
  readonly now: Observation;
}

/** Something that has changed in a catalog, and whom it concerns. */
export interface Hazard {
  readonly verdict: 'broken' | 'risk' | 'client-visible';
  readonly what: string;
  /** Counts the rows that are in the way; null: rows say nothing. */
  readonly check: string | null;
  /** Only rows that newer versions write have it: a version that reads them has never met it. */
  readonly unheard?: true;
  readonly touches: (known: Known) => boolean;
}

/** Two catalogs, and what is asked of both. */
export interface Change {
  readonly before: Catalog;
  readonly after: Catalog;
}

/** Columns that are there before and after, with both sides. */
export function keptColumns({ before, after }: Change): readonly (readonly [Column, Column])[] {
  return [...before.columns].flatMap(([key, was]) => {
    const now = after.columns.get(key);
    return now === undefined ? [] : [[was, now] as const];
  });
}

/** A column as people name it. */
export function sayColumn(catalog: Catalog, { table, name }: Column): string {
  return `${catalog.relations.get(table)?.name ?? '?'}.${name}`;
}

export const readsColumn =
  ({ table, number }: Column) =>
  ({ uses, prepared }: Known): boolean =>
    uses.columns.has(`${table}.${number}`) ||
    (prepared.before.columns ?? []).some((output) => output.table === table && output.column === number);

/** Whether a write gives a column a value. An INSERT without a list gives all. */
export function gives({ columns }: Write, column: string): boolean {
  return columns === null || columns.includes(column);
}

export const writesColumn =
  ({ table, name }: Column) =>
  ({ uses }: Known): boolean =>
    uses.writes.some((write) => write.table === table && write.verb !== 'delete' && gives(write, name));

export const insertsWithout =
  ({ table, name }: Column) =>
  ({ uses }: Known): boolean =>
    uses.writes.some((write) => write.table === table && write.verb === 'insert' && !gives(write, name));

/** Whether it was run in the changed schema, and the server took it. */
export const triedWell = ({ now }: Known): boolean => now.trial !== null && 'ok' in now.trial.answer;
