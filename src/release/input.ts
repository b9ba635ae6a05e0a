import type { App } from '../config/config.ts';
import type { ErrorJson } from '../errors.ts';
import type { PhaseFinding } from './events.ts';
import type { Build, Colour, Drain, Size } from './state.ts';
import type { Past, Verdict } from './verdict.ts';

/** What a person or CI asks for. */
export type Command =
  | {
      readonly type: 'deploy';
      readonly build: Build;
      readonly promote: 'auto' | 'manual' | null;
      /** While another release runs: refuse (when left out), deploy after it, or abort it first. */
      readonly onConflict?: 'refuse' | 'queue' | 'supersede';
      /** The group whose release this is a part of. */
      readonly group?: string;
    }
  | { readonly type: 'promote'; readonly full: boolean }
  /** Of the step with this index: what somebody has looked at, and no other. */
  | {
      readonly type: 'approve';
      readonly step: number;
      /** What the judge says just now; what the release knows of it may be some ticks old. */
      readonly verdict?: Verdict;
    }
  | { readonly type: 'reject'; readonly step: number; readonly reason: string }
  | { readonly type: 'freeze'; readonly reason: string | null }
  | { readonly type: 'unfreeze' }
  /** The next key, by `following`; its secret is there. */
  | { readonly type: 'add-key'; readonly key: string }
  /** Every router knows the next key. */
  | { readonly type: 'rotate-keys' }
  | { readonly type: 'abort'; readonly reason: string | null }
  | { readonly type: 'retry' }
  | { readonly type: 'rollback'; readonly reason: string | null }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'apply'; readonly config: App }
  | { readonly type: 'scale'; readonly role: string | null; readonly instances: number }
  | { readonly type: 'restart' }
  | { readonly type: 'maintenance'; readonly message: string | null }
  | { readonly type: 'remove' }
  /** Takes expand back, when no version that needs it runs any more. */
  | { readonly type: 'undo' }
  /** Takes away what only old versions need, when none of them runs any more. */
  | { readonly type: 'contract' };

/**
 * What was found out by doing. Facts are about a colour or a step, so that one that comes late (its release has moved
 * on meanwhile) changes nothing.
 */
export type Fact =
  /** Every instance of the environment runs and is healthy at this size. */
  | {
      readonly type: 'environment-ready';
      readonly colour: Colour;
      readonly version: string;
      readonly size: Size;
      /** What its people will be compared with; absent where nobody will be. */
      readonly past?: Past;
    }
  /** It cannot be brought up, or what was up keeps crashing. */
  | {
      readonly type: 'environment-failed';
      readonly colour: Colour;
      readonly version: string;
      readonly error: ErrorJson;
    }
  /** It is drained and stopped: nothing of it is left. */
  | { readonly type: 'environment-stopped'; readonly colour: Colour; readonly drain: Drain }
  | {
      readonly type: 'test-passed';
      readonly release: string;
      readonly cursor: number;
      readonly output: string;
    }
  | {
      readonly type: 'test-failed';
      readonly release: string;
      readonly cursor: number;
      readonly error: ErrorJson;
    }
  /** Every router has the table in which `live` has everyone. */
  | {
      readonly type: 'table-acknowledged';
      readonly release: string;
      readonly live: Colour;
      readonly generation: number;
    }
  /** Every router has the table in which the people of this step are sent to the candidate. */
  | {
      readonly type: 'exposure-acknowledged';
      readonly release: string;
      readonly cursor: number;
      readonly generation: number;
    }
  | { readonly type: 'warmed'; readonly release: string; readonly cursor: number; readonly output: string }
  /** What the judge says after a tick; said again at the next one, and after a restart. */
  | {
      readonly type: 'verdict';
      readonly release: string;
      /** The step that was under way. */
      readonly cursor: number;
      readonly verdict: Verdict;
    }
  | { readonly type: 'drained'; readonly release: string; readonly colour: Colour; readonly drain: Drain }
  | PhaseFinding
  /** Nothing but time has passed. */
  | { readonly type: 'tick' };
