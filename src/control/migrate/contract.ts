import type { Phase } from '../../config/database.ts';

/** What a phase of an app's migration is doing now; kept in memory only. */
export interface MigrationProgress {
  readonly phase: Phase;
  /** From 1; 0: none has begun, and what is proven or waited for comes before the first. */
  readonly step: number;
  /** How many the phase has; 0 while that is not known. */
  readonly of: number;
  /** The step in a few words. */
  readonly what: string;
  /** `waiting` for a lock, a session or a server · `paused`, a backfill that would be in the way. */
  readonly state: 'running' | 'waiting' | 'paused';
  /** What it waits for, or pauses for, in one sentence; null while it runs. */
  readonly why: string | null;
  /** Rows of a backfill that have been looked at, and how many there are; null in other steps. */
  readonly seen: number | null;
  readonly total: number | null;
  /** Milliseconds that the rest of this step takes; null: not known. */
  readonly etaMs: number | null;
  /** When this was learned, in epoch ms. */
  readonly at: number;
}

/** What is known of the migrations that are under way. */
export interface Migrations {
  /** Null: nothing of this app's migration is being worked at. */
  progress(app: string): MigrationProgress | null;
}
