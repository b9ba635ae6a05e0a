import type { ReleaseCohort } from '../audience/cohort.ts';
import type { Exposure } from '../audience/table.ts';
import type { App } from '../config/config.ts';
import type { Phase } from '../config/database.ts';
import type { ErrorJson } from '../errors.ts';
import type { Build, Colour, Difference, Drain, GroupPart, ProofSummary, Queued, Step } from './state.ts';
import type { Past, Verdict } from './verdict.ts';

/** What happened to an app: the only thing that is stored. Past tense, and never changed once written. */
export type Event =
  | { readonly type: 'applied'; readonly config: App }
  | { readonly type: 'remove-started' }
  | { readonly type: 'removed' }
  | { readonly type: 'scaled'; readonly role: string; readonly instances: number }
  | { readonly type: 'restarted' }
  | { readonly type: 'maintenance-set'; readonly message: string | null }
  | { readonly type: 'frozen'; readonly reason: string | null }
  | { readonly type: 'unfrozen' }
  /** A key that verifies, and will sign when every router knows it. */
  | { readonly type: 'key-added'; readonly key: string }
  /** It signs from now on. */
  | { readonly type: 'keys-rotated'; readonly key: string }
  /** It is deployed when the running release has ended; null: what was queued is not wanted any more. */
  | { readonly type: 'queued'; readonly deploy: Queued | null }
  /** Somebody has set the machine's clock by so many milliseconds: what is waited for is at other times by it. */
  | { readonly type: 'clock-jumped'; readonly ms: number }
  | MigrationEvent
  | ReleaseEvent;

/** What happened to the database; all but the beginning, which belongs to a release. Of this round of this migration. */
export type MigrationEvent =
  | PhaseFinding
  | (OfMigration & { readonly type: 'contract-started' })
  | (OfMigration & { readonly type: 'undo-started' });

interface OfMigration {
  readonly migration: string;
  readonly round: number;
}

/** What was found out by working at a phase: stored as it was told. */
export type PhaseFinding = OfMigration &
  (
    | {
        readonly type: 'migration-proved';
        readonly before: 'expand' | 'contract';
        readonly proof: ProofSummary;
      }
    | {
        readonly type: 'phase-passed';
        readonly phase: Phase;
        /** How many it has, and how many of them ran now: others had before. */
        readonly steps: number;
        readonly ran: number;
        readonly ms: number;
      }
    | {
        readonly type: 'phase-failed';
        readonly phase: Phase;
        readonly error: ErrorJson;
        /** No step of it has run, now or before: it is as if it had not begun. Else what is done is recorded in the database, and it stays there. */
        readonly nothing?: true;
      }
  );

/** What happened to the running release: the columns of the transition table. */
export type ReleaseEvent =
  | {
      readonly type: 'release-started';
      readonly release: string;
      readonly kind: 'deploy' | 'rollback';
      readonly build: Build;
      readonly from: string | null;
      readonly colour: Colour;
      readonly steps: readonly Step[];
      readonly deadlineAt: number;
      readonly cohort?: ReleaseCohort;
      readonly group?: GroupPart;
      /** Who asked for it, when it was queued by somebody else than who makes it start. */
      readonly actor?: string;
    }
  /** The idle environment is empty, and the candidate's place. */
  | { readonly type: 'cleared' }
  /** It is empty, and before the candidate comes the database gets what that needs. `olds`: versions that know nothing of it. */
  | { readonly type: 'migration-started'; readonly round: number; readonly olds: readonly string[] }
  /** Expanded, filled and verified; the idle environment is the candidate's place. */
  | { readonly type: 'migrated' }
  /** It waits for the other apps of its group. */
  | { readonly type: 'ready'; readonly past?: Past }
  | {
      readonly type: 'candidate-ready';
      readonly differences: readonly Difference[];
      /** Absent where nothing is compared. */
      readonly past?: Past;
    }
  | {
      readonly type: 'step-passed';
      readonly cursor: number;
      readonly name: string;
      readonly output: string | null;
      readonly skipped: boolean;
      /** Somebody has signed it off. */
      readonly approved?: true;
      /** What the judge said of the people who were on the candidate. */
      readonly verdict?: Verdict;
    }
  | {
      readonly type: 'step-failed';
      readonly cursor: number;
      readonly name: string;
      readonly error: ErrorJson;
    }
  /** The candidate can carry these people; from now on tables send them to it. */
  | { readonly type: 'expose-started'; readonly cursor: number; readonly exposed: readonly Exposure[] }
  /** Every router has acknowledged the table in which they are sent to it. */
  | { readonly type: 'exposed'; readonly cursor: number; readonly generation: number }
  /** The candidate can carry them; from now on tables copy live's requests to it. */
  | { readonly type: 'mirror-started'; readonly cursor: number }
  /** Every router has acknowledged the table in which they are copied. */
  | { readonly type: 'mirrored'; readonly cursor: number; readonly generation: number }
  /** The judge says something else than before. */
  | { readonly type: 'judged'; readonly cursor: number; readonly verdict: Verdict }
  /** `verdict`: that the judge held it, and a person let it pass. */
  | { readonly type: 'steps-passed'; readonly verdict?: Verdict }
  | { readonly type: 'paused' }
  | { readonly type: 'resumed' }
  | { readonly type: 'switch-started'; readonly differences: readonly Difference[] }
  /** Every router has acknowledged the table in which `live` has everyone. */
  | { readonly type: 'switched'; readonly live: Colour; readonly generation: number }
  | { readonly type: 'drained'; readonly colour: Colour; readonly drain: Drain }
  | { readonly type: 'window-closed' }
  /** There was nothing live before: no old environment to keep. */
  | { readonly type: 'settled' }
  /** Of a group that gave up or went back: no candidate has people any more, so that each may stop. */
  | { readonly type: 'let-go' }
  /** The environment is drained, stopped and empty. */
  | { readonly type: 'retired'; readonly colour: Colour; readonly drain: Drain }
  | {
      readonly type: 'abort-started';
      readonly why: string;
      readonly error: ErrorJson | null;
      /** What it rests on, when the judge said so. */
      readonly verdict?: Verdict;
    }
  | {
      readonly type: 'rollback-started';
      readonly why: string;
      readonly error: ErrorJson | null;
      readonly verdict?: Verdict;
    }
  /** Another release needs the idle environment now: this one ends where it stands. */
  | { readonly type: 'superseded'; readonly by: string };

/** Every type there is, for what comes from outside: an event of another one was written by a newer Teal. */
const types: Readonly<Record<Event['type'], true>> = {
  applied: true,
  'clock-jumped': true,
  'remove-started': true,
  removed: true,
  scaled: true,
  restarted: true,
  'maintenance-set': true,
  frozen: true,
  unfrozen: true,
  'key-added': true,
  'keys-rotated': true,
  queued: true,
  'release-started': true,
  cleared: true,
  'migration-started': true,
  'migration-proved': true,
  'phase-passed': true,
  'phase-failed': true,
  migrated: true,
  'contract-started': true,
  'undo-started': true,
  ready: true,
  'candidate-ready': true,
  'step-passed': true,
  'step-failed': true,
  'expose-started': true,
  exposed: true,
  'mirror-started': true,
  mirrored: true,
  judged: true,
  'steps-passed': true,
  paused: true,
  resumed: true,
  'switch-started': true,
  switched: true,
  drained: true,
  'window-closed': true,
  settled: true,
  'let-go': true,
  retired: true,
  'abort-started': true,
  'rollback-started': true,
  superseded: true,
};

export const isKnownType = (type: string): type is Event['type'] => Object.hasOwn(types, type);
