import type { LockMode, Work } from '../lint/locks.ts';
import type { Phase } from '../../config/database.ts';

/** What a step does to a table that is there already. */
export interface Touch {
  /** As the server shows it, without the schema `public`. */
  readonly table: string;
  readonly mode: LockMode;
  readonly work: Work;
}

interface Of {
  /** What people and the record call it: the beginning of its text. */
  readonly what: string;
  /** Of what it does, without comments and spaces. */
  readonly checksum: string;
  /** SET statements in front of it, which are in force for it. */
  readonly settings: readonly string[];
  readonly touches: readonly Touch[];
}

/** One transaction: of statements, and of the record that they have run. */
export type TransactionStep = Of & {
  readonly kind: 'transaction';
  readonly statements: readonly string[];
  /** They wait for no lock that others have to wait behind, however long they wait themselves. */
  readonly patient: boolean;
};

/** A statement that refuses a transaction: recorded before and after. */
export type ConcurrentStep = Of & {
  readonly kind: 'concurrent';
  readonly statement: string;
  readonly settle: Settle;
};

/** What an interrupted one may have left, and how that is put right before it runs again. */
export type Settle =
  | { readonly how: 'create-index'; readonly index: string }
  | { readonly how: 'drop-index'; readonly index: string }
  | { readonly how: 'reindex' }
  | { readonly how: 'detach'; readonly table: string; readonly partition: string }
  /** It may run twice. */
  | { readonly how: 'again' };

/** Rows of one table, a range of keys at a time. */
export type BatchStep = Of & {
  readonly kind: 'batch';
  /** The statement up to its condition, and from its condition on; null: it has none. */
  readonly head: string;
  readonly condition: string | null;
  readonly table: string;
  /** By which name the table's columns are meant in it. */
  readonly alias: string;
};

/** A query that finds what is left to do: nothing, or one number, which is 0. */
export type VerifyStep = Of & { readonly kind: 'verify'; readonly query: string };

/** A command of another migration tool. */
export type HookStep = Of & { readonly kind: 'hook'; readonly command: string };

/** Keeps rows aside whose values undo would lose. */
export type SaveStep = Of & { readonly kind: 'save'; readonly saves: Saved };

/** Brings back what an earlier undo has kept aside. */
export type RestoreStep = Of & { readonly kind: 'restore'; readonly saves: Saved };

/** What only the new version has written. */
export interface Saved {
  readonly table: string;
  /** null: the table itself is new, so all of it. */
  readonly columns: readonly string[] | null;
  /** They are made from other columns, by a trigger or the backfill: they come back only where nobody has written the row since. */
  readonly followed: boolean;
}

export type Step =
  | TransactionStep
  | ConcurrentStep
  | BatchStep
  | VerifyStep
  | HookStep
  | SaveStep
  | RestoreStep;

/** What a phase is made of: files with SQL, and commands, in the order in which they run. */
export type Source = { readonly sql: string; readonly file: string } | { readonly run: string };

/** A migration: the four phases of a release's change of the schema. */
export interface Migration {
  /** The name by which the database knows it: that of its folder. */
  readonly name: string;
  readonly phases: Readonly<Record<Phase, readonly Source[]>>;
}
