import type { Change } from '../sql/change.ts';
import { constraintNamed, type Known } from '../sql/known.ts';
import type { ServerVersion } from '../sql/version.ts';
import { locksOf, type Lock } from './locks.ts';
import type { Phase } from '../../config/database.ts';

/** `error`: breaks the live version or blocks it · `warning`: may, depending on rows or statements · `note`: good to know. */
export type Level = 'error' | 'warning' | 'note';

/** What a rule has to say of a change. */
export interface Found {
  readonly level: Level;
  readonly what: string;
  /** The safe form to write instead. */
  readonly instead: string;
}

export interface Rule {
  readonly id: string;
  /** What it is about, for people who meet its name. */
  readonly title: string;
  readonly find: (change: Change, around: Around) => Found | null;
}

/** What surrounds a change. */
export interface Around {
  readonly phase: Phase | null;
  readonly version: ServerVersion;
  /** The schema before the change, as far as statements have told. */
  readonly known: Known;
  /** What the file itself, and what files of the same release, have made: `table users`, `column users.name`. */
  readonly madeHere: ReadonlySet<string>;
  readonly madeInRelease: ReadonlySet<string>;
  /** The changes of the file before this one and after it. */
  readonly before: readonly Change[];
  readonly after: readonly Change[];
  /** The changes before this one in its transaction; null: it has one of its own. */
  readonly transaction: readonly { readonly change: Change; readonly locks: readonly Lock[] }[] | null;
}

/** The key of something made; see `Around.madeHere`. */
export function madeKey(change: Change): string | null {
  switch (change.kind) {
    case 'create-table':
      return `table ${change.table}`;
    case 'add-column':
      return `column ${change.table}.${change.column.name}`;
    case 'add-constraint':
      return `constraint ${change.table}.${change.constraint.name ?? ''}`;
    case 'create-index':
      return `index ${change.index ?? ''}`;
    case 'create-view':
      return `view ${change.view}`;
    case 'create-function':
      return `function ${change.name}`;
    case 'create-trigger':
      return `trigger ${change.table}.${change.name}`;
    case 'create-enum':
    case 'create-domain':
      return `type ${change.type}`;
    case 'create':
      return `${change.thing} ${change.name}`;
    default:
      return null;
  }
}

/** Whether this release has made it, so that the old version does not know it. */
export function isOurs({ madeHere, madeInRelease }: Around, key: string): boolean {
  return madeHere.has(key) || madeInRelease.has(key);
}

/** Whether nobody uses a table yet: its locks are in nobody's way. */
export function isUnused({ phase, madeHere, madeInRelease }: Around, table: string): boolean {
  const key = `table ${table}`;
  return madeHere.has(key) || ((phase === 'expand' || phase === 'backfill') && madeInRelease.has(key));
}

/** Whether the old version may still be running when this runs. Traffic may go back to it until contract. */
export function oldMayRun({ phase }: Around): boolean {
  return phase !== 'contract';
}

/**
 * Whether a constraint of the table that nothing tells more of is validated in front of a change: who does that in front of SET NOT
 * NULL has made it for that.
 */
export function isToldProven(table: string, { before, known }: Around): boolean {
  return before.some(
    (each) =>
      each.kind === 'validate-constraint' &&
      each.table === table &&
      constraintNamed(known, table, each.name) === null,
  );
}

/** The locks that somebody may wait for. */
export function locksInTheWay(change: Change, around: Around): readonly Lock[] {
  return locksOf(change, around.known).filter(({ on }) => !isUnused(around, on));
}
