import type { Json } from '../../config/features.ts';

/** A flag as it is now, with what has been seen of it. Times are milliseconds since the epoch. */
export interface FlagView {
  readonly app: string;
  readonly flag: string;
  readonly stage: 'draft' | 'open' | 'live-for-all' | 'to-remove' | 'rolled-back' | 'removed';
  /** The value that stays; left out while that is open. */
  readonly keep?: Json;
  /** When the stage began. */
  readonly since: number;
  /** The version that it goes with. */
  readonly version: string | null;
  /** The last release of that version. */
  readonly release: string | null;
  readonly owner: string | null;
  readonly description: string | null;
  readonly expires: number | null;
  readonly default: Json;
  /** Null: it is never on. */
  readonly on: Json | null;
  readonly for: readonly string[];
  /** Whom it is open to, in words. */
  readonly share: string;
  readonly evaluations: number;
  /** How often each value was given, by variant, and when the last time. */
  readonly variants: Readonly<Record<string, { readonly count: number; readonly last: number }>>;
  /** When code last asked for it by its name. */
  readonly asked: number | null;
  /** What should be done about it, for people; none where it is as it should be. */
  readonly advice: readonly string[];
}

/** A name that code asks for, and that is no flag. */
export interface UnknownFlag {
  readonly app: string;
  readonly flag: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}
