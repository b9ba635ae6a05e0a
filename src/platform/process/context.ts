import type { PlatformHooks } from '../platform.ts';
import type { LimitSupport } from './limits.ts';

/** What the parts of the driver share. */
export interface Context {
  /** Absolute; instances live in its `instances/`. */
  readonly data: string;
  readonly hooks: PlatformHooks;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomId: () => string;
  /** Teal's own environment. */
  readonly own: NodeJS.ProcessEnv;
  readonly support: LimitSupport;
  readonly log: Log;
  /** Aborts when the platform is closed: whatever waits for others gives up. */
  readonly closing: AbortSignal;
  /** Asked right before a process is started or told to end. @throws when this Teal may not act any more */
  readonly fence: () => void;
  /** An instance has ended: old folders of its place may go. */
  readonly ended: () => void;
}

/** The part of a pino logger that is used. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}
