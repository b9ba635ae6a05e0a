import type { Truth } from '../proof/matrix.ts';
import type { Statement } from '../../../src/database/prove/corpus.ts';
import type { Verdict } from '../../../src/database/prove/finding.ts';

/** What a migration does to the statements of the version before it, by somebody who has read both. */
export interface Judged {
  readonly truth: Truth;
  readonly why: string;
  /** What the proof says where that is another thing, and why it does: known, and counted as missed or as flagged without need. */
  readonly but?: { readonly says: Verdict | null; readonly since: string };
}

/** One migration as it was published. */
export interface Stage {
  readonly name: string;
  readonly sql: string;
  /** null: only run, as what others stand on. */
  readonly judged: Judged | null;
  /** What the version before it sends; null: made from the catalog, for the tables that the migration names. */
  readonly statements: readonly Statement[] | null;
}

/** Migrations that stand on each other, from an empty database on. */
export type History = readonly Stage[];

export interface Published {
  readonly name: string;
  readonly version: string;
  readonly registry: string;
  readonly licence: string;
  /** Whose statements they are tried with. */
  readonly statements: string;
  readonly histories: readonly History[];
}

/** Judgements: `breaks('why')`. */
export const breaks = (why: string, but?: Judged['but']): Judged => judge('breaks', why, but);
export const depends = (why: string, but?: Judged['but']): Judged => judge('depends', why, but);
export const visible = (why: string, but?: Judged['but']): Judged => judge('visible', why, but);
export const safe = (why: string, but?: Judged['but']): Judged => judge('safe', why, but);

function judge(truth: Truth, why: string, but: Judged['but']): Judged {
  return but === undefined ? { truth, why } : { truth, why, but };
}
