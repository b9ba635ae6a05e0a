import type { TealError } from '../errors.ts';
import type { Event } from './events.ts';

/** What follows from an input: events to store, or a refusal. `note` says why nothing happened where nothing had to. */
export type Decision =
  | { readonly events: readonly Event[]; readonly note?: string; readonly refused?: never }
  | { readonly refused: TealError; readonly events?: never };

/** Who asks, and when. */
export interface Asked {
  readonly now: number;
  readonly actor: string;
}
