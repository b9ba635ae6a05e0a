import type { EnvironmentValue } from './environment-value.ts';

/** When a part of a migration runs: before the candidate starts (expand, then backfill), after the old version is gone (contract), or to take expand back. */
export const phases = ['expand', 'backfill', 'undo', 'contract'] as const;

export type Phase = (typeof phases)[number];

/** What releases do with the app's database, as teal.yaml says it. */
export interface DatabasePolicy {
  /** Whose role owns the tables; the server itself, no pool. Null: no PostgreSQL, so commands do all the work. */
  readonly url: EnvironmentValue | null;
  /** The folder, in each version, whose newest folder is the migration of that version. Null: commands do all the work. */
  readonly migrations: string | null;
  /** Commands of other tools, after the file of their phase; in the version's folder. */
  readonly run: Readonly<Partial<Record<Phase, string>>>;
  /** By which role each environment's statements and sessions are told apart; null: not at all. */
  readonly roles: { readonly blue: string; readonly green: string } | null;
  /** Whether Teal contracts by itself when the old version is gone for good, or `teal db contract` does. */
  readonly contract: 'auto' | 'manual';
  /** Whether Teal undoes by itself when a release was taken back, or `teal db undo` does. */
  readonly undo: 'auto' | 'manual';
  /** `unsafe`: the old version cannot read what the new one writes, so the judge holds a release where it would take it back. */
  readonly rollback: 'safe' | 'unsafe';
  readonly lockTimeoutMs: number;
  readonly lockDeadlineMs: number;
  readonly batchMs: number;
  /** A backfill pauses while the app's own answers are worse than this, in per cent and milliseconds; null: they are not looked at. */
  readonly pauseAt: { readonly errorPercent: number | null; readonly p99Ms: number | null };
  /** Null: nothing is proven. */
  readonly proof: ProofPolicy | null;
}

export interface ProofPolicy {
  readonly shadow: 'auto' | 'createdb' | 'pglite' | 'in-place' | EnvironmentValue;
  /** Files with statements, in the version's folder, beside those that the server has counted. */
  readonly corpus: readonly string[];
  /** Per cent of the calls that have to be proven. */
  readonly minCoverage: number;
  readonly failOn: 'broken' | 'risk' | 'client-visible';
}
