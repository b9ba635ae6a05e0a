import type { Phase } from '../../config/database.ts';
import type { Parser } from '../sql/parser.ts';
import type { Blocker } from './blockers.ts';
import { usualPatience, type Patience } from './patience.ts';
import type { Migration } from './step.ts';

/** What is told while a phase runs. */
export type RunEvent =
  | { readonly type: 'phase-started'; readonly round: number; readonly steps: number; readonly done: number }
  | {
      readonly type: 'step-started';
      readonly step: number;
      readonly kind: string;
      readonly what: string;
      readonly resumed: boolean;
    }
  /** All but its end is done: what remains is to commit it, or to record it. */
  | { readonly type: 'step-ran'; readonly step: number }
  | { readonly type: 'step-done'; readonly step: number; readonly ms: number }
  | {
      readonly type: 'waiting';
      /** 0: what is asked of the tables before the steps, and after them. */
      readonly step: number;
      readonly tries: number;
      readonly blockers: readonly Blocker[];
    }
  | {
      readonly type: 'progress';
      readonly step: number;
      readonly seen: number;
      readonly total: number;
      readonly changed: number;
      readonly etaMs: number | null;
    }
  | { readonly type: 'paused'; readonly step: number; readonly why: string }
  | { readonly type: 'reconnecting'; readonly why: string }
  | { readonly type: 'notice'; readonly text: string }
  | { readonly type: 'output'; readonly line: string }
  | { readonly type: 'phase-done'; readonly steps: number };

export interface RunOptions {
  /** Of a session that is its own: a pool that gives each transaction another one cannot hold the lock. */
  readonly url: string;
  readonly migration: Migration;
  readonly phase: Phase;
  readonly parser: Parser;
  /** Ends it after the step, or batch, that can be taken back; what is done is recorded. */
  readonly signal: AbortSignal;
  readonly tell: (event: RunEvent) => void;
  /** Asked each time that it has the turn, before anything is recorded; what it throws ends the phase. */
  readonly first?: () => Promise<void>;
  /** Where commands run. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly patience?: Patience;
  /** Milliseconds that a batch of a backfill should take: a row's writer waits that long at most. Default 100. */
  readonly batchMs?: number;
  /** Why a backfill has to pause now; null: it may go on. Asked at most once a second. */
  readonly throttle?: (signal: AbortSignal) => Promise<string | null>;
  /** Seconds that a replica may be behind. Default 10. */
  readonly lagSeconds?: number;
  /** Milliseconds in which a server that went away has to be back. Default two minutes: a restart, or a failover. */
  readonly reconnectMs?: number;
  /** Milliseconds between questions whether the server still answers; it is gone when it has not four times. Default 15 s. */
  readonly askMs?: number;
  /** Milliseconds to wait for somebody else who runs a migration. Default 10 s: what a session needs to notice that its client is dead. */
  readonly turnMs?: number;
  /** Go on in spite of what the pre-flight finds. */
  readonly force?: boolean;
  /** Go on in spite of a schema that somebody has changed. */
  readonly acceptDrift?: boolean;
}

export const patienceOf = (options: RunOptions): Patience => options.patience ?? usualPatience;
